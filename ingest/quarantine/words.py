"""What is wrong with a quarantined event, and what to do next, in sentences."""

from catalog.billable_metrics import BillableMetric
from ingest.quarantine.quarantined_event import QuarantinedEvent, Standing
from ingest.stored_usage import REFUSED
from ingest.usage_frame import NO_SUBSCRIPTION

PROBLEMS = {
    "billable_metric_not_found": (
        "When it came, no billable metric had the code '{code}', so nothing counts it."
    ),
    "missing_aggregation_property": (
        "Its properties lack {field}, which the billable metric '{code}' reads."
    ),
    "value_is_not_valid_number": (
        "Its property {field} is no plain number, so the billable metric '{code}' can't read it."
    ),
    "value_has_too_many_digits": (
        "Its property {field} has more than 26 digits before or 12 after the point, so it can't "
        "be kept exactly."
    ),
    NO_SUBSCRIPTION: "It names no subscription, so nobody can be billed for it.",
    REFUSED: (
        "The transaction id '{transaction_id}' is known with other content: the push was answered "
        "422, and nothing of it counts."
    ),
}
REFUSED_STEP = (
    "If the kept event is wrong, correct it; if this is another event, push it under an id of its "
    "own; then dismiss this row."
)
REVISION_STEP = "It is a counter push or a correction: push it again, then dismiss this row."
REPLAY_STEP = "Its cause is mended: replay it."
STEPS = {
    "billable_metric_not_found": (
        "Create the billable metric '{code}', then replay; or mend the code."
    ),
    NO_SUBSCRIPTION: "Mend external_subscription_id; or dismiss it.",
}
EXPRESSION_FAILED = "expression_evaluation_failed: "
EXPRESSION_PROBLEM = "The expression of the billable metric '{code}' has no value for it "
EXPRESSION_STEP = (
    "Mend the properties that the expression of the billable metric '{code}' reads, then replay."
)
PROPERTY_STEP = (
    "Mend the property {field}; or let the billable metric '{code}' read another one, then replay."
)


def problem(row: QuarantinedEvent, metric: BillableMetric | None) -> str:
    """Return what is wrong, and why that keeps the event from counting."""
    words = PROBLEMS.get(row.reason, f"It can't be counted: {row.reason}.")
    if row.reason.startswith(EXPRESSION_FAILED):
        fault = row.reason.removeprefix(EXPRESSION_FAILED).replace("{", "(").replace("}", ")")
        words = EXPRESSION_PROBLEM + f"({fault})."
    return words.format_map(_names(row, metric))


def next_step(
    row: QuarantinedEvent, metric: BillableMetric | None, fault_now: str | None
) -> str | None:
    """Return what to do; None for a row that is resolved. `fault_now` is by today's metrics."""
    if row.standing is not Standing.OPEN:
        return None
    if not row.is_repairable:
        return REFUSED_STEP if row.is_refused else REVISION_STEP
    words = STEPS.get(fault_now, PROPERTY_STEP) if fault_now else REPLAY_STEP
    if fault_now and fault_now.startswith(EXPRESSION_FAILED):
        words = EXPRESSION_STEP
    return words.format_map(_names(row, metric))


def _names(row: QuarantinedEvent, metric: BillableMetric | None) -> dict[str, str]:
    field = f"'{metric.field_name}'" if metric and metric.field_name else "with the number"
    return {"code": row.event.code, "field": field, "transaction_id": row.event.transaction_id}
