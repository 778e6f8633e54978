"""Counter windows as they stand: the newest push of each, and what is odd about it. Pure.

Reads row by row what `aggregation/effective_usage.py` reads in frames; decides the notices.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from catalog.billable_metrics import CounterSemantics
from ingest.counters.counter import MICROSECOND, named_window

# Of an instant: when the billed part of its period begins; None outside the subscription's life.
PeriodStart = Callable[[datetime], datetime | None]


class Notice(StrEnum):
    """What is odd about a window; nothing is refused for it."""

    REPLACED = "replaced"
    OVERLAP = "overlap"
    GAP = "gap"
    FIRST_READING = "first_reading"
    RESET = "reset"
    STRADDLES_PERIOD = "straddles_period"


@dataclass(slots=True)
class CounterWindow:
    """One window and the number that counts for it now.

    `value` is the pushed number and `usage` what it adds to the quantity; a level adds nothing.
    """

    fact_id: str
    series: str
    start: datetime | None
    end: datetime
    dimensions: Mapping[str, str]
    value: Decimal | None
    is_void: bool
    revisions_count: int
    transaction_id: str
    received_at: datetime
    usage: Decimal | None = None
    notices: list[Notice] = field(default_factory=list)


def counter_windows(
    rows: Iterable[Mapping[str, Any]], semantics: CounterSemantics | None, period_start: PeriodStart
) -> list[CounterWindow]:
    """Return the windows of one subscription and metric, by series and end.

    `rows` are those of REVISION that name a window, in any order.
    """
    windows = _newest(rows)
    by_series: defaultdict[str, list[CounterWindow]] = defaultdict(list)
    for window in windows:
        if not window.is_void:
            by_series[window.series].append(window)
    for series in by_series.values():
        if semantics is CounterSemantics.CUMULATIVE:
            _tell_readings(series, period_start)
        elif semantics is not CounterSemantics.GAUGE:
            _tell_totals(series, period_start)
    return windows


def _newest(rows: Iterable[Mapping[str, Any]]) -> list[CounterWindow]:
    pushes: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["inbox_id"], row["sequence"])):
        pushes[row["fact_id"]].append(row)
    windows = [_window(fact_id, revisions) for fact_id, revisions in pushes.items()]
    return sorted(windows, key=lambda window: (window.series, window.end, window.fact_id))


def _window(fact_id: str, revisions: Sequence[Mapping[str, Any]]) -> CounterWindow:
    named, newest = named_window(fact_id), revisions[-1]
    return CounterWindow(
        fact_id=fact_id,
        series=named.series,
        start=named.start,
        end=named.end,
        dimensions=named.dimensions,
        value=newest["value"],
        is_void=newest["is_void"],
        revisions_count=len(revisions),
        transaction_id=newest["transaction_id"],
        received_at=newest["received_at"],
        notices=[Notice.REPLACED] if len(revisions) > 1 else [],
    )


def _tell_totals(series: Iterable[CounterWindow], period_start: PeriodStart) -> None:
    """Note where windows of one series do not just touch; of two that overlap, the later one."""
    told_upto: datetime | None = None
    for window in sorted(series, key=lambda window: (window.start or window.end, window.end)):
        start = window.start or window.end
        window.usage = window.value
        if told_upto is not None and start < told_upto:
            window.notices.append(Notice.OVERLAP)
        if told_upto is not None and start > told_upto:
            window.notices.append(Notice.GAP)
        told_upto = max(told_upto or window.end, window.end)
        _tell_straddling(window, start, period_start)


def _tell_readings(series: Iterable[CounterWindow], period_start: PeriodStart) -> None:
    """Note resets, and what was used since the reading before."""
    before: CounterWindow | None = None
    for window in series:
        window.usage = window.value
        if before is None or before.value is None or window.value is None:
            window.notices.append(Notice.FIRST_READING)
        else:
            if window.value < before.value:
                window.notices.append(Notice.RESET)
            else:
                window.usage = window.value - before.value
            _tell_straddling(window, before.end, period_start)
        before = window


def _tell_straddling(window: CounterWindow, since: datetime, period_start: PeriodStart) -> None:
    """Note a total that began in an earlier period than the one it counts in."""
    start = period_start(window.end - MICROSECOND)
    if start is not None and since < start:
        window.notices.append(Notice.STRADDLES_PERIOD)
