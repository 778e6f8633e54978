"""Every month's parts at hand: computed once, and again only when a source of the month changed.

The answer is always what the sources say now; the mart and the memory only save the work.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import polars as pl

from dashboards.margin import CURRENCY, MEASURES, MONTHLY_KEYS, daily_parts, monthly_parts
from dashboards.mart.attributed import attributed
from dashboards.mart.sources import MonthSources, Rules, rules_of, sources_by_month, zones
from dashboards.mart.stored import stored_digests, stored_parts
from storage.lake import Lake
from storage.lake_tables import COST, MARGIN_DAILY, RATED_LINE
from storage.state import State

Answer = TypeVar("Answer")
ANSWERS_MAX = 1024
STATES_MAX = 4
SERVICE_MONTH = ("month", "service")
ACCOUNT_MONTH = ("month", "service", "account_id")
NO_PARTS = pl.DataFrame(
    schema={name: MARGIN_DAILY.polars_schema[name] for name in (*MONTHLY_KEYS, *MEASURES)}
)
FOREIGN = {"month": pl.Date(), "service": pl.String(), "account_id": pl.String(),
           "currency": pl.String(), "lines_count": pl.UInt32()}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MonthParts:
    """One month's parts, what they leave out, and how fresh their sources are.

    `costs_known_at` is when the last of the month's cost rows became known; None for always.
    """

    digest: str
    parts: pl.DataFrame
    foreign: pl.DataFrame
    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None
    costs_known_at: datetime | None


@dataclass(frozen=True)
class Cube:
    """All months' parts, and their sums by service and by account; `digest` names this state."""

    digest: str
    parts: pl.DataFrame
    by_service: pl.DataFrame
    by_account: pl.DataFrame
    foreign: pl.DataFrame
    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None
    _answers: "_Memory" = field(default_factory=lambda: _Memory(ANSWERS_MAX), compare=False)
    _states: "_Memory" = field(default_factory=lambda: _Memory(STATES_MAX), compare=False)

    def remembered(
        self,
        question: object,
        answer: Callable[[], Answer],
        *,
        is_small: Callable[[Answer], bool] = lambda _: True,
    ) -> Answer:
        """Return an answer that depends on this state alone, computed the first time it is asked.

        The last 1,024 questions whose answers are small enough are remembered.
        """
        return self._answers.remembered(question, answer, is_small)

    def other_state(self, name: object, cube: Callable[[], "Cube"]) -> "Cube":
        """Return another state of the same figures, computed the first time it is asked for.

        Each is as large as this one, and readers choose them: the last four are remembered.
        """
        return self._states.remembered(name, cube, lambda _: True)

    def with_parts(
        self, name: str, parts: pl.DataFrame, *, foreign: pl.DataFrame | None = None
    ) -> "Cube":
        """Return another state of the figures, `name`d: other parts from the same sources.

        `foreign` counts the lines in other currencies where they are others, too.
        """
        return Cube(
            digest=_digest([self.digest, name]),
            parts=parts,
            by_service=_sums(parts, SERVICE_MONTH),
            by_account=_sums(parts, ACCOUNT_MONTH),
            foreign=self.foreign if foreign is None else foreign,
            rated_at=self.rated_at,
            watermark=self.watermark,
            costs_to=self.costs_to,
        )

    def rows(self, keys: set[str], months: Sequence[date] | None = None) -> pl.DataFrame:
        """Return the rows of the coarsest frame that has these columns, of some months or all.

        Each month's rows lie apart, so that a question about one month reads that month alone.
        """
        for frames in self._frames:
            whole = frames[None]
            if keys <= set(whole.columns):
                if months is None:
                    return whole
                found = [frames[month] for month in months if month in frames]
                return pl.concat(found) if found else whole.clear()
        raise ValueError(f"parts have no {keys - set(self.parts.columns)}")

    @cached_property
    def _frames(self) -> tuple[dict[date | None, pl.DataFrame], ...]:
        return tuple(_by_month(each) for each in (self.by_service, self.by_account, self.parts))

    @cached_property
    def months(self) -> tuple[date, ...]:
        """Return the months that have revenue or cost, in order."""
        return tuple(self.by_service["month"].unique().sort())

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Return the services that have revenue or cost."""
        return tuple(self.by_service["service"].drop_nulls().unique().sort())

    def closed_month(self, at: datetime) -> date | None:
        """Return the last month before `at` that has rated lines, else the last that has any."""
        lines = self.by_service.filter(pl.col("lines_count") > 0)["month"]
        whole = lines.filter(lines < at.date().replace(day=1))
        for found in (whole, lines, self.by_service["month"]):
            if len(found):
                last: date = found.sort()[-1]
                return last
        return None


@dataclass
class _Memory:
    """The answers to the questions asked last, at most so many."""

    most: int
    known: OrderedDict[object, Any] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def remembered(
        self, question: object, answer: Callable[[], Answer], is_small: Callable[[Answer], bool]
    ) -> Answer:
        with self.lock:
            if question in self.known:
                self.known.move_to_end(question)
                known: Answer = self.known[question]
                return known
        found = answer()
        if not is_small(found):
            return found
        with self.lock:
            self.known[question] = found
            while len(self.known) > self.most:
                self.known.popitem(last=False)
        return found


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    months: dict[date, MonthParts] = field(default_factory=dict)
    cube: Cube | None = None


_KEPT: WeakKeyDictionary[Lake, _Kept] = WeakKeyDictionary()
_KEPT_LOCK = threading.Lock()


def read_cube(lake: Lake, state: State) -> Cube:
    """Return the parts of all months as the lake and the rules of attribution are now."""
    with _KEPT_LOCK:
        kept = _KEPT.setdefault(lake, _Kept())
    with kept.lock:
        sources = sources_by_month(lake, rules_of(state))
        digest = _digest([f"{month} {each.digest}" for month, each in sorted(sources.items())])
        if kept.cube is None or kept.cube.digest != digest:
            kept.months = _months(lake, state, sources, kept.months)
            kept.cube = _cube(digest, kept.months)
        return kept.cube


def cube_known_at(lake: Lake, state: State, at: datetime) -> Cube:
    """Return the parts of all months as they were known at a time.

    Lines rated later, and costs, rules, prices and rates taken in later, are left out; usage that
    divides a cost is as it is now. A month of which nothing became known later is as it is now.
    """
    cube = read_cube(lake, state)

    def known() -> Cube:
        rules, now = rules_of(state), _kept_months(lake)
        sources = sources_by_month(lake, rules)
        same = _unchanged_since(at, rules, now) if rules.were_known(at) else set()
        months = {
            month: now[month]
            if month in same and now[month].digest == each.digest
            else _month(lake, state, month, each, is_stored=False, known_at=at)
            for month, each in sorted(sources.items())
        }
        return _cube(_digest([cube.digest, at.isoformat()]), months)

    return cube.other_state(("known at", at), known)


def _kept_months(lake: Lake) -> dict[date, MonthParts]:
    with _KEPT_LOCK:
        kept = _KEPT.setdefault(lake, _Kept())
    with kept.lock:
        return dict(kept.months)


def _unchanged_since(at: datetime, rules: Rules, months: Mapping[date, MonthParts]) -> set[date]:
    """Return the months of whose lines and costs all were known at a time.

    Estimates ask whether costs of earlier months cover a day: there these must be known, too.
    """
    costs_known = {
        month
        for month, each in months.items()
        if each.costs_known_at is None or each.costs_known_at <= at
    }
    if rules.reads_usage:
        changed = min(months.keys() - costs_known, default=date.max)
        costs_known = {month for month in costs_known if month < changed}
    return {
        month
        for month in costs_known
        if (rated_at := months[month].rated_at) is None or rated_at <= at
    }


def month_daily(
    lake: Lake,
    state: State,
    month: date,
    sources: MonthSources,
    known_at: datetime | None = None,
) -> pl.LazyFrame:
    """Return one month's parts by day, computed from rated lines and attributed costs."""
    rated = _rated(lake, month, sources, known_at)
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    costs = attributed(lake, state, first=month, last=last, as_of=known_at)
    return daily_parts(rated, costs, zones(state))


def _rated(
    lake: Lake, month: date, sources: MonthSources, known_at: datetime | None
) -> pl.LazyFrame:
    rated = lake.scan_files(RATED_LINE, sources.rated).filter(pl.col("month") == month)
    return rated if known_at is None else rated.filter(pl.col("rated_at") <= known_at)


def _months(
    lake: Lake,
    state: State,
    sources: Mapping[date, MonthSources],
    known: Mapping[date, MonthParts],
) -> dict[date, MonthParts]:
    stored = stored_digests(state)
    found = {}
    for month, each in sorted(sources.items()):
        old = known.get(month)
        is_known = old is not None and old.digest == each.digest
        found[month] = (
            old
            if old is not None and is_known
            else _month(lake, state, month, each, is_stored=stored.get(month) == each.digest)
        )
    return found


def _month(
    lake: Lake,
    state: State,
    month: date,
    sources: MonthSources,
    *,
    is_stored: bool,
    known_at: datetime | None = None,
) -> MonthParts:
    daily = (
        stored_parts(lake, month)
        if is_stored
        else month_daily(lake, state, month, sources, known_at)
    )
    rated = _rated(lake, month, sources, known_at)
    costs = lake.scan_files(COST, sources.costs).filter(pl.col("month") == month)
    if known_at is not None:
        costs = costs.filter(pl.col("recorded_at").fill_null(known_at) <= known_at)
    foreign = rated.filter(pl.col("currency") != CURRENCY)
    newest = rated.select("rated_at", "watermark").sort("rated_at").tail(1)
    found, lines, counted, reach = pl.collect_all(
        [
            monthly_parts(daily),
            newest,
            foreign.group_by(*ACCOUNT_MONTH, "currency").agg(lines_count=pl.len()),
            costs.select(pl.col("charge_period_end", "recorded_at").max()),
        ]
    )
    rated_at, watermark = lines.row(0) if lines.height else (None, None)
    return MonthParts(sources.digest, found, counted, rated_at, watermark, *reach.row(0))


def _cube(digest: str, months: Mapping[date, MonthParts]) -> Cube:
    found = list(months.values())
    parts = pl.concat([NO_PARTS, *(month.parts for month in found)])
    newest = max(
        (month for month in found if month.rated_at), key=lambda month: str(month.rated_at),
        default=None,
    )  # fmt: skip
    return Cube(
        digest=digest,
        parts=parts,
        by_service=_sums(parts, SERVICE_MONTH),
        by_account=_sums(parts, ACCOUNT_MONTH),
        foreign=pl.concat([pl.DataFrame(schema=FOREIGN), *(month.foreign for month in found)]),
        rated_at=newest.rated_at if newest else None,
        watermark=newest.watermark if newest else None,
        costs_to=max((month.costs_to for month in found if month.costs_to), default=None),
    )


def _sums(parts: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    return parts.group_by(keys).agg(pl.col(name).sum() for name in MEASURES).sort(keys)


def _by_month(frame: pl.DataFrame) -> dict[date | None, pl.DataFrame]:
    """Return the whole frame under None, and each month's rows under the month."""
    found = frame.partition_by("month", as_dict=True)
    return {None: frame, **{month: rows for (month,), rows in found.items()}}


def _digest(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
