"""Credit notes on a real Odoo 19: tied to what they correct; what is posted is never rewritten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from odoo_bridge.invoices import SendRules
from odoo_bridge.odoo_value import OdooValue
from rating.invoice_draft import DraftStatus, InvoiceDraft
from storage.tables import invoice_draft
from tests.odoo.house import House
from tests.odoo.stamps import changed, stamps_of
from tests.odoo_bridge.makers import CLOSING_AT, a_draft, a_line, entered
from tests.real_parts import OdooServer

pytestmark = pytest.mark.xdist_group("odoo")

POSTING = SendRules(posting_codes=frozenset({"nexacloud"}))
FIELDS = ["name", "state", "move_type", "date", "invoice_origin", "reversed_entry_id"]
FIELDS += ["payment_state", "amount_untaxed", "write_date", "x_fc_corrects_draft_ids"]


def held(house: House, draft: InvoiceDraft) -> OdooValue:
    """Return what Odoo has of a draft."""
    mine = [["x_fc_draft_id", "=", draft.id]]
    (found,) = house.inside.call("account.move", "search_read", mine, FIELDS)
    return found


def credit(house: House, name: str, originals: list[InvoiceDraft], days: int = 31) -> InvoiceDraft:
    """Keep a draft that takes 10.00 off each of some drafts."""
    account = house.account(name, "nexacloud")
    lines = [
        replace(a_line(-1_000, number), kind="late_usage", corrects_draft_id=original.id)
        for number, original in enumerate(originals, 1)
    ]
    closing_at = CLOSING_AT + timedelta(days=days)
    return house.books.add(account, a_draft(account, lines=lines, closing_at=closing_at))


@pytest.mark.parametrize("transport", ["jsonrpc", "json2"])
def test_a_credit_reverses_the_posted_invoice(house: House, transport: str) -> None:
    """Posted, it is reconciled with the one invoice that it corrects, of which no line changes."""
    odoo = entered(house.keyed, transport=transport)
    account = house.account("1", "nexacloud")
    original = house.books.add(account, a_draft(account, [10_000]))
    house.books.send(odoo, rules=POSTING)
    lines = [["move_id.x_fc_draft_id", "=", original.id], ["display_type", "=", "product"]]
    fields = ["price_unit", "quantity", "price_subtotal"]
    before = house.inside.call("account.move.line", "search_read", lines, fields)
    note = credit(house, "1", [original])
    report = house.books.send(odoo, rules=POSTING)
    first, made = held(house, original), held(house, note)
    again = house.books.send(odoo, rules=POSTING)

    assert (report.sent, report.parked, again.drafts) == (1, 0, ())
    assert (made["move_type"], made["state"], made["amount_untaxed"]) == (
        *("out_refund", "posted"),
        10.0,
    )
    assert made["reversed_entry_id"][0] == first["id"]
    assert made["x_fc_corrects_draft_ids"] == original.id
    assert f"it reverses {first['name']}" in report.drafts[0].message
    assert (first["payment_state"], made["payment_state"]) == ("partial", "paid")
    assert house.inside.call("account.move.line", "search_read", lines, fields) == before


def test_a_credit_of_several_or_of_a_draft_only_names_them(house: House) -> None:
    """Two invoices, or one that is not posted, are named on the credit note; that is said."""
    account = house.account("1", "nexacloud")
    drafts = [
        house.books.add(
            account, a_draft(account, [5_000], closing_at=CLOSING_AT + timedelta(days=day))
        )
        for day in range(2)
    ]
    house.books.send(house.odoo, rules=POSTING)
    open_one = house.account("2")
    original = house.books.add(open_one, a_draft(open_one, [5_000]))
    house.books.send(house.odoo)
    note = credit(house, "1", drafts)
    lone = house.books.add(
        open_one,
        a_draft(
            open_one,
            lines=[replace(a_line(-700), kind="late_usage", corrects_draft_id=original.id)],
            closing_at=CLOSING_AT + timedelta(days=31),
        ),
    )
    report = house.books.send(house.odoo, rules=POSTING)
    messages = {one.draft.id: one.message for one in report.drafts}
    names = sorted(held(house, draft)["name"] for draft in drafts)

    assert (report.sent, report.parked) == (2, 0)
    assert held(house, note)["reversed_entry_id"] is False
    assert held(house, note)["invoice_origin"].endswith(", ".join(names))
    assert f"corrects {', '.join(names)} and reverses no single posted" in messages[note.id]
    assert held(house, lone)["reversed_entry_id"] is False
    assert f"draft invoice #{held(house, original)['id']}" in messages[lone.id]


def test_a_credit_in_a_closed_period_is_booked_in_the_next_open_one(house: House) -> None:
    """A lock date moves the credit note's booking, not the invoice, and the report says so."""
    account = house.account("1", "nexacloud")
    closing_at = datetime.now(UTC) - timedelta(days=60)
    original = house.books.add(account, a_draft(account, [10_000], closing_at=closing_at))
    house.books.send(house.odoo, rules=POSTING)
    before = held(house, original)["date"]
    days = (closing_at + timedelta(days=30) - CLOSING_AT).days
    note = credit(house, "1", [original], days)
    locked_until = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    user = house.inside.call("res.users", "read", [house.inside.user_id], ["company_id"])
    company_id = user[0]["company_id"][0]
    house.inside.call("res.company", "write", [company_id], {"sale_lock_date": locked_until})
    try:
        report = house.books.send(house.odoo, rules=POSTING)
    finally:
        house.inside.call("res.company", "write", [company_id], {"sale_lock_date": False})

    assert (report.sent, report.parked) == (1, 0)
    assert str(held(house, note)["date"]) > locked_until
    assert held(house, original)["date"] == before
    assert "since the books are closed on its own date" in report.drafts[0].message
    assert held(house, note)["reversed_entry_id"][0] == held(house, original)["id"]


def test_a_second_run_of_a_reversal_writes_nothing(house: House, odoo_server: OdooServer) -> None:
    """Sent again though we forgot that it was, a credit note and its invoice stay as they are."""
    account = house.account("1", "nexacloud")
    original = house.books.add(account, a_draft(account, [10_000]))
    house.books.send(house.odoo, rules=POSTING)
    credit(house, "1", [original])
    house.books.send(house.odoo, rules=POSTING)
    before = stamps_of(odoo_server, house.inside)
    house.books.send(house.odoo, rules=POSTING)
    with house.books.state.write() as connection:
        unsent = {"status": DraftStatus.DRAFT, "odoo_move_id": None}
        connection.execute(invoice_draft.update().values(unsent))
    again = house.books.send(house.odoo, rules=POSTING)

    assert (again.sent, again.already_there, again.parked) == (0, 2, 0)
    assert changed(before, stamps_of(odoo_server, house.inside)) == {}
