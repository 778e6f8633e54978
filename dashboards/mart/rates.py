"""What a provider's currency cost in CAD: the blended rate of its charges of some months."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from catalog.money import MONEY_CONTEXT
from dashboards.mart.attributed import costs_that_count
from storage.lake import Lake


def fx_changes(lake: Lake, earlier: Sequence[date], later: Sequence[date]) -> Mapping[str, Decimal]:
    """Return the later ÷ the earlier rate of each provider that bills one foreign currency."""
    before, after = _rates(lake, earlier), _rates(lake, later)
    return {
        provider: MONEY_CONTEXT.divide(rate, before[provider][1])
        for provider, (currency, rate) in after.items()
        if provider in before and before[provider][0] == currency and before[provider][1]
    }


def _rates(lake: Lake, months: Sequence[date]) -> dict[str, tuple[str, Decimal]]:
    costs = costs_that_count(lake).filter(
        pl.col("month").is_in(list(months)) & (pl.col("cogs_cad") != 0)
    )
    sums = (
        costs.group_by("provider", "billing_currency")
        .agg(pl.col("cogs_cad", "effective_cost").sum())
        .filter(pl.col("provider").is_not_null())
        .collect()
    )
    found: dict[str, tuple[str, Decimal]] = {}
    several = set()
    for provider, currency, cad, original in sums.iter_rows():
        if provider in found or not original:
            several.add(provider)
        found[provider] = (currency, MONEY_CONTEXT.divide(cad, original) if original else cad)
    return {
        provider: rate
        for provider, rate in found.items()
        if provider not in several and rate[0] != "CAD" and rate[1] > 0
    }
