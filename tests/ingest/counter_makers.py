"""Makers of counter pushes; a test names only what matters to it."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from ingest.counters.counter import counter_revision
from ingest.usage_event import UsageRevision
from tests.ingest.makers import a_metric

TORONTO = ZoneInfo("America/Toronto")
FED = {
    CounterSemantics.DELTA: AggregationType.SUM,
    CounterSemantics.CUMULATIVE: AggregationType.SUM,
    CounterSemantics.GAUGE: AggregationType.MAX,
    CounterSemantics.WINDOW: AggregationType.SUM,
}


def a_counted_metric(
    semantics: CounterSemantics | None = CounterSemantics.DELTA,
    aggregation_type: AggregationType = AggregationType.SUM,
) -> BillableMetric:
    """Return a metric that takes counter pushes."""
    field_name = None if aggregation_type is AggregationType.COUNT else "tokens"
    metric = a_metric(aggregation_type, field_name=field_name)
    return replace(metric, counter_semantics=semantics)


def a_counter_push(transaction_id: str = "push-1", **changed: object) -> dict[str, object]:
    """Return the total of one hour as an app sends it."""
    push: dict[str, object] = {
        "transaction_id": transaction_id,
        "external_subscription_id": "sub-1",
        "code": "tokens",
        "window_start": "2026-11-05T12:00:00Z",
        "window_end": "2026-11-05T13:00:00Z",
        "value": "7",
    }
    return push | changed


def a_counter(metric: BillableMetric | None = None, **changed: object) -> UsageRevision:
    """Return a valid counter push as it is read."""
    metrics = {"tokens": metric or a_counted_metric()}
    return counter_revision(a_counter_push(**changed), metrics, TORONTO)  # type: ignore[arg-type]
