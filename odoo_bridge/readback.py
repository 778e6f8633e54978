"""What Odoo holds, read back and laid beside the draft: equal to the cent, or a person decides.

Pure. Neither side is ever adjusted to the other.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from catalog.money import amount_of_cents
from odoo_bridge.move_rows import amount_text, move_type
from odoo_bridge.odoo_value import OdooValue, from_odoo_amount
from rating.invoice_draft import InvoiceDraft

READ_FIELDS = [
    *("amount_untaxed", "currency_id", "invoice_line_ids", "move_type", "state"),
    *("name", "invoice_date", "date", "amount_total"),
]
# Odoo reckons in floats, which hold 15 digits exactly: tax must fit in, too.
CENTS_MAX = 10**14 - 1


class MoveState(StrEnum):
    """Where an invoice stands in Odoo."""

    DRAFT = "draft"
    POSTED = "posted"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class OdooInvoice:
    """What Odoo answers about one invoice; dates are ISO text, empty where it has none."""

    move_id: int
    move_type: str
    state: str
    amount_untaxed: Decimal
    currency: str
    lines_count: int
    name: str = ""
    invoice_date: str = ""
    accounting_date: str = ""
    amount_total: Decimal | None = None

    @property
    def is_booked_later(self) -> bool:
        """Say whether a lock of the books moved it out of the period of its invoice date."""
        return bool(self.invoice_date) and self.accounting_date > self.invoice_date


def from_odoo_move(read: OdooValue) -> OdooInvoice:
    """Return an invoice from what `account.move.read` answers for READ_FIELDS."""
    total = read.get("amount_total")
    return OdooInvoice(
        move_id=int(read["id"]),
        move_type=str(read["move_type"]),
        state=str(read["state"]),
        amount_untaxed=from_odoo_amount(read["amount_untaxed"]),
        currency=str(read["currency_id"][1]),
        lines_count=len(read["invoice_line_ids"]),
        name=str(read.get("name") or ""),
        invoice_date=str(read.get("invoice_date") or ""),
        accounting_date=str(read.get("date") or ""),
        amount_total=None if total is None else from_odoo_amount(total),
    )


def draft_fault(draft: InvoiceDraft) -> str | None:
    """Return why a draft can't be sent as it stands, or None."""
    total = sum(line.amount_cents for line in draft.lines)
    if total != draft.amount_cents:
        return (
            f"the draft says {amount_text(draft.amount_cents, draft.currency)} {draft.currency}, "
            f"its lines add up to {amount_text(total, draft.currency)}: report it, nothing was sent"
        )
    if not draft.lines:
        return "the draft has no lines: report it, nothing was sent"
    largest = max(abs(cents) for cents in (total, *(line.amount_cents for line in draft.lines)))
    if largest > CENTS_MAX:
        told = f"{amount_text(largest, draft.currency)} {draft.currency}"
        return (
            f"the draft has an amount of {told}, and Odoo's numbers hold 15 digits, tax included: "
            "look at its usage and prices, nothing was sent"
        )
    return None


def invoice_fault(draft: InvoiceDraft, held: OdooInvoice) -> str | None:
    """Return how Odoo's invoice differs from the draft, or None when they agree.

    It may be posted: another process, or a person, was faster.
    """
    states = {MoveState.DRAFT, MoveState.POSTED}
    differences = [
        f"{name}: Odoo has {found}, the draft {expected}"
        for name, found, expected, agrees in (
            ("kind", held.move_type, move_type(draft), held.move_type == move_type(draft)),
            ("state", held.state, " or ".join(sorted(states)), held.state in states),
            ("amount", *_amounts(draft, held)),
            ("currency", held.currency, draft.currency, held.currency == draft.currency),
            ("lines", held.lines_count, len(draft.lines), held.lines_count == len(draft.lines)),
        )
        if not agrees
    ]
    if not differences:
        return None
    told = f"invoice #{held.move_id} differs: {'; '.join(differences)}"
    if _is_taxed_inside(draft, held):
        return (
            f"{told}, which is its total, for the tax of its products is included in their price; "
            "what we bill is before tax: give them one that comes on top, delete the invoice in "
            "Odoo, then send again"
        )
    return f"{told}; correct or delete the invoice in Odoo, then send again"


def posting_fault(draft: InvoiceDraft, held: OdooInvoice) -> str | None:
    """Return how an invoice differs from what was to be posted, or None when it is posted so."""
    if held.state != MoveState.POSTED:
        return f"Odoo left it as {held.state}"
    return invoice_fault(draft, held)


def currency_fault(draft: InvoiceDraft, company_currency: str) -> str | None:
    """Return why a draft's currency can't be billed, or None."""
    if draft.currency == company_currency:
        return None
    return (
        f"the draft is in {draft.currency}, Odoo's company in {company_currency}: "
        "bill it by hand, or give the plan the company's currency"
    )


def _is_taxed_inside(draft: InvoiceDraft, held: OdooInvoice) -> bool:
    expected = amount_of_cents(abs(draft.amount_cents), draft.currency)
    return held.amount_untaxed != expected and held.amount_total == expected


def _amounts(draft: InvoiceDraft, held: OdooInvoice) -> tuple[Decimal, str, bool]:
    cents = abs(draft.amount_cents)
    expected = amount_of_cents(cents, draft.currency)
    shown = amount_text(cents, draft.currency)
    return held.amount_untaxed, shown, held.amount_untaxed == expected
