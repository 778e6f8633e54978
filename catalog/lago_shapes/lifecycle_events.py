"""Lifecycle events as apps read them: Lago's webhook envelope, with a place in the sequence."""

from collections.abc import Mapping

import msgspec

from catalog.errors import ValidationFailed
from catalog.lago_shapes.fields import INVALID
from catalog.lago_shapes.times import iso_seconds
from catalog.lifecycle_event import PAGE_EVENTS_MAX, LifecycleEvent
from catalog.services import Service

PAGE_EVENTS_DEFAULT = 100
SEQUENCE_DIGITS_MAX = 18
OBJECT_TYPES = {"alert.triggered": "triggered_alert", "events.errors": "events_errors"}


def object_type_of(kind: str) -> str:
    """Return under which member an event's object stands (Lago): "subscription" of its events."""
    return OBJECT_TYPES.get(kind) or kind.partition(".")[0]


def to_lago_webhook(event: LifecycleEvent, service: Service) -> dict[str, object]:
    """Return an event as the webhook of it will be, with its sequence and its instant."""
    object_type = object_type_of(event.kind)
    return {
        "sequence": event.sequence,
        "webhook_type": event.kind,
        "object_type": object_type,
        "organization_id": service.id,
        "created_at": iso_seconds(event.created_at),
        object_type: msgspec.Raw(event.body.encode()),
    }


def read_after(query: Mapping[str, str]) -> tuple[int, int]:
    """Return after which sequence to read, and how many events at most.

    ValidationFailed for what is no whole number from 0 (`after`) or from 1 (`limit`); a limit
    above PAGE_EVENTS_MAX means that many.
    """
    after = _count(query.get("after"), 0)
    limit = _count(query.get("limit"), PAGE_EVENTS_DEFAULT)
    found = {"after": after, "limit": limit or None}
    faults = {name: [INVALID] for name, value in found.items() if value is None}
    if after is None or not limit:
        raise ValidationFailed(faults)
    return after, min(limit, PAGE_EVENTS_MAX)


def _count(text: str | None, default: int) -> int | None:
    if text is None:
        return default
    is_number = text.isascii() and text.isdigit() and len(text) <= SEQUENCE_DIGITS_MAX
    return int(text) if is_number else None
