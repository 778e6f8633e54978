"""Billable metrics in Lago's words (reference sections 3 and 7)."""

from dataclasses import replace
from datetime import datetime

from catalog.billable_metrics import (
    AggregationType,
    BillableMetric,
    CounterSemantics,
    RoundingFunction,
)
from catalog.counter_semantics import counter_fits_aggregation
from catalog.errors import Forbidden
from catalog.exact_json import JsonObject
from catalog.expression import INVALID_EXPRESSION, ExpressionError, parsed
from catalog.lago_shapes.fields import INVALID, MANDATORY, Fields
from catalog.lago_shapes.metric_filters import (
    from_lago_metric_filters,
    loses_a_value,
    to_lago_metric_filters,
)
from catalog.lago_shapes.times import iso_seconds

NEVER_AGGREGATED = "custom_agg"
NEVER_OFFERED = "runs a program of its own: use an expression, or another aggregation"
WEIGHTED_INTERVAL = "seconds"
CAN_RECUR = (AggregationType.SUM, AggregationType.UNIQUE_COUNT, AggregationType.WEIGHTED_SUM)
ROUNDING_PRECISION_MAX = 12
FIXED_ON_A_PLAN = (
    "code", "aggregation_type", "field_name", "counter_semantics", "recurring", "expression",
)  # fmt: skip
USED_BY_A_PLAN = "used_by_a_plan"
NOT_COMPATIBLE = "not_compatible_with_aggregation_type"


def from_lago_new_metric(
    given: JsonObject, service_code: str, metric_id: str, at: datetime
) -> BillableMetric:
    """Return the metric a request describes; ValidationFailed names every faulty field.

    Forbidden `feature_unavailable` for custom_agg (Lago).
    """
    fields = Fields(given)
    fields.require("name", "code", "aggregation_type")
    blank = BillableMetric(
        id=metric_id,
        service_code=service_code,
        code="",
        name="",
        aggregation_type=AggregationType.COUNT,
        created_at=at,
        valid_from=at,
    )
    metric = _changed(fields, blank)
    fields.check()
    return metric


def from_lago_changed_metric(
    given: JsonObject, kept: BillableMetric, *, is_priced: bool
) -> BillableMetric:
    """Return a metric with the members of a request changed; ValidationFailed as above.

    What a plan's charge counts can't change under it: usage of the running period was taken in
    by the old rule. (Lago ignores such a change without a word.) Its filters may grow.
    """
    fields = Fields(given)
    changed = _changed(fields, kept)
    for name in FIXED_ON_A_PLAN:
        if is_priced and getattr(changed, name) != getattr(kept, name):
            fields.fault(name, USED_BY_A_PLAN)
    if is_priced and loses_a_value(kept.filters, changed.filters):
        fields.fault("filters", USED_BY_A_PLAN)
    fields.check()
    return changed


def to_lago_metric(metric: BillableMetric) -> dict[str, object]:
    """Return Lago's billable_metric object; `counter_semantics` is ours."""
    is_weighted = metric.aggregation_type is AggregationType.WEIGHTED_SUM
    return {
        "lago_id": metric.id,
        "name": metric.name,
        "code": metric.code,
        "description": metric.description,
        "aggregation_type": metric.aggregation_type.value,
        "weighted_interval": WEIGHTED_INTERVAL if is_weighted else None,
        "recurring": metric.recurring,
        "rounding_function": metric.rounding_function and metric.rounding_function.value,
        "rounding_precision": metric.rounding_precision,
        "created_at": iso_seconds(metric.created_at),
        "field_name": metric.field_name,
        "counter_semantics": metric.counter_semantics and metric.counter_semantics.value,
        "expression": metric.expression,
        "filters": to_lago_metric_filters(metric.filters),
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "plans_count": 0,
    }


def _changed(fields: Fields, kept: BillableMetric) -> BillableMetric:
    aggregation_type = _aggregation_type(fields, kept.aggregation_type)
    _check_weighted_interval(fields, kept.aggregation_type, aggregation_type)
    return replace(
        kept,
        code=fields.identifier("code", kept.code),
        name=fields.mandatory_text("name", kept.name),
        description=fields.text("description", kept.description),
        aggregation_type=aggregation_type,
        field_name=_field_name(fields, kept.field_name, aggregation_type),
        rounding_function=fields.choice(
            "rounding_function", RoundingFunction, kept.rounding_function
        ),
        rounding_precision=fields.integer(
            "rounding_precision",
            kept.rounding_precision,
            (-ROUNDING_PRECISION_MAX, ROUNDING_PRECISION_MAX),
        ),
        counter_semantics=_counter_semantics(fields, kept.counter_semantics, aggregation_type),
        recurring=_recurring(fields, aggregation_type, kept=kept.recurring),
        expression=_expression(fields, kept.expression, aggregation_type),
        filters=from_lago_metric_filters(fields, kept.filters),
    )


def _aggregation_type(fields: Fields, kept: AggregationType) -> AggregationType:
    if fields.given.get("aggregation_type") == NEVER_AGGREGATED:
        details = {"aggregation_type": [f"{NEVER_AGGREGATED} {NEVER_OFFERED}"]}
        raise Forbidden("feature_unavailable", details)
    if "aggregation_type" in fields.given:
        fields.require("aggregation_type")
    return fields.choice("aggregation_type", AggregationType, kept) or kept


def _check_weighted_interval(
    fields: Fields, kept: AggregationType, aggregation_type: AggregationType
) -> None:
    """Note a weighted sum that names no interval; Lago knows only seconds."""
    given = fields.given.get("weighted_interval")
    was_named = kept is AggregationType.WEIGHTED_SUM and "weighted_interval" not in fields.given
    is_missing = aggregation_type is AggregationType.WEIGHTED_SUM and not given and not was_named
    if is_missing or (given and given != WEIGHTED_INTERVAL):
        fields.fault("weighted_interval", INVALID)


def _field_name(fields: Fields, kept: str | None, aggregation_type: AggregationType) -> str | None:
    name = fields.text("field_name", kept)
    if aggregation_type is AggregationType.COUNT:
        return None
    if not name or not name.strip():
        fields.fault("field_name", MANDATORY)
    return name


def _counter_semantics(
    fields: Fields, kept: CounterSemantics | None, aggregation_type: AggregationType
) -> CounterSemantics | None:
    semantics = fields.choice("counter_semantics", CounterSemantics, kept)
    if not counter_fits_aggregation(semantics, aggregation_type):
        fields.fault("counter_semantics", NOT_COMPATIBLE)
    return semantics


def _recurring(fields: Fields, aggregation_type: AggregationType, *, kept: bool) -> bool:
    is_recurring = fields.flag("recurring", kept=kept)
    if is_recurring and aggregation_type not in CAN_RECUR:
        fields.fault("recurring", NOT_COMPATIBLE)
    return is_recurring


def _expression(fields: Fields, kept: str | None, aggregation_type: AggregationType) -> str | None:
    """Return the expression given; counting looks at no value, so it can have none."""
    expression = fields.text("expression", kept)
    if expression is None or not expression.strip():
        return None
    if aggregation_type is AggregationType.COUNT:
        fields.fault("expression", NOT_COMPATIBLE)
    try:
        parsed(expression)
    except ExpressionError:
        fields.fault("expression", INVALID_EXPRESSION)
    return expression
