"""What an address asks of a report: rows, months, comparison, basis and language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboards.formats import TIMEZONE
from dashboards.margin.bases import BASES, Basis
from dashboards.reports.words import LANGUAGES, Words
from dashboards.scope import (
    Scope,
    ScopeFault,
    choice_from,
    month_param,
    page_from,
    query_text,
    scope_from,
    text_from,
)

PREVIOUS, YEAR = "previous", "year"
COMPARISONS = (PREVIOUS, YEAR)
NOW, CLOSE = "now", "close"
AS_OF = (NOW, CLOSE)
TORONTO = ZoneInfo(TIMEZONE)
MONTHS_IN_YEAR = 12
MONTHS_MAX = 120


@dataclass(frozen=True, slots=True)
class Filters:
    """The choices of an address; None and empty mean the default."""

    scope: Scope = field(default_factory=Scope)
    metric: str | None = None
    plan: str | None = None
    compare: str = PREVIOUS
    basis: Basis = Basis.RATED
    words: Words = field(default_factory=Words)
    sort: str = ""
    opened: str | None = None
    page: int = 1
    as_of: str = NOW

    @property
    def known_at(self) -> datetime | None:
        """Return the time as of which figures are asked for; None for those of now or as closed."""
        return moment_of(self.as_of)

    def query(self, **changes: str | int | None) -> str:
        """Return these filters as a query string, with some parameters changed or (None) left."""
        scope, one_month = self.scope, self.scope.first_month == self.scope.last_month
        pairs: dict[str, str | int | None] = {
            "service": scope.service,
            "account": scope.account,
            "metric": self.metric,
            "plan": self.plan,
            "month": month_param(scope.first_month) if one_month else None,
            "from": None if one_month else month_param(scope.first_month),
            "to": None if one_month else month_param(scope.last_month),
            "compare": None if self.compare == PREVIOUS else self.compare,
            "basis": None if self.basis is Basis.RATED else str(self.basis),
            "as_of": None if self.as_of == NOW else self.as_of,
            "sort": self.sort or None,
            "open": self.opened,
            "lang": None if self.words.language == "en" else self.words.language,
            **changes,
        }
        given = {name: value for name, value in pairs.items() if value not in (None, "")}
        return query_text(given)


@dataclass(frozen=True, slots=True)
class Window:
    """The months a report is of and those it is compared with; either may be empty."""

    months: tuple[date, ...]
    compared: tuple[date, ...]


def filters_from(params: Mapping[str, str]) -> Filters:
    """Read the filters of an address; ScopeFault says what can't be read."""
    scope = scope_from(params)
    if scope.first_month and scope.last_month and scope.first_month > scope.last_month:
        raise ScopeFault("from is after to: choose the earlier month first")
    return Filters(
        scope=scope,
        metric=text_from(params, "metric"),
        plan=text_from(params, "plan"),
        compare=choice_from(params, "compare", COMPARISONS),
        basis=Basis(choice_from(params, "basis", BASES)),
        words=Words(choice_from(params, "lang", tuple(LANGUAGES))),
        sort=text_from(params, "sort") or "",
        opened=text_from(params, "open"),
        page=page_from(params),
        as_of=as_of_from(params),
    )


def as_of_from(params: Mapping[str, str]) -> str:
    """Return the as_of of an address: now, close, a day or a time; ScopeFault says what it is."""
    text = text_from(params, "as_of") or NOW
    if text not in AS_OF and _moment(text) is None:
        raise ScopeFault(
            "as_of is now, close, a day like 2026-11-15 (its end in Toronto), or a time like "
            "2026-11-15T18:00:00Z"
        )
    return text


def moment_of(as_of: str) -> datetime | None:
    """Return the time that an as_of names; None for now and close."""
    return None if as_of in AS_OF else _moment(as_of)


def _moment(text: str) -> datetime | None:
    """Return a time with its offset, or the end of a day in Toronto; None of other text."""
    try:
        if len(text) == len("2026-11-15"):
            after = date.fromisoformat(text) + timedelta(days=1)
            return datetime(after.year, after.month, after.day, tzinfo=TORONTO).astimezone(UTC)
        # A query turns an offset's + into a space.
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except (ValueError, OverflowError):
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)


def window_of(filters: Filters, closed: date | None) -> Window:
    """Return the months asked for, by default the last closed one, and those compared with."""
    scope = filters.scope
    last = scope.last_month or (max(closed, scope.first_month or closed) if closed else None)
    last = last or scope.first_month
    if last is None:
        return Window((), ())
    first = scope.first_month or last
    count = min(place_of(last) - place_of(first) + 1, MONTHS_MAX)
    back = MONTHS_IN_YEAR if filters.compare == YEAR else count
    months = [month_at(place_of(last) - count + 1 + step) for step in range(count)]
    compared = [month_at(place_of(month) - back) for month in months]
    return Window(tuple(months), tuple(compared))


def place_of(month: date) -> int:
    """Return a month's place among all months."""
    return month.year * MONTHS_IN_YEAR + month.month - 1


def month_at(place: int) -> date:
    """Return the month at a place, by its first day."""
    return date(max(place // MONTHS_IN_YEAR, 1), place % MONTHS_IN_YEAR + 1, 1)


def range_words(months: Sequence[date], words: Words) -> str:
    """Return months in words: November 2026, or Jun 2026 to Nov 2026."""
    if not months:
        return words.say("no month yet")
    if len(months) == 1:
        return words.long_month(months[0])
    return words.say(
        "{first} to {last}", first=words.month(months[0]), last=words.month(months[-1])
    )


def of_months(filters: Filters, months: Sequence[date]) -> Filters:
    """Return the filters narrowed to some months in a row."""
    scope = replace(
        filters.scope,
        first_month=months[0] if months else None,
        last_month=months[-1] if months else None,
    )
    return replace(filters, scope=scope)
