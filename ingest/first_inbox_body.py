"""Inbox bodies as release 0.1.0 wrote them, should one be left at an upgrade. Pure."""

from collections import defaultdict
from datetime import datetime

import msgspec

from ingest.inbox_body import Section, events_body, sections_of_body
from ingest.push import Door
from ingest.usage_event import UsageEvent, timestamp_of

FIRST_BODY = b"["


class _FirstEvent(msgspec.Struct):
    service_code: str
    subscription_external_id: str | None
    transaction_id: str
    metric_code: str
    occurred_at: datetime
    received_at: datetime
    properties: str
    precise_total_amount_cents: str | None
    has_own_time: bool = True


_decoder = msgspec.json.Decoder(list[_FirstEvent])


def sections_of_any_body(body: bytes) -> list[Section]:
    """Return the sections of a body of this or the first release."""
    return sections_of_first_body(body) if body.startswith(FIRST_BODY) else sections_of_body(body)


def sections_of_first_body(body: bytes) -> list[Section]:
    """Return the events of a body as sections, one for each service and second."""
    events: defaultdict[tuple[str, int], list[UsageEvent]] = defaultdict(list)
    for first in _decoder.decode(body):
        events[first.service_code, int(first.received_at.timestamp())].append(
            UsageEvent(
                transaction_id=first.transaction_id,
                code=first.metric_code,
                external_subscription_id=first.subscription_external_id,
                timestamp=timestamp_of(first.occurred_at) if first.has_own_time else None,
                properties=msgspec.Raw(first.properties.encode()),
                precise_total_amount_cents=first.precise_total_amount_cents,
            )
        )
    return [
        Section(service, received_s, Door.EVENTS, [], events_body(pushed))
        for (service, received_s), pushed in events.items()
    ]
