"""What Odoo holds against what the draft says: equal to the cent, or a person decides."""

from dataclasses import replace
from decimal import Decimal

import pytest

from odoo_bridge.readback import (
    CENTS_MAX,
    OdooInvoice,
    currency_fault,
    draft_fault,
    from_odoo_move,
    invoice_fault,
)
from tests.odoo_bridge.makers import a_draft, an_account

DRAFT = a_draft(an_account(), [1234, 66])
HELD = OdooInvoice(7, "out_invoice", "draft", Decimal("13.0"), "CAD", 2)


def test_an_answer_is_read_exactly() -> None:
    """Odoo's float is read as it is written, so that a cent is a cent."""
    read = {"id": 7, "move_type": "out_invoice", "state": "draft", "amount_untaxed": 70.43}
    read |= {"currency_id": [3, "CAD"], "invoice_line_ids": [1, 2]}

    assert from_odoo_move(read) == replace(HELD, amount_untaxed=Decimal("70.43"))


def test_an_equal_invoice_has_no_fault() -> None:
    """Same kind, state, amount, currency and number of lines: nothing to say."""
    assert invoice_fault(DRAFT, HELD) is None


@pytest.mark.parametrize(
    ("held", "words"),
    [
        (replace(HELD, amount_untaxed=Decimal("13.01")), "amount: Odoo has 13.01, the draft 13.00"),
        (replace(HELD, lines_count=3), "lines: Odoo has 3, the draft 2"),
        (replace(HELD, currency="USD"), "currency: Odoo has USD, the draft CAD"),
        (replace(HELD, state="cancel"), "state: Odoo has cancel"),
        (replace(HELD, move_type="out_refund"), "kind: Odoo has out_refund"),
    ],
)
def test_a_difference_names_both_sides(held: OdooInvoice, words: str) -> None:
    """Whatever differs is told with both values, and nothing is adjusted."""
    assert words in str(invoice_fault(DRAFT, held))


def test_a_posted_invoice_may_be_adopted() -> None:
    """An invoice that a person or another process posted meanwhile is ours still."""
    assert invoice_fault(DRAFT, replace(HELD, state="posted")) is None


def test_lines_must_add_up() -> None:
    """A draft whose lines miss its amount is not sent, and both numbers are told."""
    told = str(draft_fault(a_draft(an_account(), [1234], amount_cents=1235)))

    assert "12.35" in told
    assert "12.34" in told


def test_nothing_is_not_sent() -> None:
    """A draft without lines is left to a person."""
    assert "no lines" in str(draft_fault(a_draft(an_account(), [])))


@pytest.mark.parametrize("cents", [CENTS_MAX + 1, -CENTS_MAX - 1])
def test_an_amount_past_odoos_digits_is_not_sent(cents: int) -> None:
    """The largest amount that Odoo holds with its tax is sent, one cent more is not."""
    assert draft_fault(a_draft(an_account(), [CENTS_MAX])) is None
    assert "hold 15 digits" in str(draft_fault(a_draft(an_account(), [cents])))
    assert "hold 15 digits" in str(draft_fault(a_draft(an_account(), [cents, -cents, 1])))


def test_a_credit_is_a_credit_note_of_the_same_amount() -> None:
    """What owes the client money must be a refund in Odoo, whose amounts have no sign."""
    credit = a_draft(an_account(), [-1500, 200])
    held = replace(HELD, move_type="out_refund")

    assert draft_fault(credit) is None
    assert invoice_fault(credit, held) is None
    assert "kind: Odoo has out_invoice" in str(invoice_fault(credit, HELD))


def test_a_foreign_currency_is_not_sent() -> None:
    """Only the company's own currency is billed."""
    assert currency_fault(DRAFT, "CAD") is None
    assert "USD" in str(currency_fault(DRAFT, "USD"))
