"""Costs: what a service's usage cost at its providers, told by itself."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    COUNT,
    CURRENCY,
    DAY,
    GIVEN_DECIMAL,
    IDENTIFIER,
    TEXT,
    Schema,
    answered,
    given,
    listed,
    maybe,
    of,
    told,
    under,
)  # fmt: skip

SHAPES: dict[str, Schema] = {
    "DailyCost": given(
        {
            "key": told(IDENTIFIER, "Names the row; a higher revision under it replaces it."),
            "day": DAY, "provider": IDENTIFIER, "cost": GIVEN_DECIMAL, "currency": CURRENCY,
        },
        {
            "revision": maybe({"type": "integer", "minimum": 0}), "category": maybe(TEXT),
            "external_customer_id": maybe(TEXT), "billable_metric_code": maybe(TEXT),
            "quantity": maybe(GIVEN_DECIMAL), "unit": maybe(TEXT),
            "unit_price": maybe(GIVEN_DECIMAL), "provider_service": maybe(TEXT),
            "sku": maybe(TEXT), "description": maybe(TEXT),
        },
    ),
}  # fmt: skip
ROW = {
    "key": "2026-01-10/tokens", "day": "2026-01-10", "provider": "LLM Inc", "cost": "3.1415",
    "currency": "CAD", "external_customer_id": "acme", "billable_metric_code": "tokens",
    "category": "Usage",
}  # fmt: skip
OPERATIONS = (
    Operation(
        name="POST /costs", turn=45,
        answer=under("costs", answered({"new_count": COUNT, "known_count": COUNT})),
        body=given({"costs": listed(of("DailyCost"), minItems=1, maxItems=1000)}),
        example=Example({"costs": [ROW]}),
    ),
)  # fmt: skip
