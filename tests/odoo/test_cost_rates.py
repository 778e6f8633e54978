"""Rates to CAD come out of a real Odoo as its ledger uses them."""

from datetime import date
from decimal import Decimal

import pytest

from dashboards.costs.rate_sources import rates_of_odoo
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")


def test_the_ledger_s_rates_are_cad_for_one_unit(odoo_database: OdooDatabase) -> None:
    """A rate that Odoo keeps as units for a CAD is read as CAD for a unit, by the bridge's user."""
    admin = entered(odoo_database)
    currencies = admin.call(
        "res.currency",
        "search_read",
        [["name", "=", "USD"]],
        ["id"],
        context={"active_test": False},
    )
    usd = currencies[0]["id"]
    admin.call("res.currency", "write", [usd], {"active": True})
    row = {"currency_id": usd, "name": "2026-10-01", "inverse_company_rate": 1.3725}
    admin.call("res.currency.rate", "create", [row])

    rates = rates_of_odoo(entered(with_integration_user(odoo_database)))

    found = {(rate.currency, rate.day): rate.rate for rate in rates}
    assert found["USD", date(2026, 10, 1)] == Decimal("1.3725")
    assert all(rate.source == "odoo" and rate.currency != "CAD" for rate in rates)
