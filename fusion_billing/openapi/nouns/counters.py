"""Counter pushes: totals of windows, replaced as a whole."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    CODES,
    COUNT,
    DECIMAL,
    FLAG,
    GIVEN_DECIMAL,
    GIVEN_TIME,
    IDENTIFIER,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    by_key,
    given,
    listed,
    maybe,
    of,
    page,
    told,
    under,
    word,
)  # fmt: skip

WINDOW = {
    "transaction_id": "seats-2026-01-10", "external_subscription_id": "acme-team",
    "code": "seats", "value": "12",
    "window_start": "2026-01-10T05:00:00Z", "window_end": "2026-01-11T05:00:00Z",
}  # fmt: skip
ROW = {
    "transaction_id": maybe(TEXT), "status": word("kept", "refused"), "fact_id": maybe(TEXT),
    "received_at": maybe(TIME), "error_details": maybe(OBJECT),
}  # fmt: skip
SHAPES = {
    "CounterPush": given(
        {"transaction_id": told(IDENTIFIER, "Names this push, for a retry."),
         "external_subscription_id": IDENTIFIER, "code": IDENTIFIER, "value": GIVEN_DECIMAL,
         "window_end": GIVEN_TIME},
        {"window_start": told(maybe(GIVEN_TIME), "Of a total; a reading has only an end."),
         "dimensions": maybe(by_key(TEXT))},
    ),
    "CounterReceipt": answered({
        "kept_count": COUNT, "refused_count": COUNT,
        "usage": listed(answered({"index": COUNT, **ROW})),
    }),
    "CounterWindow": answered({
        "fact_id": TEXT, "window_start": maybe(TIME), "window_end": TIME,
        "dimensions": by_key(TEXT),
        "value": maybe(DECIMAL), "usage": maybe(DECIMAL), "is_void": FLAG,
        "revisions_count": COUNT, "transaction_id": maybe(TEXT), "received_at": TIME,
        "notices": CODES,
    }),
}  # fmt: skip
OPERATIONS = (
    Operation(
        name="PUT /usage", turn=25, answer=under("usage", answered(ROW)),
        body=under("usage", of("CounterPush")), example=Example({"usage": WINDOW}),
    ),
    Operation(
        name="PUT /usage/batch", turn=26, answer=under("receipt", of("CounterReceipt")),
        body=given(
            {"usage": listed(of("CounterPush"), minItems=1, maxItems=1000)},
            {"mode": maybe(word("all_or_nothing", "partial"))},
        ),
        example=Example({"usage": [WINDOW | {"transaction_id": "seats-b", "value": "13"}]}),
    ),
    Operation(
        name="GET /usage/windows", refusals=(404,), answer=page("windows", of("CounterWindow")),
        query={"external_subscription_id": TEXT, "code": TEXT, **PAGES},
        example=Example(query={"external_subscription_id": "acme-team", "code": "seats"}),
    ),
)  # fmt: skip
