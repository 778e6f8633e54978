"""Rated lines explained: what each was computed from."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    ANYTHING,
    CENTS,
    COUNT,
    CURRENCY,
    DECIMAL,
    FLAG,
    INTEGER,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    listed,
    maybe,
    of,
    told,
    under,
    word,
)  # fmt: skip

LINE_ID = Taken("GET /fees", ("fees", 0, "lago_id"))
SHAPES = {
    "RatedLineExplanation": answered({
        "id": TEXT, "kind": TEXT, "draft_id": TEXT, "description": TEXT,
        "external_customer_id": TEXT, "external_subscription_id": TEXT, "quantity": DECIMAL,
        "quantity_included": DECIMAL, "quantity_overage": DECIMAL, "events_count": COUNT,
        "precise_amount": DECIMAL, "amount_cents": CENTS, "currency": CURRENCY,
        "is_invoiceable": FLAG, "filter_values": OBJECT, "group": OBJECT,
        "corrects_line_id": maybe(TEXT), "steps": listed(OBJECT),
        "window": answered({
            "from": TIME, "to_excluded": TIME, "timezone": TEXT, "period_days": ANYTHING,
            "is_prorated": FLAG, "counts_usage_before": FLAG,
        }),
        "versions": answered({
            "plan": answered({"code": TEXT, "version": INTEGER}), "charge": maybe(OBJECT),
            "billable_metric": maybe(OBJECT), "watermark": TEXT, "inputs_digest": TEXT,
            "rated_at": TIME,
        }),
        "quota": answered({"included": DECIMAL, "used": DECIMAL, "overage": DECIMAL}),
        "usage": maybe(answered({
            "aggregation_type": TEXT, "is_erased": FLAG, "rows_count": maybe(COUNT),
            "denominator": ANYTHING, "units": maybe(DECIMAL),
            "units_before_proration": maybe(DECIMAL), "roundings": listed(OBJECT),
            "rows": listed(answered({
                "transaction_id": TEXT, "occurred_at": TIME, "value": maybe(TEXT),
                "operation_type": maybe(TEXT), "counts": ANYTHING, "weight": ANYTHING,
                "properties": ANYTHING,
            })),
        })),
        "adds_up": told(FLAG, "Whether the rows, counted again, give the line's quantity."),
        "meta": of("PageMeta"),
    }),
}  # fmt: skip
KEY = answered({"algorithm": word("ed25519"), "hex": TEXT})
OPERATIONS = (
    Operation(name="GET /rated_lines/public_key", is_open=True, answer=under("public_key", KEY)),
    Operation(
        name="GET /rated_lines/{line_id}/explanation",
        turn=61,
        refusals=(404,),
        query=PAGES,
        answer=under("rated_line", of("RatedLineExplanation")),
        example=Example(path={"line_id": LINE_ID}),
    ),
    Operation(
        name="GET /rated_lines/{line_id}/explanation.csv",
        turn=61,
        refusals=(404,),
        answer=TEXT,
        answer_type="text/csv",
        example=Example(path={"line_id": LINE_ID}),
    ),
)
