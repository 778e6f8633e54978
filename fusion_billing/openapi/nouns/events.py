"""Usage events: pushed, read back, and priced without being kept."""

from fusion_billing.openapi.nouns.fees import ITEM
from fusion_billing.openapi.operation import JSON, Example, Operation
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DECIMAL,
    EVENT_TIME,
    FLAG,
    GIVEN_DECIMAL,
    GIVEN_TIME,
    ID,
    IDENTIFIER,
    INTEGER,
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
    word,
)  # fmt: skip

PROPERTIES = told(maybe(OBJECT), "What happened, by name; numbers are kept digit by digit.")
EVENT = {
    "transaction_id": "0192f1c0-1", "external_subscription_id": "acme-team", "code": "tokens",
    "timestamp": 1768046400, "properties": {"tokens": 1250},
}  # fmt: skip
SECOND = EVENT | {"transaction_id": "0192f1c0-2", "properties": {"tokens": "980.5"}}
THIRD = EVENT | {"transaction_id": "0192f1c0-3", "properties": {"tokens": "many"}}
FOURTH = EVENT | {"transaction_id": "0192f1c0-4", "properties": {"tokens": "few"}}
ASKED = {"external_subscription_id": "acme-team", "code": "tokens", "properties": {"tokens": 500}}
CLOUD_EVENTS = ("application/cloudevents+json", "application/cloudevents-batch+json")
SHAPES = {
    "EventInput": given({"transaction_id": IDENTIFIER, "code": IDENTIFIER}, {
        "external_subscription_id": maybe(IDENTIFIER), "timestamp": EVENT_TIME,
        "precise_total_amount_cents": maybe(GIVEN_DECIMAL), "properties": PROPERTIES,
    }),
    "AskedEvent": given({"external_subscription_id": IDENTIFIER, "code": IDENTIFIER}, {
        "transaction_id": maybe(IDENTIFIER), "timestamp": EVENT_TIME,
        "precise_total_amount_cents": maybe(GIVEN_DECIMAL), "properties": PROPERTIES,
    }),
    "Event": answered({
        "lago_id": ID, "transaction_id": TEXT, "lago_customer_id": maybe(ID), "code": TEXT,
        "timestamp": TIME, "precise_total_amount_cents": maybe(TEXT), "properties": OBJECT,
        "lago_subscription_id": maybe(ID), "external_subscription_id": maybe(TEXT),
        "created_at": TIME,
    }),
    "EventReceipt": answered({
        "kept_count": COUNT, "refused_count": COUNT,
        "events": listed(answered({
            "index": COUNT, "transaction_id": maybe(TEXT), "status": word("kept", "refused"),
            "received_at": maybe(TIME), "error_details": maybe(OBJECT),
        })),
    }),
    "InstantFee": answered({
        "lago_id": NOTHING, "lago_charge_id": ID, "lago_charge_filter_id": maybe(ID),
        "lago_invoice_id": NOTHING, "lago_true_up_fee_id": NOTHING,
        "lago_true_up_parent_fee_id": NOTHING, "lago_subscription_id": ID,
        "external_subscription_id": TEXT, "lago_customer_id": ID, "external_customer_id": TEXT,
        "item": ITEM, "pay_in_advance": FLAG, "invoiceable": FLAG, "amount_cents": DECIMAL,
        "amount_currency": CURRENCY, "precise_amount": DECIMAL, "precise_total_amount": DECIMAL,
        "taxes_amount_cents": CENTS, "taxes_precise_amount": INTEGER, "taxes_rate": INTEGER,
        "total_amount_cents": DECIMAL, "total_amount_currency": CURRENCY, "units": DECIMAL,
        "description": maybe(TEXT), "precise_unit_amount": DECIMAL,
        "precise_coupons_amount_cents": DECIMAL, "events_count": COUNT, "payment_status": TEXT,
        "created_at": NOTHING, "succeeded_at": NOTHING, "failed_at": NOTHING,
        "refunded_at": NOTHING, "amount_details": maybe(OBJECT), "event_transaction_id": TEXT,
    }),
}  # fmt: skip
INSTANT_FEES = answered({"fees": listed(of("InstantFee"))})
FILTERS = {
    "code": TEXT, "external_subscription_id": TEXT, "timestamp_from": GIVEN_TIME,
    "timestamp_to": GIVEN_TIME,
}  # fmt: skip
OPERATIONS = (
    Operation(
        name="POST /events", turn=20, answer=under("event", of("Event")),
        body=under("event", of("EventInput")), body_types=(JSON, *CLOUD_EVENTS),
        refusals=(408, 415), example=Example({"event": EVENT}),
    ),
    Operation(
        name="POST /events/batch", turn=21, answer=answered({"events": listed(of("Event"))}),
        body=given({"events": listed(of("EventInput"), minItems=1, maxItems=100)}),
        refusals=(408, 415), example=Example({"events": [EVENT, SECOND]}),
    ),
    Operation(
        name="POST /usage/events", turn=22, answer=under("receipt", of("EventReceipt")),
        body=given(
            {"events": listed(of("EventInput"), minItems=1, maxItems=1000)},
            {"mode": word("all_or_nothing", "partial")},
        ),
        refusals=(408, 415),
        example=Example({"mode": "partial", "events": [SECOND, THIRD, FOURTH]}),
    ),
    Operation(
        name="GET /events", query={**FILTERS, **PAGES}, answer=page("events", of("Event")),
        example=Example(query={"code": "tokens"}),
    ),
    Operation(
        name="GET /events/{transaction_id}", refusals=(404,), answer=under("event", of("Event")),
        example=Example(path={"transaction_id": "0192f1c0-1"}),
    ),
    Operation(
        name="POST /events/estimate_fees", turn=23, refusals=(404,),
        answer=answered({"fees": listed(of("Fee"))}), body=under("event", of("AskedEvent")),
        example=Example({"event": ASKED | {"code": "calls"}}),
    ),
    Operation(
        name="POST /events/estimate_instant_fees", turn=23, refusals=(404,), answer=INSTANT_FEES,
        body=under("event", of("AskedEvent")),
        example=Example({"event": ASKED | {"code": "calls"}}),
    ),
    Operation(
        name="POST /events/batch_estimate_instant_fees", turn=23, refusals=(404,),
        answer=INSTANT_FEES,
        body=given({"events": listed(of("AskedEvent"), minItems=1, maxItems=100)}),
        example=Example({"events": [ASKED | {"code": "calls"}]}),
    ),
)  # fmt: skip
