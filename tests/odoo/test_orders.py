"""Orders on a real Odoo 19 Community: one for each subscription, whatever breaks on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.services import ServiceMode
from fusion_billing.cli import app
from odoo_bridge.faults import OdooFault
from odoo_bridge.loading import loaded_ids
from odoo_bridge.orders.order_store import OdooOrder
from odoo_bridge.orders.syncing import Step
from tests.odoo.house import House
from tests.odoo.ordering import KilledError, OrderBook, counting
from tests.odoo_bridge.broken_line import BrokenLine, Cut
from tests.real_parts import OdooDatabase, OdooRefusalError

pytestmark = pytest.mark.xdist_group("odoo")

WRITES_OF_A_NEW_ORDER = 6
RUNS_MAX = 40


@pytest.fixture
def book(
    shared: tuple[OdooDatabase, OdooDatabase, OdooDatabase], tmp_path: Path
) -> Iterator[OrderBook]:
    """Provide a live service without plans beside the real Odoo."""
    made = OrderBook(shared[0], tmp_path / "book", ServiceMode.LIVE)
    yield made
    made.state.close()


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_a_subscription_becomes_one_confirmed_order(
    book: OrderBook, house: House, transport: str
) -> None:
    """The order shows the fee and has nothing to invoice; a second run asks Odoo nothing."""
    odoo = counting(house.keyed, transport)
    running = book.subscribe(book.plan("team", 4900))
    foreseen = book.sync(odoo, dry_run=True)
    asked_by_dry_run = odoo.calls
    first = book.sync(odoo)
    odoo.calls = 0
    second = book.sync(odoo)
    (order,) = book.orders()
    kept = book.kept(odoo, running)

    assert [one.step for one in foreseen.orders] == [Step.CREATE]
    assert (asked_by_dry_run, odoo.calls, second.orders) == (0, 0, ())
    assert (first.has_problems, first.remaining) == (False, 0)
    assert (order["state"], order["invoice_status"], order["require_payment"]) == (
        *("sale", "no"),
        False,
    )
    assert book.lines(order) == [("team", 1.0, 49.0)]
    assert kept is not None
    assert (kept.order_id, kept.name) == (order["id"], order["name"])
    with pytest.raises(OdooRefusalError, match="No items are available"):
        invoiced_by_hand(book, order["id"])


def invoiced_by_hand(book: OrderBook, order_id: int) -> None:
    """Let a person press Create Invoice on an order."""
    asked = {"advance_payment_method": "delivered", "sale_order_ids": [(6, 0, [order_id])]}
    wizard = book.inside.call("sale.advance.payment.inv", "create", asked)
    book.inside.call("sale.advance.payment.inv", "create_invoices", [wizard])


@pytest.mark.parametrize(
    "writes",
    [
        *(3, 5),
        *(pytest.param(count, marks=pytest.mark.nightly) for count in (1, 2, 4, 6)),
    ],
)
def test_killed_after_any_write_there_is_one_order(
    book: OrderBook, house: House, writes: int
) -> None:
    """Killed right after any write, with nothing remembered of it, the next run ends it well."""
    running = book.subscribe(book.plan("team", 4900))
    with pytest.raises(KilledError):
        book.sync(counting(house.user, dies_after_writes=writes))
    report = book.sync(house.odoo)
    (order,) = book.orders()

    assert not report.has_problems
    assert (order["state"], book.lines(order)) == ("sale", [("team", 1.0, 49.0)])
    assert len(order["order_line"]) == 2
    assert book.kept(house.odoo, running) is not None


@pytest.mark.parametrize("how", [Cut.AFTER, pytest.param(Cut.BEFORE, marks=pytest.mark.nightly)])
def test_every_call_may_break_once(
    book: OrderBook, house: House, line: BrokenLine, how: Cut
) -> None:
    """Wherever calls break, each of two subscriptions is one order in the end."""
    plan = book.plan("team", 4900)
    for client in ("acme", "beta"):
        book.subscribe(plan, client)
    odoo = house.through(line, "json2")
    line.cut_every_call_once(how)
    for _ in range(RUNS_MAX):
        try:
            if not book.sync(odoo).has_problems:
                break
        except OdooFault:
            continue

    assert line.cuts > WRITES_OF_A_NEW_ORDER
    assert [book.lines(order) for order in book.orders()] == [[("team", 1.0, 49.0)]] * 2


def test_a_change_of_plan_stays_on_the_order(book: OrderBook, house: House) -> None:
    """Up, down and back again is one order; only the running plan counts, at its exact price."""
    team, pro = book.plan("team", 4900), book.plan("pro", 12345)
    first = book.subscribe(team)
    book.sync(house.odoo)
    second = book.change_plan(first, pro)
    upgraded = book.sync(house.odoo)
    (after,) = book.orders()
    third = book.change_plan(second, team)
    book.sync(house.odoo)
    (order,) = book.orders()

    assert [one.step for one in upgraded.orders] == [Step.CHANGE]
    assert (after["amount_untaxed"], after["invoice_status"]) == (123.45, "no")
    assert [(name, count) for name, count, _ in book.lines(order)] == [
        *(("team", 0.0), ("pro", 0.0), ("team", 1.0)),
    ]
    assert order["amount_untaxed"] == 49.0
    assert book.kept(house.odoo, first) == book.kept(house.odoo, third) != None  # noqa: E711 - one chain of equals


def test_killed_in_an_upgrade_the_order_is_settled_later(book: OrderBook, house: House) -> None:
    """Killed after the new line or the old one's end, the next run leaves one running line."""
    team, pro = book.plan("team", 4900), book.plan("pro", 9900)
    running = book.subscribe(team)
    book.sync(house.odoo)
    for writes, plan in ((1, pro), (2, team)):
        running = book.change_plan(running, plan)
        with pytest.raises(KilledError):
            book.sync(counting(house.user, dies_after_writes=writes))
        book.sync(house.odoo)
    (order,) = book.orders()

    assert [count for _, count, _ in book.lines(order)] == [0.0, 0.0, 1.0]
    assert order["amount_untaxed"] == 49.0


def an_invoice(house: House, order: OdooOrder, partner_id: int, key: str) -> int:
    """Load an invoice as the bridge does, its lines tied to the order's note."""
    columns = [
        *("id", "move_type", "partner_id/.id", "invoice_date", "invoice_date_due"),
        *("invoice_origin", "invoice_line_ids/id", "invoice_line_ids/name"),
        *("invoice_line_ids/quantity", "invoice_line_ids/price_unit"),
        "invoice_line_ids/sale_line_ids/.id",
    ]
    header = [f"__fb__.t_{key}", "out_invoice", str(partner_id), "2026-11-22", "2026-12-22"]
    rows = [
        [*header, order.name, f"__fb__.t_{key}_1", "Fee", "1", "49.00", str(order.note_line_id)],
        [*[""] * 6, f"__fb__.t_{key}_2", "Tokens", "1", "3.21", str(order.note_line_id)],
    ]
    return loaded_ids(house.odoo, "account.move", columns, rows)[0]


def test_invoices_hang_on_the_order_and_it_stays_closed(book: OrderBook, house: House) -> None:
    """Every period's invoice is the order's; ended, it is locked and its drafts go on living."""
    running = book.subscribe(book.plan("team", 4900))
    book.sync(house.odoo)
    order = book.kept(house.odoo, running)
    assert order is not None
    (before,) = book.orders()
    moves = [an_invoice(house, order, before["partner_id"][0], f"{book.tag}_{n}") for n in range(2)]
    book.end(running)
    report = book.sync(house.odoo)
    (closed,) = book.orders()
    states = book.inside.call("account.move", "read", moves, ["state"])

    assert [one.step for one in report.orders] == [Step.CLOSE]
    assert (closed["state"], closed["locked"], closed["x_fc_subscription_status"]) == (
        *("sale", True),
        "terminated",
    )
    assert sorted(closed["invoice_ids"]) == sorted(moves)
    assert closed["invoice_status"] == "no"
    assert {state["state"] for state in states} == {"draft"}
    assert book.sync(house.odoo).orders == ()
    assert book.kept(house.odoo, running) == order


def test_each_service_has_its_own_order_for_one_client(book: OrderBook, house: House) -> None:
    """Two services of a client are two orders of one partner, so that invoices stay separate."""
    book.subscribe(book.plan("team", 4900))
    book.subscribe(book.plan("team", 900, service=book.another_service()))
    book.sync(house.odoo)
    orders = book.orders()

    assert [order["amount_untaxed"] for order in orders] == [49.0, 9.0]
    assert len({order["partner_id"][0] for order in orders}) == 1


def test_only_a_live_service_has_orders(house: House, tmp_path: Path) -> None:
    """A service in shadow asks Odoo nothing and writes nothing."""
    book = OrderBook(house.inside, tmp_path / "shadow", ServiceMode.SHADOW)
    book.subscribe(book.plan("team", 4900))
    odoo = counting(house.user)
    report = book.sync(odoo)
    book.state.close()

    assert (report.orders, odoo.calls, book.orders()) == ((), 0, [])


def test_what_people_ended_in_odoo_is_not_begun_again(book: OrderBook, house: House) -> None:
    """A cancelled order is told and left; a deleted one is made anew on demand only."""
    team, pro = book.plan("team", 4900), book.plan("pro", 9900)
    running = book.subscribe(team)
    book.sync(house.odoo)
    (order,) = book.orders()
    book.inside.call("sale.order", "action_cancel", [order["id"]])
    running = book.change_plan(running, pro)
    cancelled = book.sync(house.odoo)
    book.inside.call("sale.order", "unlink", [order["id"]])
    deleted = book.sync(house.odoo)
    none = book.orders()
    recreated = book.sync(house.odoo, recreate=True)

    assert "was cancelled in Odoo, but the subscription runs" in str(cancelled.orders[0].problem)
    assert "--recreate" in str(deleted.orders[0].problem)
    assert none == []
    assert not recreated.has_problems
    assert [order["amount_untaxed"] for order in book.orders()] == [99.0]


def test_the_verb_tells_programs(
    book: OrderBook, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verb makes orders, and tells each with its number in Odoo."""
    user = house.user
    monkeypatch.setenv("FUSION_ODOO_URL", user.url)
    monkeypatch.setenv("FUSION_ODOO_DATABASE", user.database)
    monkeypatch.setenv("FUSION_ODOO_LOGIN", user.login)
    monkeypatch.setenv("FUSION_ODOO_PASSWORD", user.password)
    book.subscribe(book.plan("team", 4900))
    folder = ["--data-dir", str(tmp_path / "book")]
    told = CliRunner().invoke(app, ["odoo", "orders", "--json", *folder])
    again = CliRunner().invoke(app, ["odoo", "orders", *folder])
    (order,) = book.orders()

    assert (told.exit_code, again.exit_code) == (0, 0)
    assert json.loads(told.stdout)["orders"] == [
        {
            "service": book.tag,
            "subscription": "acme-sub",
            "step": "create",
            "order_id": order["id"],
            "name": order["name"],
            "problem": None,
            "told": None,
        }
    ]
    assert again.stdout.strip() == "Every order is as it should be."
