"""A fee is billed once whichever of `orders` and `send` runs first, or dies over it: on a stub."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.plans import PlanInterval
from catalog.services import InvoiceStyle, ServiceMode
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
