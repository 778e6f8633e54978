"""A usage event: one occurrence an app tells us of, validated, with the key that makes it unique.

Decides what a valid push is and when two pushes are the same; stores nothing.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation

import msgspec

from catalog.money import fits_quantity

EVENT_NAMESPACE = uuid.UUID("6f1f7c0c-9a58-5d0e-8b0d-3d5a3f6b8a51")
TEXT_LENGTH_MAX = 255
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = Decimal(1_000_000)
SECONDS_MIN = Decimal(-62_135_596_800)
SECONDS_MAX = Decimal(253_402_300_799)
NUMBER = re.compile(r"[+-]?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
_exact = msgspec.json.Encoder(decimal_format="number", order="sorted")


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One valid event; `properties` is JSON text, `content_digest` covers key and content.

    `has_own_time` is false when the app named no time and ours was taken.
    """

    service_code: str
    subscription_external_id: str | None
    transaction_id: str
    metric_code: str
    occurred_at: datetime
    received_at: datetime
    properties: str
    precise_total_amount_cents: str | None
    event_id: str
    content_digest: int
    has_own_time: bool = True

    def as_first_received(self, received_at: datetime) -> "UsageEvent":
        """Return a retry of this event as it was answered the first time.

        Key and content are the same; only the time we took for it differs.
        """
        occurred_at = self.occurred_at if self.has_own_time else received_at
        return replace(self, received_at=received_at, occurred_at=occurred_at)

    @property
    def key(self) -> bytes:
        """Return the 16 bytes that are the same for every push of this event."""
        return uuid.UUID(self.event_id).bytes


class Faulty(Exception):
    """One event is not valid: Lago's codes by field."""

    def __init__(self, codes: dict[str, list[str]]) -> None:
        super().__init__(str(codes))
        self.codes = codes


def event_from_lago(raw: object, service_code: str, received_at: datetime) -> UsageEvent:
    """Read one event as Lago's clients send it; Faulty with every wrong field at once."""
    if not isinstance(raw, dict):
        raise Faulty({"event": ["invalid_format"]})
    faults: dict[str, list[str]] = {}
    transaction_id = _text(raw, "transaction_id", faults, mandatory=True)
    metric_code = _text(raw, "code", faults, mandatory=True)
    subscription = _text(raw, "external_subscription_id", faults, mandatory=False)
    occurred_at = _instant(raw.get("timestamp"), received_at, faults)
    properties = _properties(raw.get("properties"), faults)
    precise = _precise_amount(raw.get("precise_total_amount_cents"), faults)
    if faults:
        raise Faulty(faults)
    content = _exact.encode(
        [
            service_code,
            subscription,
            transaction_id,
            metric_code,
            None if raw.get("timestamp") is None else occurred_at,
            properties,
            precise,
        ]
    )
    return UsageEvent(
        service_code=service_code,
        subscription_external_id=subscription or None,
        transaction_id=transaction_id,
        metric_code=metric_code,
        occurred_at=occurred_at,
        received_at=received_at,
        properties=properties,
        precise_total_amount_cents=precise,
        event_id=event_id(service_code, subscription, transaction_id),
        content_digest=_digest64(content),
        has_own_time=raw.get("timestamp") is not None,
    )


def event_id(service_code: str, subscription_external_id: str, transaction_id: str) -> str:
    """Return the id of an event: the same for the same service, subscription and transaction."""
    key = _exact.encode([service_code, subscription_external_id, transaction_id])
    return str(uuid.uuid5(EVENT_NAMESPACE, key.decode()))


def _digest64(content: bytes) -> int:
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


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


def _instant(value: object, received_at: datetime, faults: dict[str, list[str]]) -> datetime:
    """Read seconds since the epoch, exactly, cut to the microsecond; none means now."""
    if value is None:
        return received_at
    try:
        seconds = _decimal(value)
        if not SECONDS_MIN <= seconds <= SECONDS_MAX:
            raise InvalidOperation
    except InvalidOperation:
        faults["timestamp"] = ["invalid_format"]
        return received_at
    microseconds = (seconds * MICROSECONDS).to_integral_value(ROUND_DOWN)
    return EPOCH + timedelta(microseconds=int(microseconds))


def _decimal(value: object) -> Decimal:
    """Read a JSON number, or text that is one; InvalidOperation for anything else."""
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise InvalidOperation
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise InvalidOperation
    return Decimal(value)


def _properties(value: object, faults: dict[str, list[str]]) -> str:
    if value is None:
        return "{}"
    if not isinstance(value, dict):
        faults["properties"] = ["value_is_invalid"]
        return "{}"
    return _exact.encode(value).decode()


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
