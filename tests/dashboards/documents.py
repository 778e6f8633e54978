"""What the seeded house needs so that every page of a document has one: rule, prices, invoices."""

from datetime import date, datetime
from decimal import Decimal

import polars as pl

from dashboards.costs.estimates import CostPrice
from dashboards.costs.price_store import add_price
from dashboards.costs.rule_store import add_rule
from dashboards.costs.rules import CostRule, RuleKind, Target
from storage.lake import Lake
from storage.lake_tables import USAGE_DAILY
from storage.state import State
from tests.dashboards.invoicing import seed_invoices
from tests.dashboards.seed import NOW

LONG_AGO = date(2020, 1, 1)
THIRDS = CostRule(
    "thirds", RuleKind.EVEN, LONG_AGO, {"provider": "Example Cloud", "service": "nexadesk"},
    targets=tuple(Target("nexadesk", f"acct-0{number}") for number in (1, 2, 3)), position=1,
)  # fmt: skip
DIVISION = "rule=thirds&day=2026-11-01&provider=Example+Cloud&provider_service=Compute"
BILL = "provider=Example+Cloud&file=seed"
INVOICE = "line=line-0-0-4-use"
LISTED = CostPrice("listed", "Example Cloud", "Compute", "nexavoice", "minutes",
                   Decimal("0.0187"), "CAD", date(2026, 1, 1))  # fmt: skip
OVERRIDE = CostPrice("override", "Example Cloud", "Compute", "nexavoice", "minutes",
                     Decimal("0.02"), "CAD", date(2026, 11, 1), is_override=True)  # fmt: skip
OLD = CostPrice("old", "Example Cloud", "Compute", "nexadesk", "ai_replies", Decimal("0.0215"),
                "CAD", date(2025, 1, 1), date(2026, 1, 1))  # fmt: skip
COMING = CostPrice("coming", "Example Cloud", "Compute", "nexacloud", "tokens",
                   Decimal("0.0000034"), "USD", date(2027, 1, 1))  # fmt: skip
MINUTES = {date(2026, 11, 1): Decimal(1000), date(2026, 11, 2): Decimal(500)}


def seed_documents(lake: Lake, state: State) -> None:
    """Put Odoo's invoices, a rule that divides, four prices and two days of usage into a house."""
    seed_invoices(lake, state)
    with state.write() as connection:
        add_rule(connection, THIRDS, NOW)
    seed_prices(lake, state, NOW)


def seed_prices(lake: Lake, state: State, at: datetime) -> None:
    """Put the prices and the usage they estimate into a house."""
    with state.write() as connection:
        for price in (LISTED, OVERRIDE, OLD, COMING):
            add_price(connection, price, at)
    rows = [
        {"month": day.replace(day=1), "service": "nexavoice", "metric_code": "minutes",
         "subscription_id": "sub-acct-01", "day": day, "value_sum": minutes}
        for day, minutes in MINUTES.items()
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=USAGE_DAILY.polars_schema)
    lake.append_unless(USAGE_DAILY, frame, column="service", value="nexavoice")
