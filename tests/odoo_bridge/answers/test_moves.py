"""What Odoo reads of a move becomes exact cents and Lago's states, and stays within its service."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odoo_bridge.answers import domains
from odoo_bridge.answers.domains import Scope
from odoo_bridge.answers.invoice import Invoice, invoice_of_move
from odoo_bridge.answers.invoice_query import InvoiceQuery
from odoo_bridge.answers.lago_ids import is_lago_id, odoo_lago_id
from odoo_bridge.answers.lago_shapes.parts import tax_code
from odoo_bridge.answers.move import CREDIT_NOTE, Settlement, cents_of, from_odoo_move

CENTS_MAX = 10**13
TODAY = date(2026, 3, 10)
READ: dict[str, Any] = {
    "id": 7, "name": "INV/2026/00007", "state": "posted", "move_type": "out_invoice",
    "payment_state": "not_paid", "sequence_number": 7, "ref": False,
    "invoice_date": "2026-02-01", "invoice_date_due": "2026-03-03",
    "currency_id": [3, "CAD"], "create_date": "2026-02-01 06:00:00",
    "write_date": "2026-02-01 06:00:01", "amount_untaxed": 100.0, "amount_tax": 13.0,
    "amount_total": 113.0, "amount_residual": 113.0, "reversed_entry_id": False,
    "x_fc_draft_id": "d", "x_fc_account_id": "acme",
}  # fmt: skip


def an_invoice(*settled: Settlement, **changed: object) -> Invoice:
    """Return what Odoo's answer becomes, some of it changed."""
    return invoice_of_move(
        from_odoo_move(READ | changed),
        "d",
        service_code="nexadesk",
        today=TODAY,
        account=None,
        settled=settled,
    )


@given(st.integers(-CENTS_MAX, CENTS_MAX))
def test_every_cent_of_odoos_floats_is_kept(cents: int) -> None:
    """An amount with two decimals, as JSON gives it, is exactly its cents."""
    assert cents_of(cents / 100, "CAD") == cents


def test_a_currency_without_cents_has_none() -> None:
    """Yen are counted in yen."""
    assert cents_of(1234.0, "JPY") == 1234


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, ("finalized", "pending", True, 11_300, 0)),
        ({"invoice_date_due": "2026-03-10"}, ("finalized", "pending", False, 11_300, 0)),
        (
            {"payment_state": "partial", "amount_residual": 30.43},
            ("finalized", "pending", True, 3_043, 8_257),
        ),
        (
            {"payment_state": "paid", "amount_residual": 0.0},
            ("finalized", "succeeded", False, 0, 11_300),
        ),
        ({"payment_state": "in_payment"}, ("finalized", "succeeded", False, 0, 11_300)),
        ({"state": "draft", "name": False}, ("draft", "pending", False, 11_300, 0)),
        ({"state": "cancel"}, ("voided", "pending", False, 11_300, 0)),
    ],
)
def test_states_are_told_in_lagos_words(
    changed: dict[str, object], told: tuple[str, str, bool, int, int]
) -> None:
    """Each state of Odoo has one in Lago's words, and what is owed and paid adds up."""
    found = an_invoice(**changed)
    sums = (found.is_overdue, found.due_cents, found.paid_cents)

    assert (found.status.value, found.payment_status.value, *sums) == told


def test_a_credit_is_no_payment() -> None:
    """What a credit note took off an invoice is told apart from what was paid."""
    credit = Settlement(7, 8, CREDIT_NOTE, 3_390)
    found = an_invoice(credit, payment_state="partial", amount_residual=30.0)

    assert (found.offset_cents, found.due_cents, found.paid_cents) == (3_390, 3_000, 4_910)


@given(st.text(max_size=20), st.text(max_size=20) | st.none(), st.text(max_size=10) | st.none())
def test_every_question_names_its_service(
    code: str, account: str | None, search_term: str | None
) -> None:
    """No domain is without the service, whatever an app asks for."""
    scope = Scope(code, account)
    query = InvoiceQuery(search_term=search_term)
    own = ["x_fc_service", "=", code]

    for domain in (
        domains.asked_invoices(scope, query, TODAY),
        domains.credit_notes(scope),
        domains.payment_entries(scope),
    ):
        assert str(own) in str(domain)
        if account is not None:
            assert str(["x_fc_account_id", "=", account]) in str(domain)


def test_namesakes_are_told_apart_by_their_drafts() -> None:
    """Of accounts that had one external id, only the drafts of one are asked for, maybe none."""
    some = domains.own_moves(Scope("s", "acme", ("b", "a")))

    assert ["x_fc_draft_id", "in", ["a", "b"]] in some
    assert ["x_fc_draft_id", "in", []] in domains.own_moves(Scope("s", "acme", ()))


def test_ids_of_odoos_records_are_their_own() -> None:
    """The same record has the same id for ever; another model or database has another."""
    known = odoo_lago_id("books", "account.move", 7)

    assert known == odoo_lago_id("books", "account.move", 7)
    assert is_lago_id(known)
    others = {odoo_lago_id("books", "account.payment", 7), odoo_lago_id("b", "account.move", 7)}
    assert known not in others


def test_a_tax_code_fits_into_a_path() -> None:
    """A tax's code is made of its name's letters and digits, and ends with its id."""
    assert tax_code("14.975% GST/QST (ON)", 12) == "14_975_gst_qst_on_12"
