"""Gross profit and gross margin: exact sums, unit economics, losses and their causes, bridges."""

from dashboards.margin.bases import BASES, Basis, basis_reason
from dashboards.margin.bridge import BARS, Bridge, bridge_between
from dashboards.margin.causes import Loss, losses
from dashboards.margin.daily import (
    DAILY_KEYS,
    MEASURES,
    MONTHLY_KEYS,
    daily_parts,
    monthly_parts,
    with_owners,
)
from dashboards.margin.figures import (
    CURRENCY,
    KEYS,
    NEGATIVE_REVENUE,
    NO_REVENUE,
    Margin,
    below_zero,
    foreign_lines,
    margin_parts,
    margin_rows,
    margin_sum,
    margin_total,
    months_without_cost,
    negative_accounts,
    negative_accounts_by_month,
    regrouped,
    with_margins,
)
from dashboards.margin.unit_economics import UnitEconomics, unit_economics

__all__ = [
    "BARS",
    "BASES",
    "CURRENCY",
    "DAILY_KEYS",
    "KEYS",
    "MEASURES",
    "MONTHLY_KEYS",
    "NEGATIVE_REVENUE",
    "NO_REVENUE",
    "Basis",
    "Bridge",
    "Loss",
    "Margin",
    "UnitEconomics",
    "basis_reason",
    "below_zero",
    "bridge_between",
    "daily_parts",
    "foreign_lines",
    "losses",
    "margin_parts",
    "margin_rows",
    "margin_sum",
    "margin_total",
    "monthly_parts",
    "months_without_cost",
    "negative_accounts",
    "negative_accounts_by_month",
    "regrouped",
    "unit_economics",
    "with_margins",
    "with_owners",
]
