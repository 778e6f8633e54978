"""An invoice or a credit note as Odoo holds it, its amounts in integer cents. Pure."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from catalog.money import rounded_cents
from odoo_bridge.odoo_value import OdooValue, from_odoo_amount, from_odoo_instant

MODEL = "account.move"
MOVE_FIELDS = [
    *("name", "state", "move_type", "payment_state", "sequence_number", "ref"),
    *("invoice_date", "invoice_date_due", "currency_id", "create_date", "write_date"),
    *("amount_untaxed", "amount_tax", "amount_total", "amount_residual", "reversed_entry_id"),
    *("x_fc_draft_id", "x_fc_account_id"),
]
# Enterprise says `in_payment` until the bank has it; fully credited, nothing is owed any more.
SETTLED_STATES = ("paid", "in_payment", "reversed")
OPEN_STATES = ("not_paid", "partial")
INVOICE = "out_invoice"
CREDIT_NOTE = "out_refund"


@dataclass(frozen=True, slots=True)
class Move:
    """What Odoo answers about one invoice or credit note; our own ids are empty where unknown."""

    move_id: int
    name: str
    number: int
    state: str
    payment_state: str
    ref: str
    currency: str
    untaxed_cents: int
    tax_cents: int
    total_cents: int
    residual_cents: int
    invoice_date: date | None
    due_date: date | None
    created_at: datetime
    updated_at: datetime
    reversed_id: int | None
    draft_id: str
    account_external_id: str

    @property
    def is_settled(self) -> bool:
        """Say whether nothing is owed any more."""
        return self.payment_state in SETTLED_STATES

    @property
    def is_posted(self) -> bool:
        """Say whether the books have it."""
        return self.state == "posted"


def from_odoo_move(read: OdooValue) -> Move:
    """Return a move from what Odoo reads for MOVE_FIELDS."""
    currency = str(read["currency_id"][1])
    reversed_entry = read["reversed_entry_id"]
    return Move(
        move_id=int(read["id"]),
        name="" if read["name"] in (False, "/") else str(read["name"]),
        number=int(read["sequence_number"] or 0),
        state=str(read["state"]),
        payment_state=str(read["payment_state"] or ""),
        ref=str(read["ref"] or ""),
        currency=currency,
        untaxed_cents=cents_of(read["amount_untaxed"], currency),
        tax_cents=cents_of(read["amount_tax"], currency),
        total_cents=cents_of(read["amount_total"], currency),
        residual_cents=cents_of(read["amount_residual"], currency),
        invoice_date=from_odoo_date(read["invoice_date"]),
        due_date=from_odoo_date(read["invoice_date_due"]),
        created_at=from_odoo_instant(read["create_date"]),
        updated_at=from_odoo_instant(read["write_date"]),
        reversed_id=int(reversed_entry[0]) if reversed_entry else None,
        draft_id=str(read["x_fc_draft_id"] or ""),
        account_external_id=str(read["x_fc_account_id"] or ""),
    )


def cents_of(amount: OdooValue, currency: str) -> int:
    """Return an amount that Odoo rounded to its currency as integer cents."""
    return rounded_cents(from_odoo_amount(amount), currency)


def from_odoo_date(told: OdooValue) -> date | None:
    """Return a date from Odoo's text; it says False where there is none."""
    return date.fromisoformat(told) if told else None


@dataclass(frozen=True, slots=True)
class AppliedTax:
    """One tax of one move: its rate in percent, what it is on and what it comes to, in cents."""

    tax_id: int
    name: str
    description: str | None
    rate: Decimal
    base_cents: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """One matching of a move with another; `other_kind` is Odoo's kind of that other move."""

    move_id: int
    other_id: int
    other_kind: str
    amount_cents: int
