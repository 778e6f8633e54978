"""Alerts of a subscription: told when usage crosses a threshold."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    DECIMAL,
    FLAG,
    GIVEN_DECIMAL,
    ID,
    IDENTIFIER,
    NOTHING,
    PAGES,
    TEXT,
    TIME,
    answered,
    given,
    listed,
    maybe,
    of,
    page,
    under,
    word,
)  # fmt: skip

TYPES = word(
    "current_usage_amount", "billable_metric_current_usage_amount",
    "billable_metric_current_usage_units", "lifetime_usage_amount",
)  # fmt: skip
SUBSCRIPTION_STATUS = {"subscription_status": TEXT, "status": TEXT}
SETTABLE = {
    "code": IDENTIFIER, "name": maybe(TEXT), "billable_metric_code": maybe(TEXT),
    "thresholds": listed(of("AlertThresholdInput"), minItems=1, maxItems=20),
}  # fmt: skip
NEW = {"alert_type": TYPES, "code": IDENTIFIER, "thresholds": SETTABLE["thresholds"]}
SHAPES = {
    "AlertThresholdInput": given(
        {"value": GIVEN_DECIMAL}, {"code": maybe(TEXT), "recurring": maybe(FLAG)}
    ),
    "AlertNew": given(NEW, {"name": maybe(TEXT), "billable_metric_code": maybe(TEXT)}),
    "AlertChange": given({}, SETTABLE),
    "Alert": answered({
        "lago_id": ID, "lago_organization_id": TEXT, "subscription_external_id": TEXT,
        "external_subscription_id": TEXT, "lago_wallet_id": NOTHING, "wallet_code": NOTHING,
        "alert_type": TYPES, "code": TEXT, "name": maybe(TEXT), "direction": word("increasing"),
        "previous_value": DECIMAL, "last_processed_at": maybe(TIME),
        "thresholds": listed(
            answered({"code": maybe(TEXT), "value": DECIMAL, "recurring": FLAG})
        ),
        "created_at": TIME, "billable_metric": maybe(of("BillableMetric")),
    }),
}  # fmt: skip
ALL = "/subscriptions/{external_id}/alerts"
MINE = {"external_id": "acme-team"}
ONE = under("alert", of("Alert"))
BUDGET = {
    "alert_type": "current_usage_amount", "code": "budget", "name": "Budget of the month",
    "thresholds": [{"code": "warn", "value": 5000}, {"value": 10000, "recurring": True}],
}  # fmt: skip
OPERATIONS = (
    Operation(
        name=f"POST {ALL}", turn=49, refusals=(404,), query=SUBSCRIPTION_STATUS,
        body={"anyOf": [
            under("alert", of("AlertNew")),
            under("alerts", listed(of("AlertNew"), minItems=1, maxItems=100)),
        ]},
        answer={"oneOf": [ONE, under("alerts", listed(of("Alert")))]},
        example=Example({"alert": BUDGET}, path=MINE),
    ),
    Operation(
        name=f"GET {ALL}", refusals=(404,), query={**SUBSCRIPTION_STATUS, **PAGES},
        answer=page("alerts", of("Alert")), example=Example(path=MINE),
    ),
    Operation(
        name=f"GET {ALL}/{{code}}", refusals=(404,), query=SUBSCRIPTION_STATUS, answer=ONE,
        example=Example(path={**MINE, "code": "budget"}),
    ),
    Operation(
        name=f"PUT {ALL}/{{code}}", refusals=(404,), query=SUBSCRIPTION_STATUS, answer=ONE,
        body=under("alert", of("AlertChange")),
        example=Example({"alert": {"name": "Monthly budget"}}, path={**MINE, "code": "budget"}),
    ),
    Operation(
        name=f"DELETE {ALL}/{{code}}", turn=80, refusals=(404,), query=SUBSCRIPTION_STATUS,
        answer=ONE, example=Example(path={**MINE, "code": "budget"}),
    ),
    Operation(
        name=f"DELETE {ALL}", turn=81, refusals=(404,), query=SUBSCRIPTION_STATUS, answer=None,
        example=Example(path=MINE),
    ),
)  # fmt: skip
