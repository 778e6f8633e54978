"""Orders as subscriptions, on our stand-in for Enterprise: its public shape, not its behaviour."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.plans import PlanInterval
from catalog.services import Service, ServiceMode
from catalog.store.plans import find_plan
from fusion_billing.catalogue import new_id
from odoo_bridge.catalogue.reading import read_catalogue
from odoo_bridge.odoo_value import OdooValue
from tests.odoo.clocking import bill
from tests.odoo.ordering import AT, KilledError, OrderBook, counting
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase

pytestmark = [pytest.mark.xdist_group("odoo"), pytest.mark.stub]

TOLD = ("plan_id", "is_subscription", "subscription_state", "start_date", "next_invoice_date")


@pytest.fixture
def book(stubbed: tuple[OdooDatabase, OdooDatabase], tmp_path: Path) -> Iterator[OrderBook]:
    """Provide a live service beside the stand-in."""
    made = OrderBook(stubbed[0], tmp_path / "book", ServiceMode.LIVE)
    yield made
    made.state.close()


def the_order(book: OrderBook) -> OdooValue:
    (order,) = book.orders(*TOLD, "close_reason_id", "recurring_total")
    return order


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_a_subscription_recurs_from_its_first_whole_period_on(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase], transport: str
) -> None:
    """Odoo's clock bills the fee once it is due, and nothing of the part of a period before."""
    odoo = counting(stubbed[1], transport)
    book.subscribe(book.plan("team", 4900))
    report = book.sync(odoo)
    started = the_order(book)
    bill(stubbed[0])
    before = the_order(book)
    stubbed[0].call("sale.order", "write", [before["id"]], {"next_invoice_date": "2026-11-01"})
    bill(stubbed[0])
    order = the_order(book)

    assert not report.has_problems
    assert (started["is_subscription"], started["subscription_state"]) == (True, "3_progress")
    assert (started["plan_id"][1], started["recurring_total"]) == ("Monthly", 49.0)
    assert (started["start_date"], started["next_invoice_date"]) == ("2026-11-22", "2027-01-01")
    assert (before["invoice_ids"], len(order["invoice_ids"])) == ([], 1)
    assert order["next_invoice_date"] == "2026-12-01"
    assert order["require_payment"] is False


def test_another_interval_changes_the_recurrence_first(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A change to a yearly plan writes the recurrence, then the prices that it recomputed."""
    team, year = book.plan("team", 4900), book.plan("year", 49999, PlanInterval.YEARLY)
    running = book.subscribe(team)
    odoo = counting(stubbed[1], "json2")
    book.sync(odoo)
    book.change_plan(running, year)
    with pytest.raises(KilledError):
        book.sync(counting(stubbed[1], "json2", dies_after_writes=2))
    report = book.sync(odoo)
    order = the_order(book)

    assert not report.has_problems
    assert (order["plan_id"][1], order["recurring_total"]) == ("Yearly", 499.99)
    # What is left of the year is ours to bill: the clock begins with the first whole one.
    assert order["next_invoice_date"] == "2028-01-01"
    assert [(name, count) for name, count, _ in book.lines(order)] == [("team", 0.0), ("year", 1.0)]


def test_an_interval_without_recurrence_is_told(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A quarterly plan waits for a recurrence of three months, and no order is made for it."""
    book.subscribe(book.plan("team", 4900, PlanInterval.QUARTERLY))
    report = book.sync(entered(stubbed[1]))

    assert "no recurrence of 3 month" in str(report.orders[0].problem)
    assert book.orders() == []


def test_an_ended_subscription_is_closed_once(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Killed right after closing, the next run finds it closed; closed in Odoo it stays so."""
    team = book.plan("team", 4900)
    running = book.subscribe(team)
    odoo = counting(stubbed[1])
    book.sync(odoo)
    book.end(running)
    with pytest.raises(KilledError):
        book.sync(counting(stubbed[1], dies_after_writes=2))
    book.sync(odoo)
    order = the_order(book)

    assert (order["subscription_state"], order["x_fc_subscription_status"]) == (
        *("6_churn", "terminated"),
    )
    assert book.sync(odoo).orders == ()


def test_what_people_closed_is_not_opened(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A subscription closed in Odoo while ours runs is told, and left closed."""
    running = book.subscribe(book.plan("team", 4900))
    odoo = counting(stubbed[1])
    book.sync(odoo)
    stubbed[0].call("sale.order", "set_close", [the_order(book)["id"]])
    book.change_plan(running, book.plan("pro", 9900))
    report = book.sync(odoo)

    assert "was closed or locked in Odoo" in str(report.orders[0].problem)
    assert the_order(book)["subscription_state"] == "6_churn"


def test_the_catalogues_product_stands_on_the_order(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Where Odoo owns the plan its product is taken, once it is one that recurs."""
    admin, user = stubbed
    values = {"name": "Team", "type": "service", "list_price": 49.0, "x_fc_plan_code": "team"}
    values |= {"x_fc_service": book.tag, "invoice_policy": "order"}
    template = int(admin.call("product.template", "create", values))
    odoo = entered(user)
    read(book, book.service, user)
    with book.state.read() as connection:
        plan = find_plan(connection, book.tag, "team")
    assert plan is not None
    book.subscribe(plan)
    refused = book.sync(odoo)
    admin.call("product.template", "write", [template], {"recurring_invoice": True})
    book.sync(odoo)
    (line, _note) = admin.call(
        *("sale.order.line", "read", the_order(book)["order_line"], ["product_template_id"]),
    )

    assert "is no subscription product" in str(refused.orders[0].problem)
    assert line["product_template_id"][0] == template


def read(book: OrderBook, service: Service, user: OdooDatabase) -> None:
    """Read the catalogue of a service from Odoo."""
    read_catalogue(book.state, entered(user), [service], at=AT, new_id=new_id)
