"""Small frames of parts, written as rows."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import polars as pl

from storage.lake_tables import QUANTITY

SCHEMA = {
    "month": pl.Date(),
    "service": pl.String(),
    "account_id": pl.String(),
    "plan_code": pl.String(),
    "metric_code": pl.String(),
    "provider": pl.String(),
    "provider_service": pl.String(),
    "revenue_cents": pl.Int64(),
    "cogs_cad": QUANTITY,
    "estimated_cogs_cad": QUANTITY,
    "quantity": QUANTITY,
    "quantity_included": QUANTITY,
    "lines_count": pl.Int64(),
    "costs_count": pl.Int64(),
}
Drawn = tuple[str | None, str | None, str | None, int, Decimal | str, Decimal | str]


def parts_of(
    month: date, rows: Sequence[Drawn], *, included: str = "0", provider: str = "Example Cloud"
) -> pl.DataFrame:
    """Return parts of (service, account, metric, revenue in cents, COGS, quantity)."""
    found = [
        (
            month, service, account, "pro", metric, provider, "Compute", cents, Decimal(cogs),
            Decimal(0), Decimal(quantity), Decimal(included), 1, 1,
        )
        for service, account, metric, cents, cogs, quantity in rows
    ]  # fmt: skip
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def imported_costs(costs: pl.LazyFrame) -> pl.LazyFrame:
    """Return cost rows as attributed costs: on their month's first day, owned as they say."""
    return costs.select(
        "provider", "provider_service", "service", "account_id", "cogs_cad", "metric_code",
        day="month", is_estimate=pl.lit(value=False), rule_id=pl.lit(None, pl.String),
    )  # fmt: skip
