"""Our stand-in for Enterprise subscriptions: the public shape, on real Odoo semantics.

These tests prove our code against that shape, and nothing about how Enterprise behaves.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from odoo_bridge.check import Finding, Level, check
from odoo_bridge.checks.subscriptions import CONSOLIDATION_PARAMETER, NEEDED_SHAPES
from odoo_bridge.connection import OdooConnection
from odoo_bridge.fields import setup
from odoo_bridge.odoo_value import OdooValue
from tests.odoo.api_keys import with_api_key
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase, OdooRefusalError, OdooServer
from tests.real_parts.odoo_database import with_integration_user

pytestmark = [pytest.mark.xdist_group("odoo"), pytest.mark.stub]

STUB = "sale_subscription_stub"
FIRST_DAY = date(2026, 1, 1)


@pytest.fixture(scope="module")
def stubbed(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase]]:
    """Provide a database with the stub and Odoo's documentation: administrator and user by key."""
    with odoo_server.fresh_database() as admin:
        admin.call("ir.module.module", "update_list")
        wanted = [["name", "in", [STUB, "api_doc"]]]
        modules = admin.call("ir.module.module", "search", wanted)
        admin.call("ir.module.module", "button_immediate_install", modules)
        setup(entered(admin), dry_run=False)
        user = with_integration_user(admin)
        allowed = {"group_ids": [(4, admin.record_id("api_doc.group_allow_doc"))]}
        admin.call("res.users", "write", [user.user_id], allowed)
        yield admin, with_api_key(admin, user)


@pytest.fixture
def admin(stubbed: tuple[OdooDatabase, OdooDatabase]) -> OdooDatabase:
    """Provide the administrator, who may run what the clock runs."""
    return stubbed[0]


@pytest.fixture
def odoo(stubbed: tuple[OdooDatabase, OdooDatabase]) -> OdooConnection:
    """Provide the bridge's own way in, with minimal rights."""
    return entered(stubbed[1], transport="json2")


def a_subscription(admin: OdooDatabase, odoo: OdooConnection, **values: OdooValue) -> int:
    """Let the bridge's user make and confirm a monthly subscription of 49.99 and a 7.77 set-up."""
    made = {"type": "service", "invoice_policy": "order"}
    base = made | {"name": "Base", "list_price": 49.99, "recurring_invoice": True}
    products = odoo.call(
        "product.product", "create", [base, made | {"name": "Set-up", "list_price": 7.77}]
    )
    partner = {"name": "Acme", "country_id": admin.record_id("base.ca")}
    partner["state_id"] = admin.record_id("base.state_ca_on")
    lines = [(0, 0, {"product_id": product, "product_uom_qty": 1}) for product in products]
    order = {
        "partner_id": odoo.call("res.partner", "create", partner),
        "plan_id": admin.record_id(f"{STUB}.plan_month"),
        "start_date": FIRST_DAY.isoformat(),
        "require_payment": False,
        "order_line": lines,
    }
    order_id = int(odoo.call("sale.order", "create", order | values))
    odoo.call("sale.order", "action_confirm", [order_id])
    return order_id


def bill(admin: OdooDatabase) -> None:
    """Let the scheduled action run once."""
    _, cron = admin.call(
        *("ir.model.data", "check_object_reference", STUB, "cron_recurring_invoices"),
        context={"active_test": False},
    )
    admin.call("ir.cron", "method_direct_trigger", [cron])


def read(odoo: OdooConnection, order_id: int, *fields: str) -> OdooValue:
    return odoo.call("sale.order", "read", [order_id], list(fields))[0]


def amounts(odoo: OdooConnection, order_id: int) -> list[Decimal]:
    """Return the untaxed amounts of an order's invoices, oldest first."""
    move_ids = sorted(read(odoo, order_id, "invoice_ids")["invoice_ids"])
    moves = odoo.call("account.move", "read", move_ids, ["amount_untaxed"])
    return [Decimal(repr(move["amount_untaxed"])) for move in moves]


def of_subscriptions(findings: list[Finding]) -> list[Finding]:
    names = [needed.model for needed in NEEDED_SHAPES]
    return [found for found in findings if any(found.what.startswith(name) for name in names)]


def test_each_period_is_billed_once(admin: OdooDatabase, odoo: OdooConnection) -> None:
    """The first invoice has the one-time line too, later ones only what recurs."""
    order_id = a_subscription(admin, odoo)
    bill(admin)
    bill(admin)
    fields = ("is_subscription", "subscription_state", "next_invoice_date")
    told = read(odoo, order_id, *fields)

    assert amounts(odoo, order_id) == [Decimal("57.76"), Decimal("49.99")]
    assert [told[name] for name in fields] == [True, "3_progress", "2026-03-01"]


def test_the_clock_is_not_ours_to_turn(odoo: OdooConnection, admin: OdooDatabase) -> None:
    """What Enterprise keeps private is refused here as well."""
    order_id = a_subscription(admin, odoo)
    with pytest.raises(OdooRefusalError):
        admin.call("sale.order", "_create_recurring_invoice", [order_id])


def test_a_paused_subscription_is_not_billed(admin: OdooDatabase, odoo: OdooConnection) -> None:
    """Paused, it waits; resumed, it is billed; closed, it says why."""
    order_id = a_subscription(admin, odoo)
    odoo.call("sale.order", "pause_subscription", [order_id])
    bill(admin)
    paused = amounts(odoo, order_id)
    odoo.call("sale.order", "resume_subscription", [order_id])
    bill(admin)
    reason = admin.record_id(f"{STUB}.close_reason_end_of_contract")
    odoo.call("sale.order", "set_close", [order_id], close_reason_id=reason)
    closed = read(odoo, order_id, "subscription_state", "close_reason_id")

    assert (paused, len(amounts(odoo, order_id))) == ([], 1)
    assert (closed["subscription_state"], closed["close_reason_id"][0]) == ("6_churn", reason)


def test_without_a_token_a_payable_order_waits(admin: OdooDatabase, odoo: OdooConnection) -> None:
    """An order that wants payment online and has no card is not billed by the clock."""
    order_id = a_subscription(admin, odoo, require_payment=True)
    bill(admin)

    assert amounts(odoo, order_id) == []


def test_the_shape_is_the_one_we_need(odoo: OdooConnection) -> None:
    """Fields and methods that the bridge needs are found in Odoo's own documentation."""
    found = of_subscriptions(check(odoo, datetime.now(UTC)))

    assert [finding.level for finding in found] == [Level.OK] * len(NEEDED_SHAPES)
    assert all("fields and methods" in finding.what for finding in found)


def test_without_documentation_fields_are_compared(
    odoo: OdooConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Odoo's documentation can't be read, the fields are still compared, and it is said."""
    monkeypatch.setattr(OdooConnection, "documentation", lambda _odoo, _model: None)
    found = of_subscriptions(check(odoo, datetime.now(UTC)))

    assert [finding.level for finding in found] == [Level.OK] * len(NEEDED_SHAPES)
    assert "methods can't be seen" in found[0].what


def test_another_shape_is_told(odoo: OdooConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Enterprise that lacks a field or a method is named with what it lacks."""
    monkeypatch.setattr(
        OdooConnection, "documentation", lambda _odoo, _model: {"fields": {}, "methods": {}}
    )
    first = of_subscriptions(check(odoo, datetime.now(UTC)))[0]

    assert first.level is Level.FAIL
    assert "sale.order lacks plan_id" in first.what
    assert "set_close()" in first.what


def test_consolidation_is_found(admin: OdooDatabase, odoo: OdooConnection) -> None:
    """Consolidated invoicing fails the check of whoever may see it; others are told to look."""
    hidden = [found for found in check(odoo, datetime.now(UTC)) if "consolidated" in found.what]
    admin.call("ir.config_parameter", "set_param", CONSOLIDATION_PARAMETER, "True")
    seen = [
        found for found in check(entered(admin), datetime.now(UTC)) if "consolidated" in found.what
    ]
    admin.call("ir.config_parameter", "set_param", CONSOLIDATION_PARAMETER, "False")

    assert [found.level for found in hidden] == [Level.WARN]
    assert [found.level for found in seen] == [Level.FAIL]
    assert "one invoice" not in seen[0].what
