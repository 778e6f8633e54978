"""The usual body of a push, read fast: what is ordinary in every respect needs no second look.

Decides nothing of its own: it either reads a body as `event_from_lago` would, or gives it back
unread. Pure.
"""

from collections.abc import Sequence

import msgspec

from catalog.exact_json import exact_number
from ingest.usage_event import SECONDS_MAX, TEXT_LENGTH_MAX, UsageEvent

ORDINARY_DIGITS_MAX = 40
ORDINARY_NESTING_MAX = 24
SECONDS_ORDINARY_MIN = 0
DIGITS = b"0123456789"
EXPONENTS = b"eE"
NUMBER_SHAPES = bytes(
    48 if byte in DIGITS else 101 if byte in EXPONENTS else 32 for byte in range(256)
)
LONG_NUMBER = b"0" * ORDINARY_DIGITS_MAX
MAYBE_EXPONENT = b"0e"


class _Single(msgspec.Struct, gc=False):
    event: UsageEvent


class _Batch(msgspec.Struct, gc=False):
    events: list[UsageEvent]


_single = msgspec.json.Decoder(_Single)
_batch = msgspec.json.Decoder(_Batch)
_numbers = msgspec.json.Decoder(float_hook=exact_number)


def ordinary_event(body: bytes) -> list[UsageEvent] | None:
    """Return the one event of `{"event": {...}}`, or None when the body needs the full reading."""
    try:
        events = [_single.decode(body).event]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return events if _are_ordinary(events, body) else None


def ordinary_batch(body: bytes) -> list[UsageEvent] | None:
    """Return the events of `{"events": [...]}`, or None when the body needs the full reading."""
    try:
        events = _batch.decode(body).events
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return events if events and _are_ordinary(events, body) else None


def _are_ordinary(events: Sequence[UsageEvent], body: bytes) -> bool:
    nesting = body.count(b"{") + body.count(b"[") - 2 * len(events)
    return (
        nesting <= ORDINARY_NESTING_MAX
        and b"\\" not in body
        and _is_utf8(body)
        and _are_texts([event.transaction_id for event in events])
        and _are_texts([event.code for event in events])
        and _are_texts([event.external_subscription_id for event in events])
        and _are_seconds([event.timestamp for event in events])
        and all(event.precise_total_amount_cents is None for event in events)
        and _are_plain_objects([bytes(event.properties) for event in events])
    )


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_texts(values: Sequence[str | None]) -> bool:
    """Say whether each is text that is neither blank nor too long."""
    if None in values:
        return False
    texts: Sequence[str] = values  # type: ignore[assignment] # checked in the line above
    return (
        "" not in texts
        and max(map(len, texts)) <= TEXT_LENGTH_MAX
        and not any(map(str.isspace, texts))
    )


def _are_seconds(values: Sequence[int | str | None]) -> bool:
    kinds = set(map(type, values))
    if kinds == {int}:
        seconds: Sequence[int] = values  # type: ignore[assignment] # all of one type
        return min(seconds) >= SECONDS_ORDINARY_MIN and max(seconds) <= SECONDS_MAX
    return kinds == {type(None)}


def _are_plain_objects(properties: Sequence[bytes]) -> bool:
    """Say whether each is a JSON object whose numbers are within the limits."""
    if any(text[:1] != b"{" for text in properties):
        return False
    shapes = b" ".join(properties).translate(NUMBER_SHAPES)
    if LONG_NUMBER in shapes:
        return False
    if MAYBE_EXPONENT not in shapes:
        return True
    try:
        for text in properties:
            _numbers.decode(text)
    except msgspec.MsgspecError:
        return False
    return True
