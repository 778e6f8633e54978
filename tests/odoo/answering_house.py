"""A whole house beside a real Odoo: two services that bill the same clients, asked over HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

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
from odoo_bridge.odoo_value import OdooValue
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_plan
from tests.real_parts import OdooDatabase

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 2, 1, 6, 0, tzinfo=UTC)
CLIENTS = ("listed", "final", "edited", "paid", "credited", "printed", "late")
FEES = {"one": 10_000, "two": 25_000}


@dataclass(frozen=True)
class Answering:
    """Two services, each with a key of its own, and Odoo as its administrator sees it."""

    one: Roof
    two: Roof
    inside: OdooDatabase
    codes: dict[str, str]

    def invoice(self, client: str, roof: Roof | None = None) -> dict[str, Any]:
        """Return the only invoice of a client, as the first service sees it unless told."""
        (found,) = (roof or self.one).get(f"/customers/{client}/invoices")["invoices"]
        return dict(found)

    def move_id(self, lago_id: str) -> int:
        """Return the move of an invoice, found by other eyes than the product's."""
        (found,) = self.inside.call("account.move", "search", [["x_fc_draft_id", "=", lago_id]])
        return int(found)

    def finalized(self, client: str, roof: Roof | None = None) -> tuple[dict[str, Any], int]:
        """Let a service finalize a client's invoice; return it with its move."""
        asker = roof or self.one
        lago_id = self.invoice(client, asker)["lago_id"]
        answer = self.ask("PUT", f"/invoices/{lago_id}/finalize", asker)
        return dict(answer["invoice"]), self.move_id(lago_id)

    def ask(self, method: str, path: str, roof: Roof | None = None) -> dict[str, Any]:
        """Ask for what must be answered with 200."""
        asker = roof or self.one
        answer = asker.client.request(method, f"/api/v1{path}", headers=asker.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refused(self, method: str, path: str, roof: Roof | None = None) -> tuple[int, str]:
        """Ask for what must be refused; return the status and the code."""
        asker = roof or self.one
        answer = asker.client.request(method, f"/api/v1{path}", headers=asker.headers)
        return answer.status_code, str(answer.json()["code"])

    def pay(self, move_ids: list[int], amount: OdooValue) -> None:
        """Let a person register one payment of some invoices."""
        context = {"active_model": "account.move", "active_ids": move_ids}
        asked = {"amount": amount, "payment_date": "2026-02-10", "group_payment": True}
        wizard = self.inside.call("account.payment.register", "create", asked, context=context)
        self.inside.call(
            "account.payment.register", "action_create_payments", [wizard], context=context
        )

    def credit(self, move_id: int, price: OdooValue, reason: str) -> int:
        """Let a person credit a part of an invoice and post that."""
        context = {"active_model": "account.move", "active_ids": [move_id]}
        journal = self.inside.call("account.move", "read", [move_id], ["journal_id"])[0]
        asked = {"reason": reason, "journal_id": journal["journal_id"][0], "date": "2026-02-11"}
        wizard = self.inside.call("account.move.reversal", "create", asked, context=context)
        made = self.inside.call("account.move.reversal", "reverse_moves", [wizard])
        credit_id = int(made["res_id"])
        lines = self.inside.call("account.move", "read", [credit_id], ["invoice_line_ids"])
        change = [(1, lines[0]["invoice_line_ids"][0], {"price_unit": price})]
        self.inside.call("account.move", "write", [credit_id], {"invoice_line_ids": change})
        self.inside.call("account.move", "action_post", [credit_id])
        return credit_id


@contextmanager
def answering_house(folder: Path, admin: OdooDatabase, user: OdooDatabase) -> Iterator[Answering]:
    """Bill January of all clients in both services, send it, and answer on the tenth of March."""
    tag = uuid4().hex[:8]
    codes = {name: f"{name}{tag}" for name in FEES}
    clock = TestClock(OPENED_AT)
    settings = Settings(
        data_dir=folder,
        odoo_url=user.url,
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
    )
    with opened_house(settings, clock) as house:
        app = create_app(house)
        with TestClient(create_front_door(app, house), base_url="http://localhost") as client:
            roofs = {}
            for name, code in codes.items():
                key = _key_of_new_service(house, code)
                roofs[name] = Roof(house, clock, client, key, app.state.scheduler)
                _open_accounts(roofs[name], tag, FEES[name])
            bill_services(house, at=CLOSED_AT)
            _send(house)
            clock.advance(datetime(2026, 3, 10, 12, tzinfo=UTC))
            yield Answering(roofs["one"], roofs["two"], admin, codes)


def _key_of_new_service(house: House, code: str) -> str:
    service = Service(f"id-{code}", code, code, "America/Toronto", "CAD", OPENED_AT)
    with house.state.write() as connection:
        services.add_service(connection, replace(service))
        _, key = api_keys.create_key(connection, code, house.pepper, OPENED_AT)
    return key


def _open_accounts(roof: Roof, tag: str, amount_cents: int) -> None:
    metric = {"name": "Tokens", "code": "tokens", "aggregation_type": "count_agg"}
    made = roof.post("/billable_metrics", {"billable_metric": metric})["billable_metric"]
    roof.post("/plans", {"plan": a_plan(made["lago_id"], "0.01", amount_cents)})
    for client in CLIENTS:
        address = {"external_id": client, "country": "CA", "state": "ON", "name": client}
        address |= {"email": f"{client}@{tag}.example"}
        roof.post("/customers", {"customer": address})
        asked = {"external_customer_id": client, "plan_code": "team"}
        roof.post("/subscriptions", {"subscription": asked | {"external_id": f"sub-{client}"}})


def _send(house: House) -> None:
    odoo = odoo_of(house.settings)
    assert odoo is not None
    report = send_waiting(house.state, odoo, house.settings, at=CLOSED_AT)
    assert (report.sent, report.parked) == (len(CLIENTS) * len(FEES), 0), report
