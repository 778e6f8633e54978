"""A fee is billed once whichever of `orders` and `send` runs first, or dies over it: on a stub."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.plans import PlanInterval
from catalog.services import InvoiceStyle, ServiceMode
from odoo_bridge.clock.order_clock import OrderClock, order_clock
from odoo_bridge.clock.owing import waits_for
from odoo_bridge.orders.syncing import DECIDED_JUST_NOW, Step
from odoo_bridge.send_report import Outcome
from tests.odoo.clocking import Clocked, bill
from tests.odoo.ordering import KilledError, OrderBook
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase

pytestmark = [pytest.mark.xdist_group("odoo"), pytest.mark.stub]

# In Toronto it is the first of January.
NEXT_CLOSING_AT = datetime(2027, 1, 1, 5, tzinfo=UTC)


@pytest.fixture
def book(stubbed: tuple[OdooDatabase, OdooDatabase], tmp_path: Path) -> Iterator[OrderBook]:
    """Provide a live service beside the stand-in."""
    made = OrderBook(stubbed[0], tmp_path / "book", ServiceMode.LIVE)
    yield made
    made.state.close()


def test_a_draft_waits_for_the_order_that_is_being_made(
    book: OrderBook,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a run makes the order, or died over it, no fee is sent that the clock may bill."""

    def die(*_args: object) -> None:
        raise KilledError

    odoo = entered(stubbed[1])
    clocked = Clocked(book, InvoiceStyle.SEPARATE, book.subscribe(book.plan("team", 4900)))
    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.orders.syncing.settle", die)
        with pytest.raises(KilledError):
            book.sync(odoo)
    clocked.wind()
    clocked.draft()
    waiting = clocked.send(odoo)
    bill(stubbed[0])
    book.sync(odoo)
    sent = clocked.send(odoo)
    again = clocked.send(odoo)

    assert [one.outcome for one in waiting.drafts] == [Outcome.WAITING]
    assert "waits for its order" in waiting.drafts[0].message
    assert (sent.sent, sent.parked, again.drafts, again.problems) == (1, 0, (), ())
    assert clocked.amounts() == [49.0, 12.34]


def test_a_later_order_leaves_the_fees_of_earlier_drafts_alone(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """What was billed while there was no order is not billed by the clock of one made later."""
    odoo = entered(stubbed[1])
    clocked = Clocked(book, InvoiceStyle.SEPARATE, book.subscribe(book.plan("team", 4900)))
    clocked.draft(closing_at=NEXT_CLOSING_AT)
    sent = clocked.send(odoo)
    # It began before that closing, by its own clock, and ends after it.
    book.sync(odoo)
    (order,) = book.orders("next_invoice_date")

    assert (sent.sent, clocked.amounts()) == (1, [61.34])
    assert order["next_invoice_date"] == "2027-02-01"


def test_an_order_that_can_not_be_made_holds_no_draft(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Where Odoo has no recurrence for a plan, its fee is on our invoice."""
    odoo = entered(stubbed[1])
    quarterly = book.plan("quarter", 4900, PlanInterval.QUARTERLY)
    clocked = Clocked(book, InvoiceStyle.SEPARATE, book.subscribe(quarterly))
    report = book.sync(odoo)
    draft = clocked.draft()
    sent = clocked.send(odoo)
    (move,) = stubbed[0].call(
        *("account.move", "search_read", [["x_fc_draft_id", "=", draft.id]], ["amount_untaxed"])
    )

    assert report.orders[0].problem
    assert (sent.sent, move["amount_untaxed"]) == (1, 61.34)


def test_an_order_waits_until_the_clock_has_billed_what_was_left_to_it(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """A plan that changes after its fee was left to the clock changes the order once it is paid."""
    odoo = entered(stubbed[1])
    running = book.subscribe(book.plan("team", 4900))
    clocked = Clocked(book, InvoiceStyle.SEPARATE, running)
    book.sync(odoo)
    clocked.wind()
    clocked.draft()
    clocked.send(odoo)
    book.change_plan(running, book.plan("large", 9900))
    waiting = book.sync(odoo)
    again = clocked.send(odoo)
    bill(stubbed[0])
    changed = book.sync(odoo)
    (order,) = book.orders("next_invoice_date")
    last = clocked.send(odoo)

    assert [(one.step, one.problem) for one in waiting.orders] == [(Step.WAIT, None)]
    assert "until Odoo's own clock has billed 2026-11-01" in waiting.orders[0].told
    assert [one.step for one in changed.orders] == [Step.CHANGE]
    assert sorted(clocked.amounts()) == [12.34, 49.0]
    assert [line[1:] for line in book.lines(order)] == [(0.0, 49.0), (1.0, 99.0)]
    assert (again.problems, last.problems, last.drafts) == ((), (), ())


def test_an_ended_order_waits_until_its_last_fee_is_billed(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Closing it at once would keep Odoo's clock from billing the fee that was left to it."""
    odoo = entered(stubbed[1])
    running = book.subscribe(book.plan("team", 4900))
    clocked = Clocked(book, InvoiceStyle.COMBINED, running)
    book.sync(odoo)
    clocked.wind()
    clocked.draft()
    clocked.send(odoo)
    book.end(running)
    waiting = book.sync(odoo)
    bill(stubbed[0])
    closed = book.sync(odoo)
    (order,) = book.orders("subscription_state")
    sent = clocked.send(odoo)

    assert [one.step for one in waiting.orders] == [Step.WAIT]
    assert [one.step for one in closed.orders] == [Step.CLOSE]
    assert (order["subscription_state"], clocked.amounts()) == ("6_churn", [61.34])
    assert (sent.parked, sent.problems) == (0, ())


def test_a_fee_decided_while_an_order_is_looked_at_holds_it(
    book: OrderBook,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What another process leaves to the clock between the look and the change is seen."""
    odoo = entered(stubbed[1])
    running = book.subscribe(book.plan("team", 4900))
    clocked = Clocked(book, InvoiceStyle.SEPARATE, running)
    book.sync(odoo)
    clocked.wind()
    clocked.draft()
    book.change_plan(running, book.plan("large", 9900))

    def meanwhile(*told: object) -> str:
        clocked.send(odoo)
        return waits_for(*told)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr("odoo_bridge.orders.syncing.waits_for", meanwhile)
    waiting = book.sync(odoo)
    monkeypatch.undo()
    bill(stubbed[0])
    book.sync(odoo)

    assert [(one.step, one.told) for one in waiting.orders] == [(Step.WAIT, DECIDED_JUST_NOW)]
    assert sorted(clocked.amounts()) == [12.34, 49.0]


def test_a_draft_waits_for_the_order_that_is_being_changed(
    book: OrderBook,
    stubbed: tuple[OdooDatabase, OdooDatabase],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While a run changes the order, or died over it, no fee is decided: before or beside it."""

    def die(*_args: object) -> None:
        raise KilledError

    odoo = entered(stubbed[1])
    running = book.subscribe(book.plan("team", 4900))
    clocked = Clocked(book, InvoiceStyle.SEPARATE, running)
    book.sync(odoo)
    clocked.wind()
    clocked.draft()
    book.change_plan(running, book.plan("large", 9900))

    def beside(*told: object) -> OrderClock:
        with monkeypatch.context() as patched:
            patched.setattr("odoo_bridge.orders.syncing.settle", die)
            with pytest.raises(KilledError):
                book.sync(odoo)
        return order_clock(*told)  # type: ignore[arg-type] # passed on as it came

    with monkeypatch.context() as patched:
        patched.setattr("odoo_bridge.clock.leaving.order_clock", beside)
        overtaken = clocked.send(odoo)
    waiting = clocked.send(odoo)
    book.sync(odoo)
    sent = clocked.send(odoo)
    bill(stubbed[0])

    for report in (overtaken, waiting):
        assert [one.outcome for one in report.drafts] == [Outcome.WAITING]
        assert "being made or changed" in report.drafts[0].message
    assert (sent.sent, clocked.amounts()) == (1, [61.34])


def test_a_part_of_a_period_is_ours_while_the_clock_lags(
    book: OrderBook, stubbed: tuple[OdooDatabase, OdooDatabase]
) -> None:
    """Only a day on which the clock bills is left to it, not one between two of its days."""
    odoo = entered(stubbed[1])
    clocked = Clocked(book, InvoiceStyle.SEPARATE, book.subscribe(book.plan("team", 4900)))
    book.sync(odoo)
    clocked.wind("2026-10-01")
    within = clocked.draft(653, (), datetime(2026, 10, 5, 4, tzinfo=UTC))
    later = clocked.draft(4900, ())
    report = clocked.send(odoo)
    bill(stubbed[0])
    bill(stubbed[0])

    assert {one.draft.id: one.outcome for one in report.drafts} == {
        within.id: Outcome.SENT,
        later.id: Outcome.WAITING,
    }
    assert sorted(clocked.amounts()) == [6.53, 49.0, 49.0]
