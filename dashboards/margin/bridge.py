"""Why gross profit moved from some months to others: bars that add up to the change exactly.

Each customer is new, gone or kept; what a kept one changed is split into price, volume, mix,
the provider's price and its currency. Every split is a subtraction, so that nothing is left over.
Sums are exact columns of decimals; what divides is Decimal in the context of money, which
`bridge_between` sets once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext

import polars as pl

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO
from dashboards.margin.figures import revenue_column
from storage.lake_tables import QUANTITY

BARS = ("new", "churn", "price", "volume", "mix", "provider_price", "fx", "allocation")
CUSTOMER = ("service", "account_id")
CELL_KEYS = (*CUSTOMER, "metric_code")
# Of each metric of each customer; `cost_before_fx` is COGS at the earlier rates.
SUMS = ("revenue", "cost", "cost_before_fx", "quantity")
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
_PROFIT, _PROFIT_NOW = (
    pl.col("revenue") - pl.col("cost"),
    pl.col("revenue_now") - pl.col("cost_now"),
)
_FX = pl.col("cost_before_fx_now") - pl.col("cost_now")
_USED, _USED_NOW = pl.col("quantity") > 0, pl.col("quantity_now") > 0


@dataclass(frozen=True, slots=True)
class Bridge:
    """Gross profit before and after, and by how much each bar moved it (CAD, exact)."""

    before: Decimal
    after: Decimal
    bars: Mapping[str, Decimal]


def bridge_between(
    earlier: pl.DataFrame, later: pl.DataFrame, fx_changes: Mapping[str, Decimal]
) -> Bridge:
    """Return the bridge between two groups of parts.

    `fx_changes` is the later ÷ the earlier CAD rate by provider, where both are known; without
    one a provider's currency has no bar of its own and is in its price.
    """
    bars = dict.fromkeys(BARS, ZERO)
    with localcontext(MONEY_CONTEXT):
        before, after = _cells(earlier, {}), _cells(later, fx_changes)
        cells = _beside(before, after)
        for name, amount in _moves(cells):
            bars[name] += amount
        return Bridge(_sum(cells, _PROFIT), _sum(cells, _PROFIT_NOW), bars)


def _moves(cells: pl.DataFrame) -> Iterator[tuple[str, Decimal]]:
    is_nobody = pl.any_horizontal(pl.col(name).is_null() for name in CUSTOMER)
    nobody, somebody = cells.filter(is_nobody), cells.filter(~is_nobody)
    fx = _sum(nobody, _FX)
    yield "fx", fx
    yield "allocation", _sum(nobody, _PROFIT_NOW - _PROFIT) - fx
    yield "new", _sum(somebody.filter(~pl.col("had")), _PROFIT_NOW)
    yield "churn", -_sum(somebody.filter(~pl.col("has")), _PROFIT)
    yield from _kept_moves(somebody.filter(pl.col("had") & pl.col("has")))


def _kept_moves(kept: pl.DataFrame) -> Iterator[tuple[str, Decimal]]:
    """Yield what kept customers changed; begun or ended use is volume, without units prices."""
    revenue = pl.col("revenue_now") - pl.col("revenue")
    cost = pl.col("cost") - pl.col("cost_before_fx_now")
    yield "fx", _sum(kept, _FX)
    begun_or_ended, unused = kept.filter(_USED != _USED_NOW), kept.filter(~_USED & ~_USED_NOW)
    yield "volume", _sum(begun_or_ended, revenue + cost)
    yield "price", _sum(unused, revenue)
    yield "provider_price", _sum(unused, cost)
    yield from _counted_moves(kept.filter(_USED & _USED_NOW))


def _counted_moves(pairs: pl.DataFrame) -> Iterator[tuple[str, Decimal]]:
    """Yield price, provider price, volume at each metric's average profit, and mix: the rest."""
    units, units_now = pairs["quantity"].to_list(), pairs["quantity_now"].to_list()
    revenue_at_old, cost_at_old = (
        sum(map(_at_quantity, pairs[name].to_list(), units, units_now), ZERO)
        for name in ("revenue", "cost")
    )
    volume = _volume(pairs)
    yield "price", _sum(pairs, pl.col("revenue_now")) - revenue_at_old
    yield "provider_price", cost_at_old - _sum(pairs, pl.col("cost_before_fx_now"))
    yield "volume", volume
    yield "mix", revenue_at_old - cost_at_old - _sum(pairs, _PROFIT) - volume


def _volume(pairs: pl.DataFrame) -> Decimal:
    """Return what more or fewer units are, at the average profit of their service's metric."""
    metrics = pairs.group_by("service", "metric_code").agg(
        pl.col("quantity", "quantity_now").sum(), profit=_PROFIT.sum()
    )
    found = metrics.select("profit", "quantity", "quantity_now").iter_rows()
    return sum((_at_quantity(profit, old, new) - profit for profit, old, new in found), ZERO)


def _at_quantity(amount: Decimal, quantity: Decimal, other: Decimal) -> Decimal:
    """Return an amount as it would be at another quantity, half-up at 12 decimals."""
    return (amount * other / quantity).quantize(_SMALLEST)


def _beside(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Return the cells of both groups side by side, 0 where one has none, and who had any."""
    customers = [
        cells.select(CUSTOMER).unique().with_columns(pl.lit(value=True).alias(name))
        for name, cells in (("had", before), ("has", after))
    ]
    both = before.join(
        after, on=CELL_KEYS, how="full", nulls_equal=True, coalesce=True, suffix="_now"
    )
    for each in customers:
        both = both.join(each, on=CUSTOMER, how="left", nulls_equal=True)
    sums = [f"{name}{suffix}" for name in SUMS for suffix in ("", "_now")]
    return both.with_columns(
        pl.col(sums).fill_null(ZERO), pl.col("had", "has").fill_null(value=False)
    )


def _cells(parts: pl.DataFrame, fx_changes: Mapping[str, Decimal]) -> pl.DataFrame:
    cells = parts.group_by(CELL_KEYS).agg(
        revenue=revenue_column().sum(), cost=pl.col("cogs_cad").sum(),
        quantity=pl.col("quantity").sum(),
    )  # fmt: skip
    changed = parts.filter(pl.col("provider").is_in(list(fx_changes)))
    if changed.is_empty():
        return cells.with_columns(cost_before_fx="cost")
    costs = changed.group_by(*CELL_KEYS, "provider").agg(pl.col("cogs_cad").sum())
    more = [
        (cost / fx_changes[provider]).quantize(_SMALLEST) - cost
        for provider, cost in costs.select("provider", "cogs_cad").iter_rows()
    ]
    by_cell = costs.with_columns(pl.Series("more", more, QUANTITY)).group_by(CELL_KEYS)
    joined = cells.join(
        by_cell.agg(pl.col("more").sum()), on=CELL_KEYS, how="left", nulls_equal=True
    )
    return joined.with_columns(cost_before_fx=pl.col("cost") + pl.col("more").fill_null(ZERO)).drop(
        "more"
    )


def _sum(cells: pl.DataFrame, amount: pl.Expr) -> Decimal:
    found: Decimal | None = cells.select(amount.sum()).item()
    return found or ZERO
