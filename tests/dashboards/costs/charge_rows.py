"""Makers of cost rows for tests: a sound row, changed where a test says so."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import polars as pl

from dashboards.costs.charges import CHARGE_SCHEMA, Charges, Stamp, cost_rows
from dashboards.costs.fx import FxRates
from storage.lake_tables import COST

DAY = date(2026, 10, 5)
AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


def a_charge(
    cost: str | Decimal = "1", *, day: date = DAY, days: int = 1, **changed: object
) -> dict[str, object]:
    """Return one charge in CAD for whole UTC days, with some values changed."""
    start = datetime.combine(day, time(), tzinfo=UTC)
    return {
        "provider": "Example Cloud",
        "charge_category": "Usage",
        "billing_currency": "CAD",
        "effective_cost": Decimal(cost),
        "billed_cost": Decimal(cost),
        "charge_period_start": start,
        "charge_period_end": start + timedelta(days=days),
        "row_number": 1,
        **changed,
    }


def a_batch(
    *charges: Mapping[str, object],
    source: str = "series",
    revision: int | None = None,
    at: datetime = AT,
) -> pl.DataFrame:
    """Return charges as rows of the cost table."""
    frame = pl.DataFrame(list(charges), schema=CHARGE_SCHEMA)
    stamp = Stamp(source, f"{source}-{revision}-{at.isoformat()}", at, revision)
    read = cost_rows(Charges(frame, ()), FxRates(), stamp)
    assert not read.faults
    assert dict(read.costs.schema) == COST.polars_schema
    return read.costs
