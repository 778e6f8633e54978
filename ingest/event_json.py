"""The usual body of a push, read fast: what is ordinary in every respect needs no second look.

Decides nothing of its own: it either reads a body as `event_from_lago` would, or gives it back
unread. Pure.
"""

from collections.abc import Collection, Sequence
from operator import itemgetter

import msgspec

from catalog.exact_json import exact_number
from ingest.event_columns import EventColumns, columns_of
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
_first_character = itemgetter(0)
_numbers = msgspec.json.Decoder(float_hook=exact_number)


def ordinary_event(body: bytes) -> EventColumns | None:
    """Return the one event of `{"event": {...}}`, or None when the body needs the full reading."""
    try:
        event = _single.decode(body).event
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    is_ordinary = (
        _is_plain(body, events_count=1)
        and _is_text(event.transaction_id)
        and _is_text(event.code)
        and _is_text(event.external_subscription_id)
        and _are_seconds((event.timestamp,))
        and event.precise_total_amount_cents is None
    )
    columns = columns_of([event]) if is_ordinary else None
    return columns if columns and _are_plain_objects(columns.properties) else None


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
        _are_texts(columns.transaction_ids)
        and _are_texts(set(columns.codes))
        and _are_texts(set(columns.subscriptions))
        and _are_seconds(columns.timestamps)
        and set(columns.amounts) == {None}
        and _are_plain_objects(columns.properties)
    )
    return columns if are_ordinary else None


def _is_plain(body: bytes, *, events_count: int) -> bool:
    nesting = body.count(b"{") + body.count(b"[") - 2 * events_count
    return nesting <= ORDINARY_NESTING_MAX and b"\\" not in body and _is_utf8(body)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_text(value: str | None) -> bool:
    return value is not None and 0 < len(value) <= TEXT_LENGTH_MAX and not value.isspace()


def _are_texts(values: Collection[str | None]) -> bool:
    """Say whether each is text that is neither blank nor too long."""
    if None in values or "" in values:
        return False
    texts: Collection[str] = values  # type: ignore[assignment] # checked in the line above
    return max(map(len, texts)) <= TEXT_LENGTH_MAX and not any(map(str.isspace, texts))


def _are_seconds(values: Sequence[int | str | None]) -> bool:
    kinds = set(map(type, values))
    if kinds == {int}:
        seconds: Sequence[int] = values  # type: ignore[assignment] # all of one type
        return min(seconds) >= SECONDS_ORDINARY_MIN and max(seconds) <= SECONDS_MAX
    return kinds == {type(None)}


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
