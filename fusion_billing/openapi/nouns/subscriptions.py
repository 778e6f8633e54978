"""Subscriptions: who pays by which plan, from when to when."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    CENTS,
    CURRENCY,
    FLAG,
    GIVEN_TIME,
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
    word,
)  # fmt: skip

STATUSES = ("active", "pending", "terminated", "canceled")
BILLING_TIMES = word("calendar", "anniversary")
SUBSCRIPTION = {
    "lago_id": ID, "external_id": TEXT, "lago_customer_id": ID, "external_customer_id": TEXT,
    "billing_entity_code": TEXT, "name": maybe(TEXT), "plan_code": TEXT,
    "plan_amount_cents": CENTS, "plan_amount_currency": CURRENCY, "status": word(*STATUSES),
    "billing_time": BILLING_TIMES, "subscription_at": TIME, "started_at": maybe(TIME),
    "trial_ended_at": maybe(TIME), "ending_at": maybe(TIME), "terminated_at": maybe(TIME),
    "canceled_at": maybe(TIME), "created_at": TIME, "previous_plan_code": maybe(TEXT),
    "next_plan_code": maybe(TEXT), "downgrade_plan_date": maybe(TEXT),
    "current_billing_period_started_at": maybe(TIME),
    "current_billing_period_ending_at": maybe(TIME), "on_termination_credit_note": maybe(TEXT),
    "on_termination_invoice": maybe(TEXT), "progressive_billing_disabled": FLAG,
    "consolidate_invoice": FLAG, "purchase_order_number": NOTHING, "cancellation_reason": NOTHING,
    "activated_at": maybe(TIME), "payment_method": OBJECT, "activation_rules": listed(OBJECT),
    "applied_invoice_custom_sections": listed(OBJECT),
}  # fmt: skip
TIMES = {
    "subscription_at": told(maybe(GIVEN_TIME), "When it begins; none: now."),
    "ending_at": told(maybe(GIVEN_TIME), "When it ends by itself."),
}
SHAPES = {
    "SubscriptionNew": given(
        {"external_customer_id": IDENTIFIER, "external_id": IDENTIFIER, "plan_code": IDENTIFIER},
        {"name": maybe(TEXT), "billing_time": maybe(BILLING_TIMES), **TIMES},
    ),
    "SubscriptionChange": given({}, {"name": maybe(TEXT), **TIMES}),
    "Subscription": answered(SUBSCRIPTION),
    "SubscriptionExtended": answered(
        {
            **SUBSCRIPTION,
            "plan": of("Plan"),
            "entitlements": listed(OBJECT),
            "applicable_usage_thresholds": listed(OBJECT),
        }
    ),
}
ONE = under("subscription", of("SubscriptionExtended"))
STATUS = {
    "status": told(
        word(*STATUSES, "incomplete"), "May be given several times (`status[]`); none: active."
    )
}
ORDER = {"external_customer_id": "acme", "plan_code": "team", "external_id": "acme-team"}
MINE = {"external_id": "acme-team"}
OPERATIONS = (
    Operation(
        name="POST /subscriptions", turn=13, answer=ONE, refusals=(404,),
        body=under("subscription", of("SubscriptionNew")),
        example=Example({"subscription": ORDER}),
    ),
    Operation(
        name="GET /subscriptions", query={**STATUS, **PAGES},
        answer=page("subscriptions", of("Subscription")),
    ),
    Operation(
        name="GET /subscriptions/{external_id}", refusals=(404,), answer=ONE, query=STATUS,
        example=Example(path=MINE),
    ),
    Operation(
        name="PUT /subscriptions/{external_id}", answer=ONE, refusals=(404,),
        body=under("subscription", of("SubscriptionChange")),
        example=Example({"subscription": {"name": "Acme's team"}}, path=MINE),
    ),
    Operation(
        name="GET /customers/{external_id}/subscriptions", refusals=(404,),
        query={**STATUS, **PAGES}, answer=page("subscriptions", of("Subscription")),
        example=Example(path={"external_id": "acme"}),
    ),
    Operation(
        name="DELETE /subscriptions/{external_id}", turn=87, refusals=(404,), answer=ONE,
        query=STATUS, example=Example(path=MINE),
    ),
)  # fmt: skip
