"""Usage events as Lago's clients read and send them. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from catalog.errors import ValidationFailed
from ingest.key_index import Verdict
from ingest.usage_event import Faulty, UsageEvent, event_from_lago


def to_lago_event(event: UsageEvent) -> dict[str, object]:
    """Return the event object; its properties are embedded as they are kept, digit for digit."""
    return {
        "lago_id": event.event_id,
        "transaction_id": event.transaction_id,
        "lago_customer_id": None,
        "code": event.metric_code,
        "timestamp": _utc(event.occurred_at).isoformat(timespec="milliseconds") + "Z",
        "precise_total_amount_cents": event.precise_total_amount_cents,
        "properties": msgspec.Raw(event.properties.encode()),
        "lago_subscription_id": None,
        "external_subscription_id": event.subscription_external_id,
        "created_at": _utc(event.received_at).isoformat(timespec="seconds") + "Z",
    }


def from_lago_event(raw: object, service_code: str, received_at: datetime) -> UsageEvent:
    """Read one event; ValidationFailed with Lago's codes when a field is wrong."""
    try:
        return event_from_lago(raw, service_code, received_at)
    except Faulty as faulty:
        raise ValidationFailed(faulty.codes) from faulty


def from_lago_batch(
    raws: object, service_code: str, received_at: datetime, *, events_max: int
) -> list[UsageEvent]:
    """Read a batch; ValidationFailed with every faulty event at its index (Lago)."""
    if not isinstance(raws, list) or not raws:
        raise ValidationFailed({"events": ["no_events"]})
    if len(raws) > events_max:
        raise ValidationFailed({"events": ["too_many_events"]})
    events: list[UsageEvent] = []
    faults: dict[str, dict[str, list[str]]] = {}
    for index, raw in enumerate(raws):
        try:
            events.append(event_from_lago(raw, service_code, received_at))
        except Faulty as faulty:
            faults[str(index)] = faulty.codes
    if faults:
        raise ValidationFailed(faults)
    return events


def conflict_details(verdicts: Sequence[Verdict]) -> dict[str, dict[str, list[str]]]:
    """Return Lago's error details for the events whose id is known with other content."""
    return {
        str(index): {"transaction_id": ["value_already_exist"]}
        for index, verdict in enumerate(verdicts)
        if verdict is Verdict.CONFLICT
    }


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
