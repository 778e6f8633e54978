"""What a request under an `Idempotency-Key` gets: run it, repeat the first answer, or refuse it.

Pure: knows neither the database nor the clock.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from catalog.errors import BillingError, ValidationFailed

HEADER = "idempotency_key"
CONFLICT = 409
SERVER_ERRORS_FROM = 500
# Who asked too fast, too slowly or without a good key asked in vain, and may do better next time.
NEVER_KEPT = frozenset({401, 408, 429})
SEPARATOR = b"\0"


class Verdict(Enum):
    """What becomes of a request."""

    RUN = "run"
    REPLAY = "replay"
    IN_FLIGHT = "in_flight"
    OTHER_REQUEST = "other_request"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was sent the first time."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What is known of a key: the request it came with, and its answer once there is one."""

    digest: str
    lease_until: datetime
    expires_at: datetime
    answer: KeptAnswer | None


class RequestInFlight(BillingError):
    """The first request under this key has not been answered yet: ask again in a moment."""

    status = CONFLICT
    error = "Conflict"

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_in_use",
            {HEADER: ["its first request is still running: repeat this one in a moment"]},
        )


class OtherRequest(BillingError):
    """The key came with another method, path or body before."""

    status = 422
    error = "Unprocessable Entity"

    def __init__(self) -> None:
        super().__init__(
            "idempotency_key_reused",
            {HEADER: ["it came with another method, path or body: give each request its own key"]},
        )


def verdict(kept: KeptRequest | None, digest: str, at: datetime) -> Verdict:
    """Return what becomes of a request, given what is known of its key at an instant."""
    if kept is None or kept.expires_at <= at:
        return Verdict.RUN
    if kept.digest != digest:
        return Verdict.OTHER_REQUEST
    if kept.answer is not None:
        return Verdict.REPLAY
    return Verdict.IN_FLIGHT if kept.lease_until > at else Verdict.RUN


def request_digest(method: str, path: str, query: bytes, body: bytes) -> str:
    """Return what tells one request from another under the same key."""
    head = SEPARATOR.join((method.encode(), path.encode("utf-8", "surrogateescape"), query))
    return hashlib.sha256(hashlib.sha256(head).digest() + hashlib.sha256(body).digest()).hexdigest()


def key_of(values: list[bytes], chars_max: int) -> str:
    """Return the key of a request's `Idempotency-Key` headers; ValidationFailed for a bad one."""
    if len(values) != 1:
        raise ValidationFailed({HEADER: ["value_is_invalid"]})
    text = values[0].decode("latin-1").strip()
    if not text:
        raise ValidationFailed({HEADER: ["value_is_mandatory"]})
    if len(text) > chars_max:
        raise ValidationFailed({HEADER: ["value_is_too_long"]})
    if not (text.isascii() and text.isprintable()):
        raise ValidationFailed({HEADER: ["invalid_format"]})
    return text


def is_kept(status: int) -> bool:
    """Say whether an answer is repeated: not when the same request may end otherwise next time."""
    return status < SERVER_ERRORS_FROM and status not in NEVER_KEPT
