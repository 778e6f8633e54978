"""The windows of a question as a frame, with what their rows are weighed by.

Pure. Local days are counted here, once a window, in the window's own timezone.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import polars as pl

from aggregation.quantity import UsageWindow
from aggregation.selections import SPLIT, Split, split_of
from catalog.billable_metrics import AggregationType, CounterSemantics
from catalog.billing_periods import local_days
from ingest.counters.counter import epoch_us
from storage.lake_tables import INSTANT

MICROSECOND = timedelta(microseconds=1)
ONE_SECOND = timedelta(seconds=1)
WINDOW_COLUMNS: dict[str, pl.DataType] = {
    "key": pl.String(),
    "place": pl.UInt32(),
    "service": pl.String(),
    "metric_code": pl.String(),
    "subscription_id": pl.String(),
    "split": SPLIT,
    "start": INSTANT,
    "end": INSTANT,
    "last_second": INSTANT,
    "method": pl.String(),
    "takes_counters": pl.Boolean(),
    "is_cumulative": pl.Boolean(),
    "wants_event_values": pl.Boolean(),
    "timezone": pl.String(),
    "first_day": pl.Date(),
    "last_day": pl.Date(),
    "window_days": pl.Int64(),
}
INSTANTS = ("start", "end", "last_second")


class Method(StrEnum):
    """How the rows of a window are combined."""

    COUNT = "count"
    SUM = "sum"
    MAX = "max"
    LATEST = "latest"
    UNIQUE_COUNT = "unique_count"
    WEIGHTED_SUM = "weighted_sum"
    PRORATED_SUM = "prorated_sum"
    PRORATED_UNIQUE_COUNT = "prorated_unique_count"


PLAIN = {
    AggregationType.COUNT: Method.COUNT,
    AggregationType.SUM: Method.SUM,
    AggregationType.MAX: Method.MAX,
    AggregationType.LATEST: Method.LATEST,
    AggregationType.UNIQUE_COUNT: Method.UNIQUE_COUNT,
    AggregationType.WEIGHTED_SUM: Method.WEIGHTED_SUM,
}
PRORATED = {
    AggregationType.SUM: Method.PRORATED_SUM,
    AggregationType.UNIQUE_COUNT: Method.PRORATED_UNIQUE_COUNT,
}
WEIGHED_BY_PERIOD = frozenset({Method.WEIGHTED_SUM, *PRORATED.values()})


def method_of(window: UsageWindow) -> Method:
    """Return how a window's rows are combined; ValueError where its question makes no sense."""
    kind = window.metric.aggregation_type
    if window.is_prorated and kind not in PRORATED:
        raise ValueError(
            f"window {window.key}: {kind} can't be prorated, only sums and unique counts can:"
            " ask without is_prorated"
        )
    method = PRORATED[kind] if window.is_prorated else PLAIN[kind]
    if method in WEIGHED_BY_PERIOD and window.period_days < 1:
        raise ValueError(
            f"window {window.key}: {method} is a share of the period's days, and period_days is"
            f" {window.period_days}: ask with the length of the whole period"
        )
    return method


def is_cumulative(window: UsageWindow) -> bool:
    """Say whether a window's counters are ever-rising readings."""
    return window.metric.counter_semantics is CounterSemantics.CUMULATIVE


def asked_windows(windows: Sequence[UsageWindow], numbers: Mapping[Split, int]) -> pl.LazyFrame:
    """Return the windows as rows of WINDOW_COLUMNS, each with its place in the list.

    `numbers` are those of their splits, empty where no row is split; days are told only where a
    window is prorated.
    """
    ends = [window.end for window in windows]
    columns: dict[str, list[object]] = {
        "key": [window.key for window in windows],
        "place": list(range(len(windows))),
        "service": [window.service_code for window in windows],
        "metric_code": [window.metric.code for window in windows],
        "subscription_id": [window.subscription_external_id for window in windows],
        "start": _instants([window.start for window in windows]),
        "end": _instants(ends),
        "last_second": _instants(ends, _whole_second),
        "method": [method_of(window).value for window in windows],
        "takes_counters": [window.metric.counter_semantics is not None for window in windows],
        "is_cumulative": [is_cumulative(window) for window in windows],
        "wants_event_values": [window.wants_event_values for window in windows],
        "timezone": [window.timezone for window in windows],
    }
    if numbers:
        columns["split"] = [numbers[split_of(window)] for window in windows]
    if any(window.is_prorated for window in windows):
        days = [_days(window) for window in windows]
        columns["first_day"] = [each and each[0] for each in days]
        columns["last_day"] = [each and each[1] for each in days]
        columns["window_days"] = [each and each[2] for each in days]
    types = {name: kind for name, kind in WINDOW_COLUMNS.items() if name in columns}
    frame = pl.LazyFrame(columns, schema=types | dict.fromkeys(INSTANTS, pl.Int64()))
    absent = [
        pl.lit(None, kind).alias(name)
        for name, kind in WINDOW_COLUMNS.items()
        if name not in columns
    ]
    instants = pl.col(INSTANTS).cast(INSTANT)
    return frame.with_columns(instants, *absent).select(*WINDOW_COLUMNS)


def _instants(
    instants: Sequence[datetime], changed: Callable[[datetime], datetime] = lambda each: each
) -> list[object]:
    """Return instants in microseconds; each of the few different ones is converted once."""
    numbers = {each: epoch_us(changed(each)) for each in set(instants)}
    return [numbers[each] for each in instants]


def zones_of(windows: Sequence[UsageWindow]) -> list[str]:
    """Return the timezones in which days of the windows are counted."""
    return sorted({window.timezone for window in windows if window.is_prorated})


def local_date(zones: Collection[str], at: pl.Expr | None = None) -> pl.Expr:
    """Return the local date of each row's instant, in the timezone of the row's window."""
    instant = pl.max_horizontal("occurred_at", "start") if at is None else at
    day = pl.lit(None, pl.Date())
    for zone in zones:
        own = instant.dt.convert_time_zone(zone).dt.date()
        day = pl.when(pl.col("timezone") == zone).then(own).otherwise(day)
    return day


def _days(window: UsageWindow) -> tuple[date, date, int] | None:
    """Return first and last local day of a prorated window, and how many days it counts."""
    if not window.is_prorated:
        return None
    zone = ZoneInfo(window.timezone)
    last = max(window.start, window.end - MICROSECOND)
    first_day, last_day = (each.astimezone(zone).date() for each in (window.start, last))
    return first_day, last_day, local_days(window.start, window.end, zone)


def _whole_second(instant: datetime) -> datetime:
    """Return an instant rounded up to the second (Lago)."""
    whole = instant.replace(microsecond=0)
    return whole if whole == instant else whole + ONE_SECOND
