"""What two sights of a move tell, and what a person's posting does to a parked draft."""

from dataclasses import replace
from datetime import date

import pytest

from odoo_bridge.change_feed.seen_move import (
    SENT,
    SeenMove,
    from_odoo_feed,
    kinds_of,
    needs_mirror,
    says_the_same,
    told,
)
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from rating.draft_store import park
from rating.invoice_draft import DraftStatus
from tests.odoo_bridge.change_feed.makers import a_read, a_read_line, look
from tests.odoo_bridge.makers import Books, a_draft, an_account
from tests.odoo_bridge.scripted_odoo import ScriptedOdoo, result

TODAY = date(2026, 12, 5)
LATER = "2026-12-01 10:05:00"
PAID = {"payment_state": "paid", "amount_residual": 0.0}
UPDATED = "invoice.payment_status_updated"


def seen(**changed: OdooValue) -> SeenMove:
    """Return a sight of a posted invoice, or of what it is changed to."""
    return from_odoo_feed(a_read(1, **changed)).seen


@pytest.mark.parametrize(
    ("before", "after", "kinds"),
    [
        ({"state": "draft"}, {}, ["invoice.created"]),
        ({"state": "draft"}, PAID, ["invoice.created", UPDATED]),
        ({}, {"payment_state": "partial", "amount_residual": 40.0}, [UPDATED]),
        ({}, {"payment_state": "in_payment", "amount_residual": 0.0}, [UPDATED]),
        ({"payment_state": "in_payment"}, PAID, []),
        (PAID, {}, [UPDATED]),
        ({}, {"payment_state": "reversed", "amount_residual": 0.0}, [UPDATED]),
        ({}, {"state": "cancel"}, ["invoice.voided"]),
        ({"state": "cancel"}, {"state": "cancel", "ref": "x"}, []),
        ({}, {"state": "draft"}, []),
        ({}, {"invoice_date_due": "2026-12-04"}, ["invoice.payment_overdue"]),
        ({}, {"invoice_date_due": "2026-12-05"}, []),
    ],
)
def test_two_sights_tell_what_lies_between(
    before: dict[str, OdooValue], after: dict[str, OdooValue], kinds: list[str]
) -> None:
    """Each step of an invoice's life between two sights is told once, in Lago's words."""
    known = told(seen(**before), TODAY)
    now = replace(seen(**after), is_creation_told=known.is_creation_told)
    assert kinds_of(known, now, TODAY) == kinds


def test_what_we_sent_is_a_draft_at_first_sight() -> None:
    """A move that we remember as sent is told as drafted when it is seen first."""
    sent = replace(seen(state="draft"), state=SENT)
    assert kinds_of(sent, seen(state="draft"), TODAY) == ["invoice.drafted"]


def test_a_touched_move_says_the_same() -> None:
    """Only its time of writing differs: that is no news, and no line is read again."""
    known = replace(told(seen(), TODAY), lines_revision=1)
    touched = seen(write_date=LATER)
    paid = replace(seen(**PAID), lines_revision=1)

    assert says_the_same(touched, known)
    assert not says_the_same(seen(**PAID), known)
    assert not needs_mirror(known, paid)


def test_a_parked_draft_that_people_post_is_sent(
    books: Books, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """What we could not post and a person did is parked no more; as a draft it stays parked."""
    account = an_account()
    draft = books.add(account, a_draft(account, [10_000]))
    with books.state.write() as connection:
        park(connection, [draft.id], "Credit is blocked")
    waiting = a_read(1, x_fc_draft_id=draft.id, state="draft")
    server.script.append(result([waiting]))
    look(books, odoo)
    before = books.kept(draft)
    posted = waiting | {"state": "posted", "write_date": LATER}
    server.script.extend([result([posted]), result([a_read_line(1)])])
    look(books, odoo, 1)
    after = books.kept(draft)

    assert (before.status, before.problem) == (DraftStatus.PARKED, "Credit is blocked")
    assert (after.status, after.odoo_move_id, after.problem) == (DraftStatus.SENT, 1, None)
