"""What can't be accepted says why, and what to do instead."""

from dataclasses import replace
from decimal import Decimal

import pytest

from odoo_bridge.change_feed.accepting import NothingToAcceptError, accept_change
from odoo_bridge.change_feed.feed_store import keep_seen, remember_sent, seen_moves
from odoo_bridge.change_feed.seen_move import DELETED
from odoo_bridge.readback import OdooInvoice
from rating.draft_store import mark_sent
from rating.invoice_draft import InvoiceDraft
from tests.odoo_bridge.makers import NOW, Books, a_draft, an_account

DATABASE = "books"
MOVE_ID = 1


@pytest.fixture
def draft(books: Books) -> InvoiceDraft:
    """Give a draft that waits."""
    account = an_account()
    return books.add(account, a_draft(account))


def send(books: Books, draft: InvoiceDraft) -> None:
    """Remember an invoice for a draft, as sending does."""
    held = OdooInvoice(MOVE_ID, "out_invoice", "draft", Decimal("12.34"), "CAD", 1)
    with books.state.write() as connection:
        mark_sent(connection, draft.id, MOVE_ID, NOW)
        remember_sent(connection, DATABASE, draft, held, NOW)


def refusal(books: Books, draft_id: str, database: str = DATABASE) -> str:
    """Return the words with which accepting is refused; nothing may be written by it."""
    with (
        books.state.read() as connection,
        pytest.raises(NothingToAcceptError) as refused,
    ):
        accept_change(connection, database, draft_id, NOW)
    return str(refused.value)


def test_an_unknown_draft_is_named(books: Books) -> None:
    """An id that no draft has is said again, with the place where ids are told."""
    assert "no invoice draft 'nobody': take the id from" in refusal(books, "nobody")


def test_a_draft_that_waits_has_nothing_to_take(books: Books, draft: InvoiceDraft) -> None:
    """Before it is sent there is no invoice, and the command that sends it is named."""
    assert f"draft {draft.id} has no invoice" in refusal(books, draft.id)
    assert "(it is draft): send it with `fusion-billing odoo sync`" in refusal(books, draft.id)


@pytest.mark.parametrize("database", [DATABASE, "another"])
def test_an_invoice_nobody_looked_at_is_looked_at_first(
    books: Books, draft: InvoiceDraft, database: str
) -> None:
    """What was never read, in this database of Odoo, can't be taken: the feed comes first."""
    send(books, draft)

    assert "run `fusion-billing odoo feed`" in refusal(books, draft.id, database)


def test_a_deleted_invoice_is_made_anew_or_left(books: Books, draft: InvoiceDraft) -> None:
    """There is nothing to take of an invoice that people deleted."""
    send(books, draft)
    with books.state.write() as connection:
        (seen,) = seen_moves(connection, DATABASE, [MOVE_ID]).values()
        keep_seen(connection, DATABASE, [replace(seen, state=DELETED)], NOW)

    assert "was deleted in Odoo" in refusal(books, draft.id)
    assert "`fusion-billing odoo sync --recreate`" in refusal(books, draft.id)
