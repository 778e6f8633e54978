"""Costs and rates to CAD come out of a real Odoo at both doors, once each, all or none."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.costs import fusion_api
from dashboards.costs.cost_cursor import cursor_position
from dashboards.costs.cost_store import costs_in_effect
from dashboards.costs.fusion_api import FusionApi, names_from_text, sync_fusion_api
from dashboards.costs.fx_store import add_rates
from dashboards.costs.rate_sources import rates_of_odoo
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from storage.lake import Lake
from storage.lake_tables import COST
from storage.state import State, open_state
from tests.odoo.api_keys import with_api_key
from tests.odoo_bridge.makers import entered
from tests.prepared import prepared_lake
from tests.real_parts import OdooDatabase, OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

MODEL = "fusion.api.usage.daily"
AT = datetime(2026, 11, 2, 6, tzinfo=UTC)
RATE = 1.3725


@pytest.fixture(scope="module")
def rolled_up(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase, OdooDatabase]]:
    """Provide a database with the roll-up's stand-in and a USD rate: admin, user, and by key."""
    with odoo_server.fresh_database() as admin:
        admin.call("ir.module.module", "update_list")
        module = admin.call("ir.module.module", "search", [["name", "=", "fusion_api_stub"]])
        admin.call("ir.module.module", "button_immediate_install", module)
        usd = currency(admin, "USD")
        admin.call("res.currency", "write", [usd], {"active": True})
        rate = {"currency_id": usd, "name": "2026-10-01", "inverse_company_rate": RATE}
        admin.call("res.currency.rate", "create", [rate])
        user = with_integration_user(admin)
        yield admin, user, with_api_key(admin, user)


@pytest.fixture
def admin(rolled_up: tuple[OdooDatabase, OdooDatabase, OdooDatabase]) -> OdooDatabase:
    """Provide the administrator of a database without any roll-up."""
    admin = rolled_up[0]
    admin.call(MODEL, "unlink", admin.call(MODEL, "search", []))
    return admin


@pytest.fixture(params=["jsonrpc", "json2"])
def odoo(
    request: pytest.FixtureRequest, rolled_up: tuple[OdooDatabase, OdooDatabase, OdooDatabase]
) -> OdooConnection:
    """Provide the bridge's user at one door: with a password, or with an API key."""
    _, user, keyed = rolled_up
    return entered(user) if request.param == "jsonrpc" else entered(keyed, transport="json2")


@pytest.fixture
def by_password(rolled_up: tuple[OdooDatabase, OdooDatabase, OdooDatabase]) -> OdooConnection:
    """Provide the bridge's user with a password."""
    return entered(rolled_up[1])


@pytest.fixture
def state(tmp_path: Path, by_password: OdooConnection) -> Iterator[State]:
    """Provide a state that has taken Odoo's rates."""
    opened = open_state("", tmp_path)
    with opened.write() as connection:
        add_rates(connection, rates_of_odoo(by_password), AT)
    yield opened
    opened.close()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Provide an empty lake."""
    opened = Lake(prepared_lake(tmp_path / "lake"))
    yield opened
    opened.close()


def roll_up(admin: OdooDatabase, key: str, cost: float, **changed: OdooValue) -> int:
    """Let the roll-up write one record: yesterday's tokens of one client, in USD."""
    made = {
        "source_id": key, "day": "2026-10-05", "provider": "OpenAI", "model": "gpt", "cost": cost,
        "quantity": 1200.5, "unit": "tokens", "unit_price": 0.0000125, "service": "nexadesk",
        "customer_key": "acct-1", "metric_code": "tokens",
        "currency_id": currency(admin, "USD"), **changed,
    }  # fmt: skip
    return int(admin.call(MODEL, "create", made))


def currency(admin: OdooDatabase, code: str) -> int:
    """Return the id of a currency, used or not."""
    wanted = [["name", "=", code]]
    (found,) = admin.call("res.currency", "search", wanted, context={"active_test": False})
    return int(found)


def position(state: State) -> str | None:
    with state.read() as connection:
        return cursor_position(connection, fusion_api.SOURCE)


def test_the_ledger_s_rates_are_cad_for_one_unit(odoo: OdooConnection) -> None:
    """A rate that Odoo keeps as units for a CAD is read as CAD for a unit, by the bridge's user."""
    rates = rates_of_odoo(odoo)

    found = {(rate.currency, rate.day): rate.rate for rate in rates}
    assert found["USD", date(2026, 10, 1)] == Decimal("1.3725")
    assert all(rate.source == "odoo" and rate.currency != "CAD" for rate in rates)


def test_roll_ups_come_once_with_rate_and_owner(
    admin: OdooDatabase, odoo: OdooConnection, state: State, lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Each record is a cost row at Odoo's rate, over several calls; a raised revision replaces."""
    monkeypatch.setattr(fusion_api, "RECORDS_PER_CALL", 2)
    keys = [roll_up(admin, f"k{number}", cost) for number, cost in enumerate((0.1, 0.2, 12.0625))]
    roll_up(admin, "cad", 2.5, currency_id=currency(admin, "CAD"), customer_key=False)

    first = sync_fusion_api(lake, state, odoo, FusionApi(), at=AT)
    again = sync_fusion_api(lake, state, odoo, FusionApi(), at=AT)
    admin.call(MODEL, "write", keys[:1], {"cost": 0.3, "revision": 2})
    revised = sync_fusion_api(lake, state, odoo, FusionApi(), at=AT)

    assert [kept.new_count for kept in (first, again, revised)] == [4, 0, 1]
    rows = costs_in_effect(lake).sort("source_key").collect()
    costs = dict(rows.select("source_key", "effective_cost").iter_rows())
    expected = {"cad": "2.5", "k0": "0.3", "k1": "0.2", "k2": "12.0625"}
    assert costs == {key: Decimal(cost) for key, cost in expected.items()}
    assert rows["cogs_cad"].sum() == Decimal("2.5") + Decimal("12.5625") * Decimal("1.3725")
    own = rows.filter(rows["source_key"] == "k1").row(0, named=True)
    assert (own["fx_rate"], own["fx_date"], own["fx_source"]) == (
        Decimal("1.3725"), date(2026, 10, 1), "odoo",
    )  # fmt: skip
    assert (own["service"], own["account_id"], own["metric_code"], own["provider_service"]) == (
        "nexadesk", "acct-1", "tokens", "gpt",
    )  # fmt: skip


def test_a_faulty_record_keeps_the_reading_out(
    admin: OdooDatabase, state: State, lake: Lake, by_password: OdooConnection
) -> None:
    """A currency without a rate, or a field that is not there, is named; nothing is taken."""
    roll_up(admin, "sound", 1.0)
    euro = roll_up(admin, "euro", 1.0, currency_id=currency(admin, "EUR"))
    lacks = FusionApi(names=names_from_text("cost=x_amount"))
    unit_is_service = FusionApi(names=names_from_text("provider_service=unit"))

    refused = sync_fusion_api(lake, state, by_password, FusionApi(), at=AT)

    assert [fault.column for fault in refused.faults] == ["BillingCurrency"]
    assert "no rate for EUR" in refused.faults[0].reason
    with pytest.raises(ValueError, match=r"no field x_amount.*FUSION_COSTS_ODOO_FIELDS"):
        sync_fusion_api(lake, state, by_password, lacks, at=AT)
    assert lake.scan(COST).collect().is_empty()
    assert position(state) is None
    admin.call(MODEL, "write", [euro], {"currency_id": currency(admin, "CAD")})
    assert sync_fusion_api(lake, state, by_password, unit_is_service, at=AT).new_count == 2
    assert position(state) is not None
    assert set(costs_in_effect(lake).collect()["provider_service"]) == {"tokens"}
