"""Credit notes in Lago's words. Pure."""

from catalog.lago_shapes.customers import to_lago_customer
from catalog.lago_shapes.times import iso_seconds
from catalog.services import Service
from odoo_bridge.answers.credit_notes import CreditNote
from odoo_bridge.answers.lago_shapes.parts import iso_day, to_lago_applied_tax, total_rate

REASON = "other"


def to_lago_credit_note(
    note: CreditNote, service: Service, database: str, file_url: str | None = None
) -> dict[str, object]:
    """Return the credit note; why it was made is in its description, in Odoo's words."""
    move = note.move
    return {
        "lago_id": note.lago_id,
        "billing_entity_code": service.code,
        "sequential_id": move.number,
        "number": move.name,
        "purchase_order_number": None,
        "lago_invoice_id": note.invoice_id,
        "invoice_number": note.invoice_number,
        "issuing_date": iso_day(move.invoice_date),
        "credit_status": _credit_status(note),
        "refund_status": "succeeded" if note.refund_cents else None,
        "reason": REASON,
        "description": move.ref or None,
        "currency": move.currency,
        "total_amount_cents": move.total_cents,
        "taxes_amount_cents": move.tax_cents,
        "taxes_rate": total_rate(note.taxes),
        "sub_total_excluding_taxes_amount_cents": move.untaxed_cents,
        "balance_amount_cents": note.balance_cents,
        "credit_amount_cents": note.credit_cents,
        "refund_amount_cents": note.refund_cents,
        "offset_amount_cents": note.offset_cents,
        "coupons_adjustment_amount_cents": 0,
        "self_billed": False,
        "created_at": iso_seconds(move.created_at),
        "updated_at": iso_seconds(move.updated_at),
        "file_url": file_url,
        "items": [],
        "applied_taxes": [
            to_lago_applied_tax(
                tax,
                owner="lago_credit_note_id",
                owner_id=note.lago_id,
                database=database,
                currency=move.currency,
                at=move.created_at,
            )
            for tax in note.taxes
        ],
        "customer": to_lago_customer(note.account, service) if note.account else None,
        "metadata": {},
        "error_details": [],
    }


def _credit_status(note: CreditNote) -> str | None:
    if not note.credit_cents:
        return None
    return "available" if note.balance_cents else "consumed"
