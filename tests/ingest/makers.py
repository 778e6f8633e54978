"""Makers of usage for the ingest and aggregation tests; a test names only what matters to it."""

from datetime import UTC, datetime

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.services import Service
from ingest.inbox_body import events_body
from ingest.push import Door, Push, push_of
from ingest.usage_event import UsageEvent, event_from_lago

NOW = datetime(2026, 11, 5, 12, 0, 0, 250_000, tzinfo=UTC)
SERVICE = Service("1", "nexadesk", "NexaDesk", "America/Toronto", "CAD", NOW)


def a_push(transaction_id: str = "tx-1", **changed: object) -> dict[str, object]:
    """Return one event as a Lago client sends it."""
    push: dict[str, object] = {
        "transaction_id": transaction_id,
        "external_subscription_id": "sub-1",
        "code": "tokens",
        "timestamp": 1_793_880_000,
        "properties": {"tokens": 7},
    }
    return push | changed


def an_event(transaction_id: str = "tx-1", **changed: object) -> UsageEvent:
    """Return one valid event of the service nexadesk."""
    return event_from_lago(a_push(transaction_id, **changed))


def a_batch(*events: UsageEvent, is_partial: bool = False, refuses_known: bool = False) -> Push:
    """Return the push of some events of the service nexadesk."""
    return push_of(
        "nexadesk",
        events,
        events_body(events),
        Door.EVENTS,
        int(NOW.timestamp()),
        is_partial=is_partial,
        refuses_known=refuses_known,
    )


def a_metric(
    aggregation_type: AggregationType = AggregationType.SUM,
    *,
    code: str = "tokens",
    field_name: str | None = "tokens",
) -> BillableMetric:
    """Return a metric of the service nexadesk."""
    return BillableMetric(
        id=f"metric-{code}",
        service_code="nexadesk",
        code=code,
        name=code.title(),
        aggregation_type=aggregation_type,
        created_at=NOW,
        valid_from=NOW,
        field_name=field_name,
    )
