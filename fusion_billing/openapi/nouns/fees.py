"""Fees: billed lines, and events that are paid in advance."""

from fusion_billing.openapi.operation import Example, Operation, Taken
from fusion_billing.openapi.shapes import (
    CENTS,
    COUNT,
    CURRENCY,
    DECIMAL,
    FLAG,
    GIVEN_TIME,
    ID,
    INTEGER,
    NOTHING,
    OBJECT,
    PAGES,
    TEXT,
    TIME,
    answered,
    by_key,
    listed,
    maybe,
    of,
    page,
    under,
    word,
)  # fmt: skip

ITEM = answered({
    "type": TEXT, "code": TEXT, "name": TEXT, "description": maybe(TEXT),
    "invoice_display_name": maybe(TEXT), "filters": maybe(by_key(listed(TEXT))),
    "filter_invoice_display_name": maybe(TEXT), "lago_item_id": ID,
    "item_type": word("BillableMetric", "Subscription"), "grouped_by": by_key(maybe(TEXT)),
})  # fmt: skip
SHAPES = {
    "Fee": answered({
        "lago_id": maybe(ID), "lago_charge_id": maybe(ID), "lago_charge_filter_id": maybe(ID),
        "lago_fixed_charge_id": NOTHING, "lago_invoice_id": maybe(TEXT),
        "lago_true_up_fee_id": maybe(ID), "lago_true_up_parent_fee_id": maybe(ID),
        "lago_original_fee_id": NOTHING, "lago_subscription_id": ID,
        "external_subscription_id": TEXT, "lago_customer_id": ID, "external_customer_id": TEXT,
        "item": ITEM, "pay_in_advance": FLAG, "invoiceable": FLAG, "amount_cents": CENTS,
        "amount_currency": CURRENCY, "precise_amount": DECIMAL, "precise_total_amount": DECIMAL,
        "taxes_amount_cents": CENTS, "taxes_precise_amount": DECIMAL, "taxes_rate": INTEGER,
        "total_aggregated_units": DECIMAL, "total_amount_cents": CENTS,
        "total_amount_currency": CURRENCY, "units": DECIMAL, "description": maybe(TEXT),
        "precise_unit_amount": DECIMAL, "precise_coupons_amount_cents": DECIMAL,
        "sub_total_excluding_taxes_amount_cents": CENTS,
        "sub_total_excluding_taxes_precise_amount_cents": DECIMAL, "events_count": maybe(COUNT),
        "payment_status": TEXT, "created_at": maybe(TIME), "succeeded_at": maybe(TIME),
        "failed_at": maybe(TIME), "refunded_at": maybe(TIME), "amount_details": OBJECT,
        "self_billed": FLAG, "pricing_unit_details": NOTHING,
        "presentation_breakdowns": listed(OBJECT), "from_date": maybe(TIME),
        "to_date": maybe(TIME), "applied_taxes": listed(OBJECT),
    }, event_transaction_id=maybe(TEXT)),
}  # fmt: skip
FILTERS = {
    "fee_type": word("charge", "subscription", "commitment", "add_on", "credit", "fixed_charge"),
    "payment_status": word("pending", "succeeded", "failed", "refunded"), "currency": CURRENCY,
    "external_subscription_id": TEXT, "external_customer_id": TEXT, "billable_metric_code": TEXT,
    "event_transaction_id": TEXT,
    **{f"{what}_at_{end}": GIVEN_TIME for what in ("created", "succeeded", "failed", "refunded")
       for end in ("from", "to")},
}  # fmt: skip
OPERATIONS = (
    Operation(
        name="GET /fees",
        turn=60,
        query={**FILTERS, **PAGES},
        answer=page("fees", of("Fee")),
        example=Example(query={"fee_type": "charge", "billable_metric_code": "tokens"}),
    ),
    Operation(
        name="GET /fees/{lago_id}",
        turn=61,
        refusals=(404,),
        answer=under("fee", of("Fee")),
        example=Example(path={"lago_id": Taken("GET /fees", ("fees", 0, "lago_id"))}),
    ),
)
