"""The 43 operations whose answer is Odoo's, or becomes Odoo's."""

from fusion_billing.lago_operations.operation import Kind, Row

NEEDS_ODOO = "odoo_not_configured"
KEPT_HERE = "kept here; its partner in Odoo is linked"
DRAFTS = "our drafts without Odoo, else Odoo's invoices too"
POSTED = "Odoo's posted ones; none without Odoo"
FIXED_CHARGES = "fixed_charges_are_kept_in_odoo"
OF_PLAN = "/plans/{code}/fixed_charges"
OF_SUBSCRIPTION = "/subscriptions/{external_id}/fixed_charges"
CUSTOMER = "/customers/{external_customer_id}"
CARD = f"{CUSTOMER}/payment_methods/{{lago_id}}"


def _via_odoo(
    tag: str, *calls: str, answer: str, refusal: str = "", needs_odoo: bool = False
) -> Row:
    return Row(
        tag=tag,
        kind=Kind.VIA_ODOO,
        calls=calls,
        answer=answer,
        refusal=refusal,
        without_odoo=NEEDS_ODOO if needs_odoo else "",
    )


ROWS = (
    _via_odoo(
        "credit_notes",
        "POST /credit_notes",
        answer="refused: made in Odoo",
        refusal="credit_notes_are_made_in_odoo",
    ),
    _via_odoo("credit_notes", "GET /credit_notes", "GET /credit_notes/{lago_id}", answer=POSTED),
    _via_odoo(
        "credit_notes",
        "POST /credit_notes/{lago_id}/download",
        answer="a link to Odoo's PDF that ends after minutes",
    ),
    _via_odoo("customers", "POST,GET /customers", f"GET,DELETE {CUSTOMER}", answer=KEPT_HERE),
    _via_odoo("customers", f"GET {CUSTOMER}/credit_notes", answer=POSTED),
    _via_odoo("customers", f"GET {CUSTOMER}/invoices", answer=DRAFTS),
    _via_odoo("customers", f"GET {CUSTOMER}/payments", answer=POSTED),
    _via_odoo("customers", f"GET {CUSTOMER}/subscriptions", answer=KEPT_HERE),
    _via_odoo(
        "customers",
        f"GET {CUSTOMER}/portal_url",
        f"POST {CUSTOMER}/checkout_url",
        answer="a page of Odoo's portal",
        needs_odoo=True,
    ),
    _via_odoo(
        "payment_methods",
        f"GET {CUSTOMER}/payment_methods",
        answer="cards that the client has given to Odoo",
        needs_odoo=True,
    ),
    _via_odoo(
        "payment_methods",
        f"PUT {CARD}/set_as_default",
        f"DELETE {CARD}",
        answer="refused: changed in Odoo",
        refusal="payment_methods_are_changed_in_odoo",
        needs_odoo=True,
    ),
    _via_odoo(
        "invoices",
        "POST /invoices",
        answer="refused: one-off invoices are made in Odoo",
        refusal="one_off_invoices_are_made_in_odoo",
    ),
    _via_odoo("invoices", "GET /invoices", "GET /invoices/{lago_id}", answer=DRAFTS),
    _via_odoo("invoices", "POST /invoices/preview", answer="as Lago, without tax"),
    _via_odoo(
        "invoices",
        "POST /invoices/{lago_id}/download",
        answer="a link to Odoo's PDF that ends after minutes; 404 for a draft",
    ),
    _via_odoo(
        "invoices",
        "PUT /invoices/{lago_id}/finalize",
        answer="posts the draft in Odoo",
        needs_odoo=True,
    ),
    _via_odoo(
        "invoices",
        "POST /invoices/{lago_id}/payment_url",
        answer="the invoice's page of Odoo's portal",
        needs_odoo=True,
    ),
    _via_odoo(
        "invoices",
        "POST /invoices/{lago_id}/retry_payment",
        answer="refused: Odoo collects",
        refusal="payments_are_collected_in_odoo",
    ),
    _via_odoo(
        "invoices",
        "POST /invoices/{lago_id}/void",
        answer="refused: corrected by Odoo's credit notes",
        refusal="invoices_are_corrected_by_credit_notes_in_odoo",
    ),
    _via_odoo("payments", "GET /payments", "GET /payments/{lago_id}", answer=POSTED),
    _via_odoo(
        "plans",
        f"POST {OF_PLAN}",
        f"PUT,DELETE {OF_PLAN}/{{fixed_charge_code}}",
        answer="refused: recurring lines of the order in Odoo",
        refusal=FIXED_CHARGES,
    ),
    _via_odoo("plans", f"GET {OF_PLAN}", answer="none"),
    _via_odoo("plans", f"GET {OF_PLAN}/{{fixed_charge_code}}", answer="none: 404"),
    _via_odoo(
        "subscriptions",
        "POST,GET /subscriptions",
        "GET,PUT,DELETE /subscriptions/{external_id}",
        answer="kept here; billed on the account's order in Odoo",
    ),
    _via_odoo("subscriptions", f"GET {OF_SUBSCRIPTION}", answer="none"),
    _via_odoo("subscriptions", f"GET {OF_SUBSCRIPTION}/{{fixed_charge_code}}", answer="none: 404"),
    _via_odoo(
        "subscriptions",
        f"PUT {OF_SUBSCRIPTION}/{{fixed_charge_code}}",
        answer="refused: recurring lines of the order in Odoo",
        refusal=FIXED_CHARGES,
    ),
    _via_odoo(
        "taxes",
        "GET /taxes",
        "GET /taxes/{code}",
        answer="sale taxes of Odoo's company",
        needs_odoo=True,
    ),
)
