"""Usage events as Lago's clients read and send them. Pure."""

from collections.abc import Sequence

import msgspec

from catalog.errors import Details, ValidationFailed
from catalog.exact_json import exact_value, object_under
from ingest.event_columns import EventColumns, columns_of, event_ids
from ingest.event_json import ordinary_batch, ordinary_event
from ingest.lago_instant import lago_milliseconds, lago_seconds, lago_whole
from ingest.usage_event import (
    Faulty,
    UsageEvent,
    event_from_lago,
    event_id,
    occurred_us,
)

CONFLICT_CODES: dict[str, list[str]] = {"transaction_id": ["value_already_exist"]}
# Lago's event object; every second part is an event's own.
LAGO_EVENT = [
    '{"lago_id":"',
    "",
    '","transaction_id":',
    "",
    ',"lago_customer_id":null,"code":',
    "",
    ',"timestamp":"',
    "",
    '","precise_total_amount_cents":',
    "",
    ',"properties":',
    "",
    ',"lago_subscription_id":null,"external_subscription_id":',
    "",
    ',"created_at":"',
    "",
    '"},',
]
_json = msgspec.json.Encoder()


def to_lago_events(columns: EventColumns, keys: Sequence[bytes], received_s: Sequence[int]) -> str:
    """Return the events as they were answered the first time they came: JSON, between commas.

    The properties are embedded as they are kept, digit for digit.
    """
    if len(columns) == 1:
        return _to_lago_event(columns, keys[0], received_s[0])
    each = len(LAGO_EVENT)
    parts = LAGO_EVENT * len(columns)
    parts[1::each] = event_ids(keys)
    parts[3::each] = _json_texts(columns.transaction_ids)
    parts[5::each] = _json_texts(columns.codes)
    parts[7::each] = map(_time, columns.events, received_s)
    parts[9::each] = _json_texts(columns.amounts)
    parts[11::each] = columns.properties
    parts[13::each] = _json_texts(columns.subscriptions)
    parts[15::each] = map(lago_seconds, received_s)
    return "".join(parts)[:-1]


def _to_lago_event(columns: EventColumns, key: bytes, received_s: int) -> str:
    (event,), (properties,) = columns.events, columns.properties
    parts = list(LAGO_EVENT)
    parts[1] = event_id(key)
    parts[3] = _json.encode(event.transaction_id).decode()
    parts[5] = _json.encode(event.code).decode()
    parts[7] = _time(event, received_s)
    parts[9] = _json.encode(event.precise_total_amount_cents).decode()
    parts[11] = properties
    parts[13] = _json.encode(event.external_subscription_id).decode()
    parts[15] = lago_seconds(received_s)
    return "".join(parts)[:-1]


def _time(event: UsageEvent, received_s: int) -> str:
    time = event.timestamp
    if type(time) is int:
        return lago_whole(time)
    return lago_milliseconds(occurred_us(event, received_s))


def _json_texts(texts: Sequence[str | None]) -> list[str]:
    if texts.count(None) == len(texts):
        return ["null"] * len(texts)
    return _json.encode_lines(texts).decode().split("\n")[:-1]


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
