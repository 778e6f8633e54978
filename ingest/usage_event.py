"""A usage event: one occurrence an app tells us of, with the key that makes it unique.

Decides what a valid push is and when two pushes are the same; stores nothing.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation

import msgspec
from xxhash import xxh3_128_hexdigest

from catalog.money import fits_quantity

TEXT_LENGTH_MAX = 255
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_000_000
SECONDS_MIN = -62_135_596_800
SECONDS_MAX = 253_402_300_799
NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
NO_PROPERTIES = msgspec.Raw(b"{}")
_exact = msgspec.json.Encoder(decimal_format="number", order="sorted")
_plain = msgspec.json.Decoder(float_hook=Decimal)


class UsageEvent(msgspec.Struct, frozen=True, gc=False):
    """One valid event in Lago's words; `properties` is the JSON text of an object.

    `timestamp` is in seconds since the epoch: a whole number, or text with up to six decimals;
    None when the app named no time.
    """

    transaction_id: str
    code: str
    external_subscription_id: str | None = None
    timestamp: int | str | None = None
    properties: msgspec.Raw = NO_PROPERTIES
    precise_total_amount_cents: str | None = None


class UsageRevision(UsageEvent, frozen=True, gc=False, kw_only=True):
    """Usage that replaces usage: a counter push, or one row of a correction.

    `fact_id` names what it replaces: "e:" and a transaction id, or "w:" and a counter's window.
    """

    fact_id: str
    window_start_us: int | None = None
    window_end_us: int | None = None
    is_void: bool = False
    correction_id: str | None = None


class Faulty(Exception):
    """One event is not valid: Lago's codes by field."""

    def __init__(self, codes: dict[str, list[str]]) -> None:
        super().__init__(str(codes))
        self.codes = codes


def event_from_lago(raw: object) -> UsageEvent:
    """Read one event as Lago's clients send it; Faulty with every wrong field at once."""
    if not isinstance(raw, dict):
        raise Faulty({"event": ["invalid_format"]})
    faults: dict[str, list[str]] = {}
    event = UsageEvent(
        transaction_id=_text(raw, "transaction_id", faults, mandatory=True),
        code=_text(raw, "code", faults, mandatory=True),
        external_subscription_id=_text(raw, "external_subscription_id", faults, mandatory=False)
        or None,
        timestamp=_seconds(raw.get("timestamp"), faults),
        properties=_properties(raw.get("properties"), faults),
        precise_total_amount_cents=_precise_amount(raw.get("precise_total_amount_cents"), faults),
    )
    if faults:
        raise Faulty(faults)
    return event


def refused_key(key: bytes, content_digest: int) -> bytes:
    """Return the key under which a refused push is known, so that it is set aside once."""
    return b"\0refused\0%b\0%d" % (key, content_digest)


def event_id(key: bytes) -> str:
    """Return the id we answer with: a digest of the key, written as a UUID (version 8)."""
    text = xxh3_128_hexdigest(key)
    return f"{text[:8]}-{text[8:12]}-8{text[13:16]}-8{text[17:20]}-{text[20:]}"


def is_same_content(one: UsageEvent, other: UsageEvent) -> bool:
    """Say whether two pushes of one key mean the same, however their JSON is written."""
    return (
        one.code == other.code
        and one.timestamp == other.timestamp
        and one.precise_total_amount_cents == other.precise_total_amount_cents
        and replaced(one) == replaced(other)
        and canonical_properties(one.properties) == canonical_properties(other.properties)
    )


def replaced(event: UsageEvent) -> str:
    """Return what a revision says beyond an event; its window is part of its fact's name."""
    if not isinstance(event, UsageRevision):
        return ""
    return f"{event.fact_id}\0{event.is_void:d}\0"


def canonical_properties(properties: msgspec.Raw) -> bytes:
    """Return the properties' JSON with sorted keys and no spaces; every digit stays."""
    return _exact.encode(_plain.decode(properties))


def occurred_us(event: UsageEvent, received_s: int) -> int:
    """Return when the usage happened, in microseconds since the epoch; else when it came."""
    timestamp = event.timestamp
    if timestamp is None:
        return received_s * MICROSECONDS
    if isinstance(timestamp, int):
        return timestamp * MICROSECONDS
    return int(Decimal(timestamp) * MICROSECONDS)


def timestamp_of(occurred_at: datetime) -> int | str:
    """Return an instant as `UsageEvent.timestamp` says it."""
    seconds, microseconds = divmod((occurred_at - EPOCH) // timedelta(microseconds=1), MICROSECONDS)
    return _timestamp(Decimal(seconds) + Decimal(microseconds).scaleb(-6))


def _text(
    raw: dict[str, object], field: str, faults: dict[str, list[str]], *, mandatory: bool
) -> str:
    value = raw.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        if mandatory:
            faults[field] = ["value_is_mandatory"]
        return ""
    if not isinstance(value, str) or "\x00" in value:
        faults[field] = ["value_is_invalid"]
        return ""
    if len(value) > TEXT_LENGTH_MAX:
        faults[field] = ["value_is_too_long"]
    return value


def _seconds(value: object, faults: dict[str, list[str]]) -> int | str | None:
    """Read seconds since the epoch, exactly, cut to the microsecond."""
    if value is None:
        return None
    try:
        seconds = _decimal(value)
        if not SECONDS_MIN <= seconds <= SECONDS_MAX:
            raise InvalidOperation
    except InvalidOperation:
        faults["timestamp"] = ["invalid_format"]
        return None
    return _timestamp(seconds)


def _timestamp(seconds: Decimal) -> int | str:
    if seconds == (whole := int(seconds)):
        return whole
    text = format(seconds.quantize(Decimal("0.000001"), ROUND_DOWN), "f").rstrip("0")
    return whole if text.endswith(".") else text


def _decimal(value: object) -> Decimal:
    """Read a JSON number, or text that is one; InvalidOperation for anything else."""
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise InvalidOperation
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise InvalidOperation
    return Decimal(value)


def _properties(value: object, faults: dict[str, list[str]]) -> msgspec.Raw:
    if value is None:
        return NO_PROPERTIES
    if not isinstance(value, dict):
        faults["properties"] = ["value_is_invalid"]
        return NO_PROPERTIES
    return msgspec.Raw(_exact.encode(value))


def _precise_amount(value: object, faults: dict[str, list[str]]) -> str | None:
    if value is None:
        return None
    try:
        amount = _decimal(value)
        if not fits_quantity(amount):
            raise InvalidOperation
    except InvalidOperation:
        faults["precise_total_amount_cents"] = ["invalid_format"]
        return None
    return format(amount, "f")
