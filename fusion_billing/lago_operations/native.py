"""The 55 operations that are answered here alone."""

from fusion_billing.lago_operations.operation import Kind, Row

LAGOS_OWN = "as Lago"


def _native(tag: str, *calls: str, answer: str = LAGOS_OWN) -> Row:
    return Row(tag=tag, kind=Kind.NATIVE, calls=calls, answer=answer)


PLAN_FILTERS = "/plans/{code}/charges/{charge_code}/filters"
OWN_FILTERS = "/subscriptions/{external_id}/charges/{charge_code}/filters"

ROWS = (
    _native(
        "billable_metrics",
        "POST,GET /billable_metrics",
        "POST /billable_metrics/evaluate_expression",
        "PUT,DELETE,GET /billable_metrics/{code}",
    ),
    _native(
        "customers",
        "GET /customers/{external_customer_id}/current_usage",
        "GET /customers/{external_customer_id}/projected_usage",
        "GET /customers/{external_customer_id}/past_usage",
        answer="as Lago, without tax",
    ),
    _native(
        "events",
        "POST /events",
        "POST /events/batch",
        answer="as Lago; known usage sent again is answered 200 again",
    ),
    _native("events", "GET /events", "GET /events/{transaction_id}"),
    _native(
        "events",
        "POST /events/estimate_fees",
        "POST /events/estimate_instant_fees",
        "POST /events/batch_estimate_instant_fees",
        answer="as Lago, without tax",
    ),
    _native("fees", "GET /fees", "GET /fees/{lago_id}", answer="as Lago, without tax"),
    _native(
        "plans",
        "POST,GET /plans",
        "PUT,GET,DELETE /plans/{code}",
        "POST,GET /plans/{code}/charges",
        "GET,PUT,DELETE /plans/{code}/charges/{charge_code}",
        f"POST,GET {PLAN_FILTERS}",
        f"GET,PUT,DELETE {PLAN_FILTERS}/{{filter_id}}",
    ),
    _native(
        "subscriptions",
        "GET /subscriptions/{external_id}/lifetime_usage",
        "GET,POST,DELETE /subscriptions/{external_id}/alerts",
        "GET,PUT,DELETE /subscriptions/{external_id}/alerts/{code}",
        "GET /subscriptions/{external_id}/charges",
        "GET,PUT /subscriptions/{external_id}/charges/{charge_code}",
        f"POST,GET {OWN_FILTERS}",
        f"GET,PUT,DELETE {OWN_FILTERS}/{{filter_id}}",
    ),
    _native("webhooks", "GET /webhooks/public_key", "GET /webhooks/json_public_key"),
    _native(
        "webhook_endpoints",
        "POST,GET /webhook_endpoints",
        "PUT,GET,DELETE /webhook_endpoints/{lago_id}",
    ),
)
