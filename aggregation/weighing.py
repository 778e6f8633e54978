"""Weighed sums: each value counts as long as it was there, in integers until the last division.

Pure polars. Weighted sums weigh by microseconds, prorated sums by local days. Products of 38
digits overflow any column, so a value is weighed in three parts of 13 digits; parts never do.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal, localcontext

import polars as pl

from aggregation.asked_windows import Method, local_date
from aggregation.exact_sums import WIDE, sum_parts, unscaled
from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE

PART = 10**13
PARTS = ("weighed_low", "weighed_middle", "weighed_high")


def weighed_rows(rows: pl.LazyFrame, method: Method, zones: Collection[str]) -> pl.LazyFrame:
    """Return rows with `is_inside` (not before the window), `weight` and the weighed parts."""
    is_inside = pl.col("occurred_at") >= pl.col("start")
    weight = _microseconds() if method is Method.WEIGHTED_SUM else _days(zones)
    weighed = rows.with_columns(is_inside=is_inside, weight=weight)
    value, weight = unscaled(pl.col("value")), pl.col("weight").cast(WIDE)
    return weighed.with_columns(
        weighed_low=value % PART * weight,
        weighed_middle=value // PART % PART * weight,
        weighed_high=value // PART // PART * weight,
    )


def weighed_sums() -> list[pl.Expr]:
    """Return units in parts, the plain total, what was there before, and events inside."""
    return [
        *(pl.col(part).sum() for part in PARTS),
        *sum_parts(pl.col("value"), "total"),
        *sum_parts(pl.when(~pl.col("is_inside")).then("value"), "carried"),
        pl.col("is_inside").sum().alias("inside"),
        pl.col("window_days").first(),
        pl.len().alias("rows"),
    ]


def weighed_units(row: Mapping[str, int], denominator: int, decimals: int) -> Decimal:
    """Return the parts put together and divided, rounded up to so many decimals (Lago)."""
    total = sum(row[part] * PART**n for n, part in enumerate(PARTS))
    return ceiled(total, denominator * 10**QUANTITY_SCALE, decimals)


def ceiled(numerator: int, denominator: int, decimals: int) -> Decimal:
    """Return a fraction rounded up to so many decimals; integers decide, so it is exact."""
    whole = -(-numerator * 10**decimals // denominator)
    with localcontext(MONEY_CONTEXT):
        return Decimal(whole).scaleb(-decimals)


def _microseconds() -> pl.Expr:
    """Return how long each delta lasts in its window, whose end is rounded up to the second."""
    since = pl.max_horizontal("occurred_at", "start")
    return (pl.col("last_second") - since).dt.total_microseconds()


def _days(zones: Collection[str]) -> pl.Expr:
    """Return the local days from each event to its window's last, both counted.

    What was there before the window counts the window's own days (Lago).
    """
    own = (pl.col("last_day") - local_date(zones)).dt.total_days() + 1
    return pl.when(pl.col("occurred_at") >= pl.col("start")).then(own).otherwise("window_days")
