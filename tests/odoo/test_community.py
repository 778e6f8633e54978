"""Without Odoo's own clock an order bills nothing: one invoice of ours holds fee and usage."""

from pathlib import Path

import pytest

from catalog.services import InvoiceStyle, ServiceMode
from tests.odoo.clocking import Clocked
from tests.odoo.house import House
from tests.odoo.ordering import OrderBook
from tests.odoo_bridge.makers import entered

pytestmark = pytest.mark.xdist_group("odoo")


@pytest.mark.parametrize(
    ("style", "transport"), [(InvoiceStyle.COMBINED, "json2"), (InvoiceStyle.SEPARATE, "jsonrpc")]
)
def test_one_invoice_holds_both(
    house: House, tmp_path: Path, style: InvoiceStyle, transport: str
) -> None:
    """On Community fee and usage are one invoice in either style, named by the order, and once."""
    odoo = entered(house.keyed, transport=transport)
    book = OrderBook(house.inside, tmp_path / "book", ServiceMode.LIVE)
    clocked = Clocked(book, style, book.subscribe(book.plan("team", 4900)))
    book.sync(odoo)
    draft = clocked.draft()
    first = clocked.send(odoo)
    moves = clocked.moves()
    second = clocked.send(odoo)
    (order,) = book.orders()
    book.state.close()

    assert (first.sent, first.parked, first.problems) == (1, 0, ())
    assert [move["amount_untaxed"] for move in moves] == [61.34]
    assert [move["x_fc_draft_id"] for move in moves] == [draft.id]
    assert order["invoice_ids"] == [moves[0]["id"]]
    assert (second.drafts, second.problems) == ((), ())
    assert clocked.moves() == moves
