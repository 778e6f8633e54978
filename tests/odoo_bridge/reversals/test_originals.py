"""Which invoice a credit corrects, as far as our own state tells."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.reversals.originals import NO_REVERSAL, paid_until, reversal_of
from rating.draft_store import mark_sent
from rating.invoice_draft import InvoiceDraft
from tests.odoo_bridge.makers import CLOSING_AT, NOW, Books, a_draft, a_line, an_account
from tests.odoo_bridge.scripted_odoo import ScriptedOdoo, result

END = CLOSING_AT + timedelta(days=31)
PAID = f'{{"timezone":"America/Toronto","credit":{{"paid":{{"end":"{END.isoformat()}"}}}}}}'


def sent(books: Books, days: int = 0, **known: OdooValue) -> InvoiceDraft:
    """Keep a draft that Odoo has as #40 and following."""
    account = an_account()
    made = replace(a_draft(account, closing_at=CLOSING_AT + timedelta(days=days)), **known)
    books.add(account, made)
    with books.state.write() as connection:
        mark_sent(connection, made.id, 40 + days, NOW)
    return made


def move(number: int, state: str = "posted", currency: str = "CAD") -> dict[str, OdooValue]:
    """Return an invoice as Odoo tells it."""
    told: dict[str, OdooValue] = {"id": number, "name": f"INV/{number}", "state": state}
    return told | {"move_type": "out_invoice", "currency_id": [1, currency]}


def a_credit(*corrected: str | None, kind: str = "late_usage", periods: str = "") -> InvoiceDraft:
    """Return a draft below zero, of which each line corrects a draft."""
    lines = [
        replace(a_line(-100, number), kind=kind, corrects_draft_id=one)
        for number, one in enumerate(corrected)
    ]
    made = a_draft(an_account(), lines=lines, closing_at=CLOSING_AT + timedelta(days=60))
    return replace(made, periods=periods or None)


def test_what_costs_money_reverses_nothing(tmp_path: Path, odoo: OdooConnection) -> None:
    """A draft above zero asks Odoo nothing."""
    books = Books(tmp_path)

    assert reversal_of(books.state, odoo, a_draft(an_account())) is NO_REVERSAL
    assert reversal_of(books.state, odoo, a_credit(None)).draft_ids == ()


def test_one_posted_invoice_is_reversed(
    tmp_path: Path, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """All lines must correct it, it must be posted, and in the same currency."""
    books = Books(tmp_path)
    first, second = sent(books), sent(books, 1)
    cases: list[tuple[list[str | None], list[OdooValue], int | None]] = [
        ([first.id, first.id], [move(40)], 40),
        ([first.id], [move(40, "draft")], None),
        ([first.id], [move(40, currency="USD")], None),
        ([first.id, None], [move(40)], None),
        ([first.id, second.id], [move(40), move(41)], None),
    ]
    for corrected, told, expected in cases:
        server.script.append(result(told))
        found = reversal_of(books.state, odoo, a_credit(*corrected))
        assert found.move_id == expected
        assert found.names[0] == "INV/40"
        assert ("reverses INV/40" in found.told) == (expected is not None)


def test_a_cut_fee_corrects_the_draft_that_was_paid(
    tmp_path: Path, odoo: OdooConnection, server: ScriptedOdoo
) -> None:
    """A fee paid in advance and cut off is found by the end of the period that it paid."""
    books = Books(tmp_path)
    paid = sent(books, fee_until=END)
    server.script.append(result([move(40)]))
    found = reversal_of(books.state, odoo, a_credit(None, kind="plan_fee_credit", periods=PAID))

    assert (found.move_id, found.draft_ids) == (40, (paid.id,))
    assert (paid_until(PAID), paid_until(None)) == (END, None)
