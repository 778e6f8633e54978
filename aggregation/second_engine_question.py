"""The second engine's question: windows, local days and watermark as tables for SQL. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from aggregation.quantity import EVERY_ROW, UsageWindow
from aggregation.second_engine_sql import (
    FLAT_MEMBER,
    FLAT_OBJECT,
    NESTED_MEMBER,
    PART,
    second_engine_sql,
)
from catalog.billable_metrics import AggregationType, CounterSemantics
from catalog.billing_periods import ONE_DAY, local_days, local_midnight
from catalog.plans import FilterValues
from ingest.watermark import Watermark
from storage.lake_tables import INSTANT

MICROSECOND = timedelta(microseconds=1)
ONE_SECOND = timedelta(seconds=1)
MICROSECONDS_PER_SECOND = 10**6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PRORATED = "prorated_"
METHODS = {
    AggregationType.COUNT: "count",
    AggregationType.SUM: "sum",
    AggregationType.MAX: "max",
    AggregationType.LATEST: "latest",
    AggregationType.UNIQUE_COUNT: "unique_count",
    AggregationType.WEIGHTED_SUM: "weighted_sum",
}
RECURRING = ("sum", "unique_count", "weighted_sum")
PRORATABLE = ("sum", "unique_count")
STATED = pl.List(pl.Struct({"name": pl.String(), "allowed": pl.List(pl.String())}))
ASKED: dict[str, pl.DataType] = {
    "number": pl.Int64(),
    "service": pl.String(),
    "metric_code": pl.String(),
    "subscription_id": pl.String(),
    "method": pl.String(),
    "start_at": INSTANT,
    "end_at": INSTANT,
    "until_us": pl.Int64(),
    "counts_history": pl.Boolean(),
    "takes_counters": pl.Boolean(),
    "is_cumulative": pl.Boolean(),
    "calendar": pl.Int64(),
    "window_days": pl.Int64(),
    "matching": STATED,
    "ignored": pl.List(STATED),
    "group_names": pl.List(pl.String()),
}
ASKED_DAY: dict[str, pl.DataType] = {
    "calendar": pl.Int64(),
    "begins_at": INSTANT,
    "days_left": pl.Int64(),
}
MARK: dict[str, pl.DataType] = {"of_shard": pl.Int64(), "last_id": pl.Int64()}
Calendar: TypeAlias = tuple[str, datetime, datetime]


@dataclass(frozen=True, slots=True)
class SecondQuestion:
    """One statement, the tables it reads beside the lake, and its parameters."""

    sql: str
    tables: dict[str, pl.DataFrame]
    parameters: dict[str, object]


def second_question(windows: Sequence[UsageWindow], watermark: Watermark) -> SecondQuestion:
    """Return what to ask for some windows, at least one; a window's number is its place."""
    sql = second_engine_sql(
        {method_of(window) for window in windows},
        reads_properties=any(map(_reads_properties, windows)),
    )
    has_history = any(map(_counts_history, windows))
    parameters: dict[str, object] = {
        "first": None if has_history else min(window.start for window in windows),
        "last": max(window.end for window in windows),
        "part": PART,
        "flat_object": FLAT_OBJECT,
        "flat_member": FLAT_MEMBER,
        "nested_member": NESTED_MEMBER,
    }
    used = {name: value for name, value in parameters.items() if f"${name}" in sql}
    return SecondQuestion(sql, _asked_tables(windows, watermark), used)


def method_of(window: UsageWindow) -> str:
    """Return how a window is counted; ValueError where only sums and unique counts make sense."""
    method = METHODS[window.metric.aggregation_type]
    if window.is_prorated and method not in PRORATABLE:
        raise ValueError(f"window {window.key}: {method} can't be prorated, ask without it")
    method = f"{PRORATED}{method}" if window.is_prorated else method
    if window.period_days < 1 and (window.is_prorated or method == "weighted_sum"):
        raise ValueError(f"window {window.key}: {method} needs the days of the whole period")
    return method


def _asked_tables(windows: Sequence[UsageWindow], watermark: Watermark) -> dict[str, pl.DataFrame]:
    calendars: dict[Calendar, int] = {}
    asked = [_asked(number, window, calendars) for number, window in enumerate(windows)]
    days = [
        (number, *day) for calendar, number in calendars.items() for day in _days_left(*calendar)
    ]
    return {
        "asked": pl.DataFrame(asked, schema=ASKED, orient="row"),
        "asked_day": pl.DataFrame(days, schema=ASKED_DAY, orient="row"),
        "mark": pl.DataFrame(list(watermark.marks), schema=MARK, orient="row"),
    }


def _asked(number: int, window: UsageWindow, calendars: dict[Calendar, int]) -> tuple[object, ...]:
    calendar = (window.timezone, window.start, window.end)
    semantics = window.metric.counter_semantics
    return (
        number,
        window.service_code,
        window.metric.code,
        window.subscription_external_id,
        method_of(window),
        window.start,
        window.end,
        -((EPOCH - window.end) // ONE_SECOND) * MICROSECONDS_PER_SECOND,
        _counts_history(window),
        semantics is not None,
        semantics is CounterSemantics.CUMULATIVE,
        calendars.setdefault(calendar, len(calendars)) if window.is_prorated else None,
        local_days(*calendar[1:], ZoneInfo(window.timezone)) if window.is_prorated else None,
        _stated(window.selection.matching),
        [stated for each in window.selection.ignored if (stated := _stated(each, says=True))],
        list(window.group_keys),
    )


def _stated(filters: FilterValues, *, says: bool = False) -> list[dict[str, object]]:
    """Return filters as SQL reads them; with `says` without keys that name no value."""
    return [
        {"name": name, "allowed": list(allowed)} for name, allowed in filters if allowed or not says
    ]


def _counts_history(window: UsageWindow) -> bool:
    return window.metric.recurring and METHODS[window.metric.aggregation_type] in RECURRING


def _reads_properties(window: UsageWindow) -> bool:
    return bool(window.group_keys) or window.selection != EVERY_ROW


def _days_left(timezone: str, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return when each local day of a window begins, and how many are left of it then."""
    zone = ZoneInfo(timezone)
    last_instant = max(start, end - MICROSECOND)
    first, last = start.astimezone(zone).date(), last_instant.astimezone(zone).date()
    days = (last - first).days + 1
    later = [(local_midnight(first + ONE_DAY * n, zone), days - n) for n in range(1, days)]
    return [(start, days), *later]
