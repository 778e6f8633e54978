"""Invoices in Lago's words (reference section 7). Pure."""

from catalog.billing_periods import BillingPeriod
from catalog.lago_shapes.customers import to_lago_customer
from catalog.lago_shapes.subscriptions import to_lago_subscription
from catalog.lago_shapes.times import iso_inclusive_end, iso_seconds
from catalog.services import Service
from odoo_bridge.answers.invoice import Invoice
from odoo_bridge.answers.invoice_details import InvoiceDetails
from odoo_bridge.answers.invoice_query import INVOICE_TYPE, InvoiceStatus
from odoo_bridge.answers.lago_shapes.parts import iso_day, to_lago_applied_tax
from rating.closing import Closing
from rating.lago_shapes.fees import to_lago_fee

VERSION_NUMBER = 4
NOTHING_CENTS = (
    *("coupons_amount_cents", "credit_notes_amount_cents", "prepaid_credit_amount_cents"),
    "progressive_billing_credit_amount_cents",
)
NO_PREPAID = ("prepaid_granted_credit_amount_cents", "prepaid_purchased_credit_amount_cents")


def to_lago_invoice(
    invoice: Invoice, service: Service, database: str, file_url: str | None = None
) -> dict[str, object]:
    """Return the invoice as lists show it; `database` is Odoo's, which the ids of taxes name."""
    account = invoice.account
    return {
        "lago_id": invoice.lago_id,
        "billing_entity_code": service.code,
        "sequential_id": invoice.sequential_id,
        "number": invoice.number,
        "purchase_order_number": None,
        "issuing_date": iso_day(invoice.issuing_date),
        "payment_due_date": iso_day(invoice.due_date),
        "net_payment_term": invoice.net_days,
        "invoice_type": INVOICE_TYPE,
        "status": invoice.status.value,
        "payment_status": invoice.payment_status.value,
        "payment_dispute_lost_at": None,
        "payment_overdue": invoice.is_overdue,
        "currency": invoice.currency,
        **_amounts(invoice),
        "file_url": file_url,
        "xml_url": None,
        "web_url": None,
        "version_number": VERSION_NUMBER,
        "self_billed": False,
        "created_at": iso_seconds(invoice.created_at),
        "updated_at": iso_seconds(invoice.updated_at),
        "voided_at": iso_seconds(invoice.updated_at)
        if invoice.status is InvoiceStatus.VOIDED
        else None,
        "customer": to_lago_customer(account, service) if account else None,
        "metadata": [],
        "applied_taxes": [
            to_lago_applied_tax(
                tax,
                owner="lago_invoice_id",
                owner_id=invoice.lago_id,
                database=database,
                currency=invoice.currency,
                at=invoice.created_at,
            )
            for tax in invoice.taxes
        ],
        "applied_invoice_custom_sections": [],
        "applied_usage_thresholds": [],
    }


def to_lago_invoice_extended(
    invoice: Invoice,
    details: InvoiceDetails,
    service: Service,
    database: str,
    file_url: str | None = None,
) -> dict[str, object]:
    """Return the invoice as reading one gives it, with what it bills."""
    paid = {"payment_status": invoice.payment_status.value}
    return {
        **to_lago_invoice(invoice, service, database, file_url),
        "billing_periods": _billing_periods(details),
        "subscriptions": [to_lago_subscription(view) for view in details.subscriptions],
        "fees": [to_lago_fee(fee) | paid for fee in details.fees],
        "credits": [],
        "error_details": [],
    }


def _amounts(invoice: Invoice) -> dict[str, object]:
    return {
        "fees_amount_cents": invoice.untaxed_cents,
        **dict.fromkeys(NOTHING_CENTS, 0),
        "sub_total_excluding_taxes_amount_cents": invoice.untaxed_cents,
        "taxes_amount_cents": invoice.tax_cents,
        "sub_total_including_taxes_amount_cents": invoice.total_cents,
        "total_amount_cents": invoice.total_cents,
        "total_due_amount_cents": invoice.due_cents,
        "total_paid_amount_cents": invoice.paid_cents,
        "total_offsetted_credit_note_amount_cents": invoice.offset_cents,
        **dict.fromkeys(NO_PREPAID),
    }


def _billing_periods(details: InvoiceDetails) -> list[dict[str, object]]:
    closing = details.closing
    if closing is None:
        return []
    usage = closing.usage or closing.fee
    fee = closing.fee or closing.usage
    if usage is None or fee is None:
        return []
    return [_billing_period(closing, usage, fee)]


def _billing_period(
    closing: Closing, usage: BillingPeriod, fee: BillingPeriod
) -> dict[str, object]:
    subscription = closing.subscription
    shown: dict[str, object] = {
        "lago_subscription_id": subscription.id,
        "external_subscription_id": subscription.external_id,
        "lago_plan_id": subscription.plan_id,
        "invoicing_reason": _reason(closing),
    }
    for name, period in (("subscription", fee), ("charges", usage), ("fixed_charges", fee)):
        shown[f"{name}_from_datetime"] = iso_seconds(period.usage_start)
        shown[f"{name}_to_datetime"] = iso_inclusive_end(period.usage_end)
    return shown


def _reason(closing: Closing) -> str:
    ended_at = closing.subscription.terminated_at
    if ended_at is not None and ended_at <= closing.closing_at:
        return "subscription_terminating"
    return "subscription_periodic" if closing.usage else "subscription_starting"
