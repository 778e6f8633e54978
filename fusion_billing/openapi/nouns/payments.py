"""What Odoo holds beside invoices: credit notes, payments, taxes, cards, and links to its pages."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    CENTS,
    CODES,
    CURRENCY,
    DAY,
    FLAG,
    ID,
    INTEGER,
    NOTHING,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    Schema,
    answered,
    listed,
    maybe,
    of,
    page,
    told,
    under,
)  # fmt: skip

NUMBER: Schema = {"type": "number"}
NOTE_CENTS = (
    "total_amount_cents", "taxes_amount_cents", "sub_total_excluding_taxes_amount_cents",
    "balance_amount_cents", "credit_amount_cents", "refund_amount_cents", "offset_amount_cents",
    "coupons_adjustment_amount_cents",
)  # fmt: skip
SHAPES: dict[str, Schema] = {
    "CreditNote": answered({
        "lago_id": ID, "billing_entity_code": TEXT, "sequential_id": maybe(INTEGER),
        "number": TEXT, "purchase_order_number": NOTHING, "lago_invoice_id": maybe(TEXT),
        "invoice_number": maybe(TEXT), "issuing_date": maybe(DAY), "credit_status": maybe(TEXT),
        "refund_status": maybe(TEXT), "reason": TEXT, "description": maybe(TEXT),
        "currency": CURRENCY, **dict.fromkeys(NOTE_CENTS, CENTS), "taxes_rate": NUMBER,
        "self_billed": FLAG, "created_at": TIME, "updated_at": TIME, "file_url": maybe(TEXT),
        "items": listed(OBJECT), "applied_taxes": listed(of("AppliedTax")),
        "customer": maybe(of("Customer")), "metadata": OBJECT, "error_details": listed(OBJECT),
    }),
    "Payment": answered({
        "lago_id": ID, "lago_customer_id": maybe(ID), "external_customer_id": maybe(TEXT),
        "invoice_ids": listed(TEXT), "invoice_numbers": listed(TEXT), "lago_payable_id": TEXT,
        "payable_type": TEXT, "amount_cents": CENTS, "amount_currency": CURRENCY, "status": TEXT,
        "payment_status": TEXT, "type": TEXT, "reference": maybe(TEXT),
        "payment_provider_code": maybe(TEXT), "payment_provider_type": maybe(TEXT),
        "external_payment_id": NOTHING, "provider_payment_id": NOTHING,
        "provider_customer_id": NOTHING, "payment_method_id": NOTHING, "next_action": OBJECT,
        "created_at": TIME,
    }),
    "Tax": answered({
        "lago_id": ID, "name": TEXT, "code": TEXT, "description": maybe(TEXT), "rate": NUMBER,
        "applied_to_organization": FLAG, "applied_to_billing_entities_codes": CODES,
        "created_at": TIME,
    }),
    "PaymentMethod": answered({
        "lago_id": ID, "is_default": FLAG, "payment_provider_code": TEXT,
        "payment_provider_name": TEXT, "payment_provider_type": TEXT, "provider_method_id": TEXT,
        "created_at": TIME,
    }),
}  # fmt: skip
NEW_NOTE = {"credit_note": {"invoice_id": "1a901a90-1a90-4a90-8a90-000000000001"}}
UNKNOWN = {"lago_id": "1a901a90-1a90-4a90-8a90-000000000001"}
ACME = {"external_customer_id": "acme"}
CUSTOMER = "/customers/{external_customer_id}"
NARROWED = {"external_customer_id": TEXT, "invoice_id": TEXT, **PAGES}


def _list(name: str, plural: str, shape: str, **more: object) -> Operation:
    """Return a list that Odoo may be needed for."""
    is_of_customer = CUSTOMER in name
    return Operation(
        name=name, turn=66, refusals=(404, 405), answer=page(plural, of(shape)),
        query=PAGES if is_of_customer else NARROWED,
        example=Example(path=ACME if is_of_customer else {}), **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _one(name: str, root: str, shape: str, path: dict[str, str], example_status: int) -> Operation:
    """Return what shows one record; without an Odoo, or its id, there is none to show."""
    return Operation(
        name=name, turn=66, refusals=(404, 405), answer=under(root, of(shape)),
        example=Example(path=path), example_status=example_status,
    )  # fmt: skip


def _refused(name: str, path: dict[str, str], body: object = None) -> Operation:
    """Return an operation that belongs to Odoo."""
    return Operation(
        name=name, turn=66, status=405, refusals=(404,), answer=of("Refusal"),
        body=None if body is None else under("credit_note", OBJECT), is_body_optional=True,
        example=Example(body, path=path),
    )  # fmt: skip


OPERATIONS = (
    _list("GET /credit_notes", "credit_notes", "CreditNote"),
    _refused("POST /credit_notes", {}, NEW_NOTE),
    _one("GET /credit_notes/{lago_id}", "credit_note", "CreditNote", UNKNOWN, 404),
    _one("POST /credit_notes/{lago_id}/download", "credit_note", "CreditNote", UNKNOWN, 404),
    _list("GET /payments", "payments", "Payment"),
    _one("GET /payments/{lago_id}", "payment", "Payment", UNKNOWN, 404),
    _list("GET /taxes", "taxes", "Tax", example_status=405),
    _one("GET /taxes/{code}", "tax", "Tax", {"code": "hst_13"}, 405),
    _list(f"GET {CUSTOMER}/credit_notes", "credit_notes", "CreditNote"),
    _list(f"GET {CUSTOMER}/payments", "payments", "Payment"),
    _list(
        f"GET {CUSTOMER}/payment_methods", "payment_methods", "PaymentMethod", example_status=405
    ),
    _refused(
        f"PUT {CUSTOMER}/payment_methods/{{lago_id}}/set_as_default", {**ACME, **UNKNOWN}
    ),
    _refused(f"DELETE {CUSTOMER}/payment_methods/{{lago_id}}", {**ACME, **UNKNOWN}),
    Operation(
        name=f"GET {CUSTOMER}/portal_url", turn=66, refusals=(404, 405), example_status=405,
        answer=under("customer", answered({"portal_url": TEXT})), example=Example(path=ACME),
    ),
    Operation(
        name=f"POST {CUSTOMER}/checkout_url", turn=66, refusals=(404, 405), example_status=405,
        answer=under("customer", answered({
            "lago_customer_id": ID, "external_customer_id": TEXT, "payment_provider": TEXT,
            "payment_provider_code": TEXT, "checkout_url": TEXT,
        })),
        example=Example(path=ACME),
    ),
    Operation(
        name="GET /documents/{file_name}", turn=66, is_open=True, refusals=(404, 405),
        answer=told(TEXT, "The document itself."), answer_type="application/pdf",
        query={"token": TEXT}, example_status=404,
        example=Example(path={"file_name": "INV-1.pdf"}, query={"token": "ended"}),
    ),
)  # fmt: skip
