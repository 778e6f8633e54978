"""Aggregation: usage becomes quantities, for all windows of a question in one pass.

Pure polars and Decimal. Decides what counts and how it is combined; knows no price.
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import cast

import polars as pl

from aggregation.quantity import NO_USAGE, Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.money import MONEY_CONTEXT

ROUNDING = {
    RoundingFunction.ROUND: ROUND_HALF_UP,
    RoundingFunction.CEIL: ROUND_CEILING,
    RoundingFunction.FLOOR: ROUND_FLOOR,
}
PUSHED_DOWN_MAX = 50
TIME_ORDER = ("occurred_at", "inbox_id", "sequence")


def quantities(
    usage: pl.LazyFrame, windows: Sequence[UsageWindow], seen: pl.Expr
) -> dict[str, Quantity]:
    """Return the quantity of every window, by window key; windows without usage included.

    `usage` has the columns of the lake's usage table; `seen` is the watermark's filter. Bounds
    are half-open. Equal times are ordered as they were taken in, so the answer never depends on
    how the rows lie in files.
    """
    if not windows:
        return {}
    counted = _counted_rows(usage.filter(seen), windows)
    kinds = {window.metric.aggregation_type for window in windows}
    answers = [
        _answer(counted.filter(pl.col("aggregation_type") == str(kind)), kind) for kind in kinds
    ]
    if any(window.wants_event_values for window in windows):
        answers.append(_event_values(counted))
    frames = pl.collect_all(answers)
    event_values = dict(frames.pop().iter_rows()) if len(frames) > len(kinds) else {}
    found = {row["key"]: row for frame in frames for row in frame.iter_rows(named=True)}
    return {window.key: _quantity(window, found, event_values) for window in windows}


def rounded_units(units: Decimal, metric: BillableMetric) -> Decimal:
    """Return the units rounded as the metric says: half away from zero, up or down (Lago)."""
    if metric.rounding_function is None:
        return units
    step = Decimal(1).scaleb(-(metric.rounding_precision or 0))
    with localcontext(MONEY_CONTEXT):
        whole = (units / step).to_integral_value(ROUNDING[metric.rounding_function])
        return whole * step


def _counted_rows(usage: pl.LazyFrame, windows: Sequence[UsageWindow]) -> pl.LazyFrame:
    asked = pl.LazyFrame(
        {
            "key": [window.key for window in windows],
            "service": [window.service_code for window in windows],
            "metric_code": [window.metric.code for window in windows],
            "subscription_id": [window.subscription_external_id for window in windows],
            "start": [window.start for window in windows],
            "end": [window.end for window in windows],
            "aggregation_type": [str(window.metric.aggregation_type) for window in windows],
            "wants_event_values": [window.wants_event_values for window in windows],
        },
        schema_overrides={"start": pl.Datetime("us", "UTC"), "end": pl.Datetime("us", "UTC")},
    )
    return (
        usage.filter(_outer_bounds(windows))
        .join(asked, on=["service", "metric_code", "subscription_id"])
        .filter(pl.col("occurred_at") >= pl.col("start"), pl.col("occurred_at") < pl.col("end"))
    )


def _outer_bounds(windows: Sequence[UsageWindow]) -> pl.Expr:
    """Return what every counted row fulfils: it is pushed down to the files, whose rows are sorted.

    The exact bounds hold window by window, after the join.
    """
    first = min(window.start for window in windows)
    last = max(window.end for window in windows)
    return (
        (pl.col("occurred_at") >= first)
        & (pl.col("occurred_at") < last)
        & _one_of("service", {window.service_code for window in windows})
        & _one_of("metric_code", {window.metric.code for window in windows})
        & _one_of("subscription_id", {window.subscription_external_id for window in windows})
    )


def _one_of(column: str, values: set[str]) -> pl.Expr:
    """Return the filter on a few values; many are left to the join."""
    if len(values) == 1:
        return pl.col(column) == next(iter(values))
    if len(values) <= PUSHED_DOWN_MAX:
        return pl.col(column).is_in(sorted(values))
    return pl.lit(value=True)


def _answer(rows: pl.LazyFrame, kind: AggregationType) -> pl.LazyFrame:
    if kind is AggregationType.UNIQUE_COUNT:
        return _unique_counts(rows)
    return rows.group_by("key").agg(
        _units(kind).alias("units"),
        pl.len().alias("events_count"),
        pl.col("content_digest").sort().alias("digests"),
    )


def _units(kind: AggregationType) -> pl.Expr:
    match kind:
        case AggregationType.COUNT:
            return pl.len()
        case AggregationType.SUM:
            return pl.col("value").sum()
        case AggregationType.MAX:
            return pl.col("value").max()
        case AggregationType.LATEST:
            return pl.col("value").sort_by(TIME_ORDER).last()
        case AggregationType.UNIQUE_COUNT:
            raise ValueError("unique counts need their own grouping")


def _unique_counts(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Count the values whose last operation is an add: repeated adds and removes count 0 (Lago)."""
    per_value = rows.group_by("key", "value_text").agg(
        (pl.col("operation_type").sort_by(TIME_ORDER).last() == "add").alias("is_present"),
        pl.col("content_digest"),
    )
    return per_value.group_by("key").agg(
        pl.col("is_present").sum().alias("units"),
        pl.col("is_present").sum().alias("events_count"),
        pl.col("content_digest").list.explode().sort().alias("digests"),
    )


def _event_values(rows: pl.LazyFrame) -> pl.LazyFrame:
    one = pl.lit(Decimal(1), dtype=pl.Decimal(38, 12))
    return (
        rows.filter("wants_event_values")
        .group_by("key")
        .agg(pl.coalesce("value", one).sort_by(TIME_ORDER).alias("event_values"))
    )


def _quantity(
    window: UsageWindow,
    found: Mapping[str, Mapping[str, object]],
    event_values: Mapping[str, list[Decimal]],
) -> Quantity:
    row = found.get(window.key)
    if row is None:
        return NO_USAGE
    units = Decimal(str(row["units"]))
    if window.metric.aggregation_type is AggregationType.LATEST:
        units = max(units, Decimal(0))
    return Quantity(
        units=rounded_units(units, window.metric),
        events_count=int(str(row["events_count"])),
        event_values=tuple(event_values.get(window.key, ())),
        inputs_digest=hashlib.sha256(
            array("q", cast("list[int]", row["digests"])).tobytes()
        ).hexdigest(),
    )
