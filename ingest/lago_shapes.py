"""Usage events as Lago's clients read and send them. Pure."""

from collections.abc import Sequence
from itertools import repeat

import msgspec

from catalog.errors import Details, ValidationFailed
from catalog.exact_json import exact_value, object_under
from ingest.event_columns import EventColumns, are_whole, columns_of, event_ids
from ingest.event_json import ordinary_batch, ordinary_event
from ingest.lago_instant import lago_milliseconds, lago_seconds, lago_whole
from ingest.usage_event import (
    Faulty,
    UsageEvent,
    event_from_lago,
    occurred_us,
)

CONFLICT_CODES: dict[str, list[str]] = {"transaction_id": ["value_already_exist"]}


class LagoEvent(msgspec.Struct, frozen=True, gc=False):
    """Lago's event object."""

    lago_id: str
    transaction_id: str
    lago_customer_id: None
    code: str
    timestamp: str
    precise_total_amount_cents: str | None
    properties: msgspec.Raw
    lago_subscription_id: None
    external_subscription_id: str | None
    created_at: str


_json = msgspec.json.Encoder()


def to_lago_events(
    columns: EventColumns, keys: Sequence[bytes], received_s: Sequence[int]
) -> bytes:
    """Return the events as they were answered the first time they came: a JSON array.

    The properties are embedded as they are kept, digit for digit.
    """
    told = map(
        LagoEvent,
        event_ids(keys),
        columns.transaction_ids,
        repeat(None),
        columns.codes,
        _times(columns, received_s),
        columns.amounts,
        [event.properties for event in columns.events],
        repeat(None),
        columns.subscriptions,
        map(lago_seconds, received_s),
    )
    return _json.encode(list(told))


def _times(columns: EventColumns, received_s: Sequence[int]) -> list[str]:
    times = columns.timestamps
    if are_whole(times):
        return list(map(lago_whole, times))
    return [
        lago_milliseconds(occurred_us(event, at))
        for event, at in zip(columns.events, received_s, strict=True)
    ]


def read_event(body: bytes, depth_max: int) -> tuple[EventColumns, bool]:
    """Return the event of `{"event": {...}}`, and whether the body is in its normal form.

    BadRequest when it is not JSON, ValidationFailed with Lago's codes when a field is wrong.
    """
    if ordinary := ordinary_event(body):
        return ordinary, True
    try:
        event = event_from_lago(object_under(body, "event", depth_max))
    except Faulty as faulty:
        raise ValidationFailed(faulty.codes) from faulty
    return columns_of([event]), False


def read_batch(body: bytes, depth_max: int, events_max: int) -> tuple[EventColumns, bool]:
    """Return the events of `{"events": [...]}`, and whether the body is in its normal form.

    ValidationFailed with every faulty event at its index (Lago).
    """
    ordinary = ordinary_batch(body)
    if ordinary and len(ordinary) <= events_max:
        return ordinary, True
    whole = exact_value(body, depth_max)
    raws = whole.get("events") if isinstance(whole, dict) else None
    return columns_of(from_lago_batch(raws, events_max=events_max)), False


def from_lago_batch(raws: object, *, events_max: int) -> list[UsageEvent]:
    """Read a batch; ValidationFailed with every faulty event at its index (Lago)."""
    events, faults = readable_events(raws, events_max=events_max)
    if faults:
        raise ValidationFailed({str(index): codes for index, codes in faults.items()})
    return list(events.values())


def readable_events(
    raws: object, *, events_max: int
) -> tuple[dict[int, UsageEvent], dict[int, dict[str, list[str]]]]:
    """Return the valid events and the codes of the faulty ones, by index."""
    if not isinstance(raws, list) or not raws:
        raise ValidationFailed({"events": ["no_events"]})
    if len(raws) > events_max:
        raise ValidationFailed({"events": ["too_many_events"]})
    events: dict[int, UsageEvent] = {}
    faults: dict[int, dict[str, list[str]]] = {}
    for index, raw in enumerate(raws):
        try:
            events[index] = event_from_lago(raw)
        except Faulty as faulty:
            faults[index] = faulty.codes
    return events, faults


def conflict_details(conflicts: Sequence[int]) -> Details:
    """Return Lago's error details for the events whose id is known with other content."""
    return {str(index): CONFLICT_CODES for index in conflicts}
