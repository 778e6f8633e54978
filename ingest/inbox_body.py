"""The body of an inbox row: the new events of one push, as JSON a human can still read."""

from collections.abc import Sequence

import msgspec

from ingest.usage_event import UsageEvent

_decoder = msgspec.json.Decoder(list[UsageEvent])
_encoder = msgspec.json.Encoder()


def inbox_body(events: Sequence[UsageEvent]) -> bytes:
    """Return the events as a JSON array."""
    return _encoder.encode(events)


def events_of_body(body: bytes) -> list[UsageEvent]:
    """Return the events of a body that `inbox_body` made."""
    return _decoder.decode(body)
