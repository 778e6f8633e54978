"""Invoices: drafts of ours, and what Odoo holds."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DAY,
    FLAG,
    GIVEN_TIME,
    ID,
    INTEGER,
    NOTHING,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    Schema,
    answered,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
    word,
)  # fmt: skip

STATUSES = ("draft", "finalized", "voided", "failed", "pending", "generating", "open", "closed")
PAYMENTS = word("pending", "succeeded", "failed")
AMOUNTS = (
    "fees_amount_cents", "coupons_amount_cents", "credit_notes_amount_cents",
    "prepaid_credit_amount_cents", "progressive_billing_credit_amount_cents",
    "sub_total_excluding_taxes_amount_cents", "taxes_amount_cents",
    "sub_total_including_taxes_amount_cents", "total_amount_cents", "total_due_amount_cents",
    "total_paid_amount_cents", "total_offsetted_credit_note_amount_cents",
)  # fmt: skip
NO_PREPAID = ("prepaid_granted_credit_amount_cents", "prepaid_purchased_credit_amount_cents")
PERIOD_TIMES = {
    f"{what}_{end}_datetime": TIME
    for what in ("subscription", "charges", "fixed_charges")
    for end in ("from", "to")
}
INVOICE: dict[str, Schema] = {
    "lago_id": maybe(ID), "billing_entity_code": TEXT, "sequential_id": maybe(INTEGER),
    "number": TEXT,
    "purchase_order_number": NOTHING, "issuing_date": maybe(DAY), "payment_due_date": maybe(DAY),
    "net_payment_term": maybe(INTEGER), "invoice_type": TEXT, "status": word(*STATUSES),
    "payment_status": PAYMENTS, "payment_dispute_lost_at": NOTHING, "payment_overdue": FLAG,
    "currency": CURRENCY, **dict.fromkeys(AMOUNTS, CENTS), **dict.fromkeys(NO_PREPAID, NOTHING),
    "file_url": maybe(TEXT), "xml_url": NOTHING, "web_url": NOTHING, "version_number": INTEGER,
    "self_billed": FLAG, "created_at": TIME, "updated_at": TIME, "voided_at": maybe(TIME),
    "customer": maybe(of("Customer")), "metadata": listed(OBJECT),
    "applied_taxes": listed(of("AppliedTax")),
    "applied_invoice_custom_sections": listed(OBJECT), "applied_usage_thresholds": listed(OBJECT),
}  # fmt: skip
SHAPES: dict[str, Schema] = {
    "AppliedTax": answered({
        "lago_id": ID, "lago_tax_id": ID, "tax_name": TEXT, "tax_code": TEXT,
        "tax_rate": {"type": "number"}, "tax_description": maybe(TEXT), "amount_cents": CENTS,
        "amount_currency": CURRENCY, "created_at": TIME,
    }, lago_invoice_id=ID, lago_credit_note_id=ID, fees_amount_cents=CENTS,
        base_amount_cents=CENTS),
    "Invoice": answered(INVOICE),
    "InvoiceExtended": answered({
        **INVOICE,
        "billing_periods": listed(answered({
            "lago_subscription_id": ID, "external_subscription_id": TEXT, "lago_plan_id": ID,
            "invoicing_reason": TEXT, **PERIOD_TIMES,
        })),
        "subscriptions": listed(of("Subscription")), "fees": listed(of("Fee")),
        "credits": listed(OBJECT), "error_details": listed(OBJECT),
    }),
    "InvoicePreviewInput": told(given({}, {
        "customer": given({}, {"external_id": maybe(TEXT), "timezone": maybe(TEXT)}),
        "plan_code": maybe(TEXT), "billing_time": maybe(word("calendar", "anniversary")),
        "subscription_at": maybe(GIVEN_TIME),
        "subscriptions": given({}, {"external_ids": listed(TEXT)}),
    }), "Whose next invoice, or the first one on which plan; without a root key (Lago)."),
}  # fmt: skip
FILTERS = {
    "external_customer_id": TEXT, "status": TEXT, "payment_status": TEXT, "invoice_type": TEXT,
    "currency": CURRENCY, "issuing_date_from": DAY, "issuing_date_to": DAY,
    "payment_overdue": TEXT, "search_term": TEXT, "amount_from": COUNT, "amount_to": COUNT,
}  # fmt: skip
ONE = under("invoice", of("InvoiceExtended"))
MINE = {"lago_id": Taken("GET /invoices", ("invoices", 0, "lago_id"))}
ODOO = (404, 405, 422, 500)
OPERATIONS = (
    Operation(
        name="GET /invoices", turn=64, refusals=(404,), query={**FILTERS, **PAGES},
        answer=page("invoices", of("Invoice")),
    ),
    Operation(
        name="POST /invoices", turn=65, status=405, answer=of("Refusal"),
        body=under("invoice", OBJECT), is_body_optional=True,
        example=Example({"invoice": {"external_customer_id": "acme", "currency": "CAD"}}),
    ),
    Operation(
        name="POST /invoices/preview", turn=65, refusals=(404, 405), answer=ONE,
        body=of("InvoicePreviewInput"),
        example=Example({
            "customer": {"external_id": "acme"},
            "subscriptions": {"external_ids": ["acme-team"]},
        }),
    ),
    Operation(
        name="GET /invoices/{lago_id}", turn=65, refusals=(404,), answer=ONE,
        example=Example(path=MINE),
    ),
    Operation(
        name="PUT /invoices/{lago_id}/finalize", turn=65, refusals=(404,), answer=ONE,
        example=Example(path=MINE), example_status=405,
    ),
    Operation(
        name="POST /invoices/{lago_id}/download", turn=65, answer=ONE, example=Example(path=MINE),
        example_status=404,
    ),
    Operation(
        name="POST /invoices/{lago_id}/payment_url", turn=65, example=Example(path=MINE),
        example_status=405, refusals=(404,),
        answer=under("invoice_payment_details", answered({
            "lago_customer_id": maybe(ID), "external_customer_id": maybe(TEXT),
            "payment_provider": TEXT, "lago_invoice_id": ID, "payment_url": TEXT,
        })),
    ),
    Operation(
        name="POST /invoices/{lago_id}/retry_payment", turn=65, status=405, refusals=(404,),
        answer=of("Refusal"), example=Example(path=MINE),
    ),
    Operation(
        name="POST /invoices/{lago_id}/void", turn=65, status=405, refusals=(404,),
        answer=of("Refusal"), example=Example(path=MINE),
    ),
    Operation(
        name="GET /customers/{external_customer_id}/invoices", turn=65, refusals=(404,),
        query={**FILTERS, **PAGES}, answer=page("invoices", of("Invoice")),
        example=Example(path={"external_customer_id": "acme"}),
    ),
)  # fmt: skip
