"""What a provider's currency cost in CAD: the blended rate of its charges of some months."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT
from dashboards.mart.attributed import costs_that_count
from dashboards.mart.cube import Cube
from storage.lake import Lake


def fx_changes(
    cube: Cube, lake: Lake, earlier: Sequence[date], later: Sequence[date]
) -> Mapping[str, Decimal]:
    """Return the later ÷ the earlier rate of each provider that bills one foreign currency."""
    sums = cube.remembered("costs by currency", lambda: _sums_by_month(lake))
    before, after = _rates(sums, earlier), _rates(sums, later)
    return {
        provider: MONEY_CONTEXT.divide(rate, before[provider][1])
        for provider, (currency, rate) in after.items()
        if provider in before and before[provider][0] == currency and before[provider][1]
    }


def _sums_by_month(lake: Lake) -> pl.DataFrame:
    """Return what each provider charged by month and currency: one pass over all its rows."""
    costs = costs_that_count(lake).filter(
        pl.col("provider").is_not_null() & (pl.col("cogs_cad") != 0)
    )
    grouped = costs.group_by("month", "provider", "billing_currency")
    return grouped.agg(pl.col("cogs_cad", "effective_cost").sum()).collect()


def _rates(sums: pl.DataFrame, months: Sequence[date]) -> dict[str, tuple[str, Decimal]]:
    chosen = sums.filter(pl.col("month").is_in(list(months)))
    charged = chosen.group_by("provider", "billing_currency").agg(
        pl.col("cogs_cad", "effective_cost").sum()
    )
    found: dict[str, tuple[str, Decimal]] = {}
    several = set()
    for provider, currency, cad, original in charged.iter_rows():
        if provider in found or not original:
            several.add(provider)
        found[provider] = (currency, MONEY_CONTEXT.divide(cad, original) if original else cad)
    return {
        provider: rate
        for provider, rate in found.items()
        if provider not in several and rate[0] != "CAD" and rate[1] > 0
    }
