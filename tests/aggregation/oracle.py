"""What a patient reader of Lago's rules would count: plain loops and fractions, row by row.

Shares no code with the product. Slow on purpose: each rule is written as it is said.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from aggregation.quantity import UsageWindow

Row = dict[str, Any]
DAY = timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)


@dataclass
class Plain:
    """A quantity in fractions; `values` are what single events count, by time."""

    units: Fraction = Fraction(0)
    events_count: int = 0
    full_units: Fraction | None = None
    level: Fraction | None = None
    amount: Fraction | None = None
    values: list[Fraction] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    groups: dict[tuple[str | None, ...], "Plain"] = field(default_factory=dict)


def plain_quantity(events: Sequence[Row], facts: Sequence[Row], window: UsageWindow) -> Plain:
    """Return what a window counts; of groups also their sums."""
    rows = [row for row in effective(events, facts) if _belongs(row, window)]
    rows.sort(key=lambda row: (row["occurred_at"], row["inbox_id"], row["sequence"]))
    if not window.group_keys:
        return _counted(rows, window)
    groups: dict[tuple[str | None, ...], list[Row]] = {}
    for row in rows:
        own = tuple(text_of(row, key) for key in window.group_keys)
        groups.setdefault(own, []).append(row)
    found = {own: _counted(part, window) for own, part in groups.items()}
    return Plain(
        units=sum((part.units for part in found.values()), Fraction(0)),
        events_count=sum(part.events_count for part in found.values()),
        groups=found,
    )


def effective(events: Iterable[Row], facts: Iterable[Row]) -> list[Row]:
    """Return the rows that count: the newest of each fact, unless it is void."""
    newest = {("e:" + row["transaction_id"]): row for row in events}
    for row in sorted(facts, key=lambda row: (row["inbox_id"], row["sequence"])):
        newest[row["fact_id"]] = row
    return [row for row in newest.values() if not row.get("is_void")]


def text_of(row: Row, key: str) -> str | None:
    """Return a property's text, numbers digit by digit; missing, null and empty are none."""
    read = json.loads(row["properties"], parse_int=str, parse_float=str)
    value = read.get(key)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or None


def is_selected(row: Row, window: UsageWindow) -> bool:
    """Say whether a row is the window's own, and no more specific filter's."""
    for key, values in window.selection.matching:
        if text_of(row, key) not in values:
            return False
    for ignored in window.selection.ignored:
        if ignored and all(text_of(row, key) in values for key, values in ignored):
            return False
    return True


def _belongs(row: Row, window: UsageWindow) -> bool:
    kinds = ("sum_agg", "unique_count_agg", "weighted_sum_agg")
    has_history = window.metric.recurring and window.metric.aggregation_type in kinds
    begins = datetime.min.replace(tzinfo=window.start.tzinfo) if has_history else window.start
    return begins <= row["occurred_at"] < window.end and is_selected(row, window)


def _counted(rows: list[Row], window: UsageWindow) -> Plain:
    if not rows:
        return Plain()
    kind = str(window.metric.aggregation_type)
    inside = [row for row in rows if row["occurred_at"] >= window.start]
    if kind == "unique_count_agg":
        return _unique(rows, inside, window)
    values = [Fraction(row["value"]) for row in rows]
    plain = Plain(events_count=len(rows), ids=[row["transaction_id"] for row in inside])
    plain.values = [Fraction(1 if kind == "count_agg" else row["value"]) for row in inside]
    if kind == "count_agg":
        plain.units = Fraction(len(rows))
    elif kind == "max_agg":
        plain.units = max(values, default=Fraction(0))
    elif kind == "latest_agg":
        plain.units = max(values[-1], Fraction(0)) if values else Fraction(0)
    elif kind == "weighted_sum_agg":
        plain.units, plain.level = _weighted(rows, window), sum(values, Fraction(0))
        plain.events_count = len(inside)
    else:
        plain.units = sum(values, Fraction(0))
        named = [row.get("precise_total_amount_cents") for row in rows]
        amounts = [Fraction(amount) for amount in named if amount is not None]
        plain.amount = sum(amounts, Fraction(0)) if amounts else None
        if window.is_prorated:
            plain.full_units, plain.units = plain.units, _prorated(rows, window)
    return plain


def _weighted(rows: list[Row], window: UsageWindow) -> Fraction:
    """Add level by level: each holds until the next event, the last until the whole second."""
    end = window.end
    if end.microsecond:
        end = end.replace(microsecond=0) + timedelta(seconds=1)
    total, level, since = Fraction(0), Fraction(0), window.start
    for row in rows:
        until = max(row["occurred_at"], window.start)
        total += level * Fraction((until - since) // MICROSECOND)
        level += Fraction(row["value"])
        since = until
    total += level * Fraction((end - since) // MICROSECOND)
    return ceiled(total / (window.period_days * 86_400 * 10**6), 20)


def _prorated(rows: list[Row], window: UsageWindow) -> Fraction:
    total = Fraction(0)
    for row in rows:
        if row["occurred_at"] < window.start:
            days = _window_days(window)
        else:
            days = (_last_day(window) - _day(row["occurred_at"], window)).days + 1
        total += Fraction(row["value"]) * days / window.period_days
    return ceiled(total, 5)


def _unique(rows: list[Row], inside: list[Row], window: UsageWindow) -> Plain:
    present: set[str] = set()
    plain = Plain()
    for row in rows:
        before = len(present)
        if row["operation_type"] == "add":
            present.add(row["value_text"])
        else:
            present.discard(row["value_text"])
        if row in inside:
            plain.values.append(Fraction(len(present) - before))
            plain.ids.append(row["transaction_id"])
    plain.units, plain.events_count = Fraction(len(present)), len(present)
    if window.is_prorated:
        days = sum(
            len(_days_there([row for row in rows if row["value_text"] == value], window))
            for value in {row["value_text"] for row in rows}
        )
        plain.full_units = plain.units
        plain.units = ceiled(Fraction(days, window.period_days), 5)
    return plain


def _days_there(rows: list[Row], window: UsageWindow) -> set[date]:
    """Return the local days of the window on which a value was there for any moment."""
    days: set[date] = set()
    added_at: datetime | None = None
    for row in rows:
        if row["operation_type"] == "add":
            added_at = added_at or row["occurred_at"]
        elif added_at:
            if row["occurred_at"] >= window.start:
                days |= _days_between(added_at, _day(row["occurred_at"], window), window)
            added_at = None
    if added_at:
        days |= _days_between(added_at, _last_day(window), window)
    return days


def _days_between(added_at: datetime, last: date, window: UsageWindow) -> set[date]:
    day, found = _day(max(added_at, window.start), window), set()
    while day <= last:
        found.add(day)
        day += DAY
    return found


def _day(at: datetime, window: UsageWindow) -> date:
    return at.astimezone(ZoneInfo(window.timezone)).date()


def _last_day(window: UsageWindow) -> date:
    return _day(window.end - MICROSECOND, window)


def _window_days(window: UsageWindow) -> int:
    start, end = (
        at.astimezone(ZoneInfo(window.timezone)).replace(tzinfo=None)
        for at in (window.start, window.end)
    )
    return ceil((end - start) / DAY)


def ceiled(number: Fraction, decimals: int) -> Fraction:
    """Return a fraction rounded up to so many decimals."""
    return Fraction(ceil(number * 10**decimals), 10**decimals)


def fraction(number: Decimal | None) -> Fraction | None:
    """Return a decimal as a fraction."""
    return None if number is None else Fraction(number)
