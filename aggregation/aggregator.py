"""Aggregation: usage becomes quantities, for all windows of a question in one pass.

Pure polars and Decimal. Decides what counts and how it is combined; knows no price.
"""

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from typing import cast

import polars as pl

from aggregation.counted_rows import counted_rows, facts_near
from aggregation.effective_usage import TIME_ORDER, WINDOW_FACT, has_facts, is_counter
from aggregation.quantity import NO_USAGE, Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.money import MONEY_CONTEXT
from storage.lake_tables import QUANTITY

ROUNDING = {
    RoundingFunction.ROUND: ROUND_HALF_UP,
    RoundingFunction.CEIL: ROUND_CEILING,
    RoundingFunction.FLOOR: ROUND_FLOOR,
}
ONE = pl.lit(Decimal(1), dtype=QUANTITY)


def quantities(
    usage: pl.LazyFrame,
    windows: Sequence[UsageWindow],
    seen: pl.Expr,
    revision: pl.LazyFrame | None = None,
) -> dict[str, Quantity]:
    """Return the quantity of every window, by window key; windows without usage included.

    `usage` and `revision` have the columns of the lake's tables; `seen` is the watermark's filter.
    Bounds are half-open. Equal times are ordered as they were taken in, so the answer never
    depends on how the rows lie in files.
    """
    if not windows:
        return {}
    replaced = facts_near(revision, windows, seen)
    has_counters = replaced is not None and has_facts(replaced, WINDOW_FACT)
    counted = counted_rows(usage.filter(seen), replaced, windows)
    kinds = {window.metric.aggregation_type for window in windows}
    answers = [
        _answer(
            counted.filter(pl.col("aggregation_type") == str(kind)),
            kind,
            has_counters=has_counters,
        )
        for kind in kinds
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


def _answer(rows: pl.LazyFrame, kind: AggregationType, *, has_counters: bool) -> pl.LazyFrame:
    if kind is AggregationType.UNIQUE_COUNT:
        return _unique_counts(rows)
    units = _counter_units() if has_counters and kind is AggregationType.COUNT else _units(kind)
    return rows.group_by("key").agg(
        units.alias("units"),
        (units if kind is AggregationType.COUNT else pl.len()).alias("events_count"),
        _digests(rows).alias("digests"),
    )


def _digests(rows: pl.LazyFrame) -> pl.Expr:
    """Return the digests of the rows counted, and of the readings that differences start from."""
    digests = pl.col("content_digest")
    if "base_digest" in rows.collect_schema():
        before = pl.col("base_digest").filter(pl.col("base_at") < pl.col("start"))
        digests = digests.append(before)
    return digests.sort()


def _counter_units() -> pl.Expr:
    """Count a push of a counter as many times as it says, an event once."""
    return pl.when(is_counter()).then("value").otherwise(ONE).sum()


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
    return (
        rows.filter("wants_event_values")
        .group_by("key")
        .agg(pl.coalesce("value", ONE).sort_by(TIME_ORDER).alias("event_values"))
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
        events_count=int(Decimal(str(row["events_count"]))),
        event_values=tuple(event_values.get(window.key, ())),
        inputs_digest=hashlib.sha256(
            array("q", cast("list[int]", row["digests"])).tobytes()
        ).hexdigest(),
    )
