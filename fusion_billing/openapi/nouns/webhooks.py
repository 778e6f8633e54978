"""What apps are told: lifecycle events in their order, and where webhooks go."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    COUNT,
    ID,
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
    word,
)  # fmt: skip

ALGORITHMS = word("jwt", "hmac")
SETTABLE = {
    "signature_algo": maybe(ALGORITHMS), "name": maybe(TEXT),
    "event_types": told(maybe(listed(TEXT)), "Only of these; null or `*`: of all."),
}  # fmt: skip
URL = told(TEXT, "An https address that everybody can reach.")
SHAPES = {
    "LifecycleEvent": told(
        answered({
            "sequence": COUNT, "webhook_type": TEXT, "object_type": TEXT,
            "organization_id": TEXT, "created_at": TIME,
        }) | {"additionalProperties": OBJECT},
        "What happened; the object itself stands under the name that `object_type` tells.",
    ),
    "WebhookEndpointNew": given({"webhook_url": URL}, SETTABLE),
    "WebhookEndpointChange": given({}, {"webhook_url": URL, **SETTABLE}),
    "WebhookEndpoint": answered({
        "lago_id": ID, "lago_organization_id": TEXT, "webhook_url": TEXT,
        "signature_algo": ALGORITHMS, "name": maybe(TEXT), "event_types": maybe(listed(TEXT)),
        "created_at": TIME,
    }),
}  # fmt: skip
ONE = under("webhook_endpoint", of("WebhookEndpoint"))
MINE = {"lago_id": Taken("POST /webhook_endpoints", ("webhook_endpoint", "lago_id"))}
ENDPOINT = {"webhook_url": "https://apps.example.com/billing", "signature_algo": "hmac"}
OPERATIONS = (
    Operation(
        name="GET /lifecycle_events", turn=63,
        answer=answered({
            "lifecycle_events": listed(of("LifecycleEvent")),
            "meta": answered({"next_after": COUNT, "last_sequence": COUNT}),
        }),
        query={"after": COUNT, "limit": {"type": "integer", "minimum": 1}, "kind": TEXT},
        example=Example(query={"after": 0, "limit": 2}),
    ),
    Operation(name="GET /webhooks/public_key", answer=TEXT, answer_type="text/plain"),
    Operation(
        name="GET /webhooks/json_public_key",
        answer=under("webhook", answered({"public_key": TEXT})),
    ),
    Operation(
        name="POST /webhook_endpoints", turn=40, answer=ONE,
        body=under("webhook_endpoint", of("WebhookEndpointNew")),
        example=Example({"webhook_endpoint": ENDPOINT}),
    ),
    Operation(
        name="GET /webhook_endpoints", query=PAGES,
        answer=page("webhook_endpoints", of("WebhookEndpoint")),
    ),
    Operation(
        name="GET /webhook_endpoints/{lago_id}", refusals=(404,), answer=ONE,
        example=Example(path=MINE),
    ),
    Operation(
        name="PUT /webhook_endpoints/{lago_id}", refusals=(404,), answer=ONE,
        body=under("webhook_endpoint", of("WebhookEndpointChange")),
        example=Example({"webhook_endpoint": {"name": "Production"}}, path=MINE),
    ),
    Operation(
        name="DELETE /webhook_endpoints/{lago_id}", turn=80, refusals=(404,), answer=ONE,
        example=Example(path=MINE),
    ),
)  # fmt: skip
