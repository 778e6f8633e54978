"""Accounts, which Lago calls customers."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    COUNT,
    CURRENCY,
    FLAG,
    ID,
    IDENTIFIER,
    NOTHING,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
)  # fmt: skip

PLAIN = (
    "name", "firstname", "lastname", "legal_name", "legal_number", "tax_identification_number",
    "phone", "url", "address_line1", "address_line2", "city", "state", "zipcode",
)  # fmt: skip
CUSTOMER = {
    "lago_id": ID, "billing_entity_code": TEXT, "external_id": TEXT, "account_type": TEXT,
    **dict.fromkeys((*PLAIN, "email", "country"), maybe(TEXT)),
    "customer_type": NOTHING, "sequential_id": COUNT, "slug": TEXT, "created_at": TIME,
    "updated_at": TIME, "logo_url": NOTHING, "currency": maybe(CURRENCY), "timezone": maybe(TEXT),
    "applicable_timezone": TEXT, "net_payment_term": NOTHING, "external_salesforce_id": NOTHING,
    "finalize_zero_amount_invoice": TEXT, "billing_configuration": OBJECT,
    "shipping_address": OBJECT, "skip_invoice_custom_sections": FLAG,
    "metadata": listed(OBJECT),
}  # fmt: skip
MORE = dict.fromkeys(
    ("taxes", "integration_customers", "applicable_invoice_custom_sections", "error_details"),
    listed(OBJECT),
)
SHAPES = {
    "CustomerInput": given({"external_id": IDENTIFIER}, {
        **dict.fromkeys(PLAIN, maybe(TEXT)),
        "email": told(maybe(TEXT), "One address, or several with commas between."),
        "country": told(maybe(TEXT), "ISO 3166, two letters."),
        "currency": maybe(CURRENCY), "timezone": told(maybe(TEXT), "As America/Toronto."),
    }),
    "Customer": answered(CUSTOMER),
    "CustomerExtended": answered({**CUSTOMER, **MORE}),
}  # fmt: skip
ONE = under("customer", of("CustomerExtended"))
ACME = {"external_id": "acme", "name": "Acme", "country": "CA", "state": "ON", "currency": "CAD"}
OPERATIONS = (
    Operation(
        name="POST /customers", turn=12, answer=ONE, body=under("customer", of("CustomerInput")),
        example=Example({"customer": ACME}),
    ),
    Operation(name="GET /customers", query=PAGES, answer=page("customers", of("Customer"))),
    Operation(
        name="GET /customers/{external_id}", refusals=(404,), answer=ONE,
        example=Example(path={"external_id": "acme"}),
    ),
    Operation(
        name="DELETE /customers/{external_id}", turn=88, refusals=(404,), answer=ONE,
        example=Example(path={"external_id": "acme"}),
    ),
)  # fmt: skip
