"""Billable metrics: what is counted, and how."""

from fusion_billing.openapi.operation import Example, Operation
from fusion_billing.openapi.shapes import (
    ANYTHING,
    COUNT,
    EVENT_TIME,
    FLAG,
    ID,
    IDENTIFIER,
    INTEGER,
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

AGGREGATIONS = word(
    "count_agg", "sum_agg", "max_agg", "unique_count_agg", "weighted_sum_agg", "latest_agg"
)
SEMANTICS = word("delta", "cumulative", "gauge", "window")
ROUNDING = word("ceil", "floor", "round")
METRIC = {
    "name": "Tokens", "code": "tokens", "aggregation_type": "sum_agg", "field_name": "tokens",
    "filters": [{"key": "region", "values": ["ca", "eu"]}],
}  # fmt: skip
SETTABLE = {
    "description": maybe(TEXT),
    "field_name": told(maybe(TEXT), "The property that is counted; all but count_agg need one."),
    "weighted_interval": maybe(word("seconds")),
    "recurring": maybe(FLAG),
    "rounding_function": maybe(ROUNDING),
    "rounding_precision": maybe({"type": "integer", "minimum": -12, "maximum": 12}),
    "expression": maybe(TEXT),
    "counter_semantics": told(maybe(SEMANTICS), "Ours: how pushes of a counter add up."),
    "filters": maybe(listed(of("MetricFilter"))),
}
NAMED = {"name": IDENTIFIER, "code": IDENTIFIER, "aggregation_type": AGGREGATIONS}
SHAPES = {
    "MetricFilter": given({"key": TEXT, "values": listed(TEXT)}),
    "BillableMetricNew": given(NAMED, SETTABLE),
    "BillableMetricChange": given({}, {**NAMED, **SETTABLE}),
    "BillableMetric": answered(
        {
            "lago_id": ID, "name": TEXT, "code": TEXT, "description": maybe(TEXT),
            "aggregation_type": AGGREGATIONS, "weighted_interval": maybe(TEXT), "recurring": FLAG,
            "rounding_function": maybe(ROUNDING), "rounding_precision": maybe(INTEGER),
            "created_at": TIME, "field_name": maybe(TEXT), "counter_semantics": maybe(SEMANTICS),
            "expression": maybe(TEXT), "filters": listed(of("MetricFilter")),
            "active_subscriptions_count": COUNT, "draft_invoices_count": COUNT,
            "plans_count": COUNT,
        }
    ),
    "ExpressionTrial": given(
        {"expression": TEXT},
        {"event": given({}, {"code": TEXT, "timestamp": EVENT_TIME, "properties": OBJECT})},
    ),
    "ExpressionResult": under("expression_result", answered({"value": ANYTHING})),
}  # fmt: skip
ONE = under("billable_metric", of("BillableMetric"))
OPERATIONS = (
    Operation(
        name="POST /billable_metrics", turn=10, answer=ONE, refusals=(403,),
        body=under("billable_metric", of("BillableMetricNew")),
        example=Example({"billable_metric": METRIC}),
    ),
    Operation(
        name="POST /billable_metrics/evaluate_expression", is_body_optional=True,
        answer=of("ExpressionResult"), body=of("ExpressionTrial"),
        example=Example(
            {
                "expression": "event.properties.seconds / 60",
                "event": {"code": "calls", "properties": {"seconds": "90"}},
            }
        ),
    ),
    Operation(
        name="GET /billable_metrics", query=PAGES,
        answer=page("billable_metrics", of("BillableMetric")),
    ),
    Operation(
        name="GET /billable_metrics/{code}", refusals=(404,), answer=ONE,
        example=Example(path={"code": "tokens"}),
    ),
    Operation(
        name="PUT /billable_metrics/{code}", answer=ONE, refusals=(403, 404),
        body=under("billable_metric", of("BillableMetricChange")),
        example=Example(
            {"billable_metric": {"description": "Tokens of a language model"}},
            path={"code": "tokens"},
        ),
    ),
    Operation(
        name="DELETE /billable_metrics/{code}", turn=90, refusals=(404,), answer=ONE,
        example=Example(path={"code": "tokens"}),
    ),
)  # fmt: skip
