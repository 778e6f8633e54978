"""From Lago's pushes to a real Odoo 19: one partner, one draft invoice for each service, once."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.services import Service
from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.odoo import odoo_of, send_waiting
from fusion_billing.settings import Settings
from odoo_bridge.fields import setup
from odoo_bridge.send_report import SendReport
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase
from tests.real_parts.odoo_database import with_integration_user

pytestmark = pytest.mark.xdist_group("odoo")

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 2, 1, 6, 0, tzinfo=UTC)
CENT = Decimal("0.01")
SERVICES = ("nexadesk", "nexamaps")


def settings_for(folder: Path, user: OdooDatabase) -> Settings:
    """Return settings that name a test database as the Odoo."""
    return Settings(
        data_dir=folder,
        odoo_url=user.url,
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
    )


def use_both_services(house: House, clock: TestClock) -> None:
    """Let one client, known to both services by its e-mail, use both of them in January."""
    app = create_app(house)
    with TestClient(create_front_door(app, house), base_url="http://localhost") as client:
        for number, code in enumerate(SERVICES):
            service = Service(f"id-{code}", code, code.title(), "America/Toronto", "CAD", OPENED_AT)
            with house.state.write() as connection:
                services.add_service(connection, service)
                _, key = api_keys.create_key(connection, code, house.pepper, OPENED_AT)
            roof = Roof(house, clock, client, key, app.state.scheduler)
            open_account(roof, amount="0.0333", amount_cents=4_990 + number)
            roof.post(
                "/customers", {"customer": {"external_id": "acme", "email": "ap@acme.example"}}
            )
            roof.post("/events", {"event": a_push("1", tokens=1_777 + number)})


def send(house: House) -> SendReport:
    """Send what waits to the configured Odoo."""
    odoo = odoo_of(house.settings)
    assert odoo is not None
    return send_waiting(house.state, odoo, house.settings, at=CLOSED_AT)


def test_two_services_become_two_draft_invoices_of_one_partner(
    odoo_database: OdooDatabase, tmp_path: Path
) -> None:
    """Untaxed totals are the rated totals, tax is 13 % HST, and a second run creates nothing."""
    setup(entered(odoo_database), dry_run=False)
    user = with_integration_user(odoo_database)
    clock = TestClock(OPENED_AT)
    with opened_house(settings_for(tmp_path, user), clock) as house:
        use_both_services(house, clock)
        reports = bill_services(house, at=CLOSED_AT)

        first, second = send(house), send(house)

    rated = {report.service_code: Decimal(report.amount_cents) / 100 for report in reports}
    moves = odoo_database.call(
        "account.move",
        "search_read",
        [["move_type", "=", "out_invoice"]],
        ["x_fc_service", "amount_untaxed", "amount_tax", "state", "partner_id"],
    )
    assert rated == {"nexadesk": Decimal("109.07"), "nexamaps": Decimal("109.12")}
    assert {move["x_fc_service"]: Decimal(repr(move["amount_untaxed"])) for move in moves} == rated
    for move in moves:
        untaxed, tax = (Decimal(repr(move[name])) for name in ("amount_untaxed", "amount_tax"))
        assert tax == (untaxed * Decimal("0.13")).quantize(CENT, ROUND_HALF_UP)
    assert {move["state"] for move in moves} == {"draft"}
    assert len({move["partner_id"][0] for move in moves}) == 1
    assert (first.sent, first.parked, second.sent, second.already_there) == (2, 0, 0, 0)
    assert len(moves) == 2
