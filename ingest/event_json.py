"""The usual body of a push, read fast: what is ordinary in every respect needs no second look.

Decides nothing of its own: it either reads a body as `event_from_lago` would, or gives it back
unread. Pure.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated, TypeAlias

import msgspec
import numpy as np

from catalog.exact_json import exact_number
from ingest.event_columns import EventColumns, columns_of
from ingest.usage_event import NO_PROPERTIES, SECONDS_MAX, TEXT_LENGTH_MAX, UsageEvent

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
MANY_BYTES = 1_000
# "[" and "{" differ in this bit alone.
BRACKETS_DIFFER, OPENING = np.uint8(0x20), np.uint8(0x7B)


Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
Seconds: TypeAlias = Annotated[int, msgspec.Meta(ge=SECONDS_ORDINARY_MIN, le=SECONDS_MAX)]


class OrdinaryEvent(UsageEvent, frozen=True, gc=False):
    """An event whose fields are checked where they are read."""

    transaction_id: Text
    code: Text
    external_subscription_id: Text
    timestamp: Seconds | None = None
    properties: msgspec.Raw = NO_PROPERTIES
    precise_total_amount_cents: None = None


class _Single(msgspec.Struct, gc=False):
    event: OrdinaryEvent


class _Batch(msgspec.Struct, gc=False):
    events: list[OrdinaryEvent]


_single = msgspec.json.Decoder(_Single)
_batch = msgspec.json.Decoder(_Batch)
_first_character = itemgetter(0)
_numbers = msgspec.json.Decoder(float_hook=exact_number)


def ordinary_event(body: bytes) -> EventColumns | None:
    """Return the one event of `{"event": {...}}`, or None when the body needs the full reading."""
    try:
        event = _single.decode(body).event
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return _ordinary([event], body)


def ordinary_batch(body: bytes) -> EventColumns | None:
    """Return the events of `{"events": [...]}`, or None when the body needs the full reading."""
    try:
        events = _batch.decode(body).events
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return _ordinary(events, body) if events else None


def _ordinary(events: Sequence[UsageEvent], body: bytes) -> EventColumns | None:
    if not _is_plain(body, events_count=len(events)):
        return None
    columns = columns_of(events)
    are_ordinary = (
        _are_words(columns.transaction_ids)
        and _are_words(columns.codes)
        and _are_words(columns.subscriptions)
        and _are_plain_objects(columns.properties)
    )
    return columns if are_ordinary else None


def _is_plain(body: bytes, *, events_count: int) -> bool:
    if b"\\" in body or not (body.isascii() or _is_utf8(body)):
        return False
    return _openings_count(body) - 2 * events_count <= ORDINARY_NESTING_MAX


def _openings_count(body: bytes) -> int:
    """Return how many objects and arrays a body opens, or more: texts may hold brackets too."""
    if len(body) < MANY_BYTES:
        return body.count(b"{") + body.count(b"[")
    return int(np.count_nonzero((np.frombuffer(body, np.uint8) | BRACKETS_DIFFER) == OPENING))


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _are_words(texts: Sequence[str | None]) -> bool:
    """Say whether none is blank; that they are texts was seen when they were read."""
    words: Sequence[str] = texts  # type: ignore[assignment] # see above
    return not any(map(str.isspace, words))


def _are_plain_objects(properties: Sequence[str]) -> bool:
    """Say whether each is a JSON object whose numbers are within the limits."""
    if set(map(_first_character, properties)) != {"{"}:
        return False
    shapes = " ".join(properties).encode().translate(NUMBER_SHAPES)
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
