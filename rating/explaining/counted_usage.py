"""The usage counted for a rated line, row by row: what each adds to the units. Pure.

Where `quantities` answers with a number, this answers with the rows behind it; both must agree.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from aggregation.answer import (
    MICROSECONDS_PER_DAY,
    PRORATED_DECIMALS,
    WEIGHTED_DECIMALS,
    rounded_units,
)
from aggregation.asked_windows import Method, method_of, zones_of
from aggregation.counted_rows import counted_rows, counts_history, facts_near, is_split
from aggregation.effective_usage import TIME_ORDER
from aggregation.quantity import UsageWindow
from aggregation.unique_count import with_active_days, with_effects
from aggregation.weighing import ceiled, weighed_rows
from catalog.billable_metrics import BillableMetric, RoundingFunction
from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO
from storage.lake_tables import QUANTITY

POSITION = ("service", "subscription_id", "inbox_id", "sequence", "transaction_id")
DECIMALS = {
    Method.WEIGHTED_SUM: WEIGHTED_DECIMALS,
    Method.PRORATED_SUM: PRORATED_DECIMALS,
    Method.PRORATED_UNIQUE_COUNT: PRORATED_DECIMALS,
}
WORDS = {
    RoundingFunction.ROUND: "half-up",
    RoundingFunction.CEIL: "up",
    RoundingFunction.FLOOR: "down",
}

NOT_BELOW_ZERO = "not below zero"


@dataclass(frozen=True, slots=True)
class Rounding:
    """One step from the sum of the rows to the units; `before` is None where it has no end.

    `how` is half-up, up or down to `decimals`, or "not below zero" without any.
    """

    rule: str
    how: str
    decimals: int | None
    before: Decimal | None
    after: Decimal


@dataclass(frozen=True, slots=True)
class CountedUsage:
    """The rows counted in a window, in time order, and how they become units.

    Each row says what it `counts` and its `weight`. The counts add up to `full_units`; counts by
    weight, divided by `denominator`, to `units`; `roundings` come in between.
    """

    rows: pl.DataFrame
    denominator: int
    roundings: tuple[Rounding, ...]
    full_units: Decimal
    units: Decimal
    is_prorated: bool = False

    @property
    def line_units(self) -> Decimal:
        """Return the units as a line shows them: before proration."""
        return self.full_units if self.is_prorated else self.units


def counted_frames(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    windows: Sequence[UsageWindow],
    seen: pl.Expr,
) -> Iterator[pl.DataFrame]:
    """Yield the rows counted for some windows, as aggregation counts them, by `key`.

    Windows that read the same kind of rows are answered together, one frame for each kind.
    """
    replaced = facts_near(revision, windows, seen) if windows else None
    kinds: dict[tuple[bool, bool], list[UsageWindow]] = {}
    for window in windows:
        kinds.setdefault((counts_history(window), is_split(window)), []).append(window)
    for alike in kinds.values():
        yield counted_rows(usage.filter(seen), replaced, alike).collect()


def counted_usage(
    usage: pl.LazyFrame,
    revision: pl.LazyFrame | None,
    window: UsageWindow,
    seen: pl.Expr,
    group: Sequence[str | None] = (),
) -> CountedUsage:
    """Return the rows counted for one window, or for one group of it, and their way to units."""
    (found,) = counted_frames(usage, revision, [window], seen)
    if group:
        found = found.filter(
            pl.col("group").list.get(place).eq_missing(pl.lit(text, pl.String))
            for place, text in enumerate(group)
        )
    method = method_of(window)
    rows = _weighed(found.lazy(), method, zones_of([window])).collect().sort(TIME_ORDER)
    return _summed(rows, window, method)


def _weighed(rows: pl.LazyFrame, method: Method, zones: Sequence[str]) -> pl.LazyFrame:
    """Return rows with `counts` and `weight`, as the method of their window combines them."""
    value, weight = pl.col("value").fill_null(0), pl.lit(1, pl.Int64)
    match method:
        case Method.COUNT:
            is_counter = "series" in rows.collect_schema()
            one = pl.lit(Decimal(1), QUANTITY)
            value = (
                pl.when(pl.col("series").is_null()).then(one).otherwise("value")
                if (is_counter)
                else one
            )
        case Method.MAX:
            value = _only(pl.col("value") == pl.col("value").max())
        case Method.LATEST:
            value = _only(pl.lit(value=True), last=True)
        case Method.UNIQUE_COUNT:
            rows, value = with_effects(rows, ["key"]), pl.col("effect")
        case Method.PRORATED_UNIQUE_COUNT:
            rows = with_active_days(rows, ["key"], zones)
            value, weight = pl.col("effect"), pl.col("weight")
        case Method.WEIGHTED_SUM | Method.PRORATED_SUM:
            rows, weight = weighed_rows(rows, method, zones), pl.col("weight")
    return rows.sort(TIME_ORDER).with_columns(
        counts=value.cast(QUANTITY), weight=weight.cast(pl.Int64)
    )


def _only(is_meant: pl.Expr, *, last: bool = False) -> pl.Expr:
    """Return the value of the first (or last) row that is meant, 0 for all others."""
    place = pl.int_range(pl.len())
    meant = place.filter(is_meant)
    chosen = meant.last() if last else meant.first()
    return pl.when(place == chosen).then("value").otherwise(0)


def _summed(rows: pl.DataFrame, window: UsageWindow, method: Method) -> CountedUsage:
    denominator = _denominator(window, method)
    with localcontext(MONEY_CONTEXT):
        full = sum(rows["counts"], ZERO)
    units, roundings = full, []
    if method in DECIMALS:
        units = _share(rows, denominator, DECIMALS[method])
        roundings.append(Rounding("share of the period", "up", DECIMALS[method], None, units))
    elif method is Method.LATEST and units < 0:
        roundings.append(Rounding("latest value", NOT_BELOW_ZERO, None, units, ZERO))
        units = ZERO
    rounded = rounded_units(units, window.metric)
    if rounded != units:
        roundings.append(_metric_rounding(window.metric, units, rounded))
    return CountedUsage(
        rows=rows,
        denominator=denominator,
        roundings=tuple(roundings),
        full_units=rounded_units(full, window.metric),
        units=rounded,
        is_prorated=window.is_prorated,
    )


def _denominator(window: UsageWindow, method: Method) -> int:
    if method is Method.WEIGHTED_SUM:
        return window.period_days * MICROSECONDS_PER_DAY
    return window.period_days if method in DECIMALS else 1


def _share(rows: pl.DataFrame, denominator: int, decimals: int) -> Decimal:
    """Return counts by weight over the denominator, rounded up; integers decide."""
    parts = zip(rows["counts"].to_physical(), rows["weight"], strict=True)
    total = sum(int(count) * weight for count, weight in parts)
    return ceiled(total, denominator * 10**QUANTITY_SCALE, decimals)


def _metric_rounding(metric: BillableMetric, before: Decimal, after: Decimal) -> Rounding:
    if metric.rounding_function is None:
        raise ValueError(f"metric {metric.code} rounds nothing")
    how = WORDS[metric.rounding_function]
    return Rounding("as the metric says", how, metric.rounding_precision or 0, before, after)
