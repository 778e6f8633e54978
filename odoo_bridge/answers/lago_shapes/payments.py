"""Payments in Lago's words. Pure."""

from catalog.lago_shapes.times import iso_seconds
from odoo_bridge.answers.payments import Payment


def to_lago_payment(payment: Payment) -> dict[str, object]:
    """Return the payment; Odoo's providers are not Lago's, so that every one is manual here."""
    account = payment.account
    return {
        "lago_id": payment.lago_id,
        "lago_customer_id": account.id if account else None,
        "external_customer_id": account.external_id if account else None,
        "invoice_ids": list(payment.invoice_ids),
        "invoice_numbers": list(payment.invoice_numbers),
        "lago_payable_id": payment.invoice_ids[0],
        "payable_type": "Invoice",
        "amount_cents": payment.amount_cents,
        "amount_currency": payment.currency,
        "status": "succeeded",
        "payment_status": "succeeded",
        "type": "manual",
        "reference": payment.reference,
        "payment_provider_code": None,
        "payment_provider_type": None,
        "external_payment_id": None,
        "provider_payment_id": None,
        "provider_customer_id": None,
        "payment_method_id": None,
        "next_action": {},
        "created_at": iso_seconds(payment.created_at),
    }
