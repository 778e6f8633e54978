"""The body of a request, read within limits: bytes, inflated bytes, values, and time."""

import asyncio
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from starlette.types import Receive

from catalog.errors import (
    BadRequest,
    BodyTooCrowded,
    BodyTooLarge,
    RequestTimeout,
    UnsupportedMedia,
)

GZIP_WINDOW = 31
INFLATED_RATIO_MAX = 20
# What is read costs by the value: a body of these takes some tenths of a second of one core.
JSON_VALUES_MAX = 100_000
# A larger body is read in a thread: no other caller waits for all of it.
ASIDE_BYTES_MIN = 16 * 1024
COUNTED_BYTES = 1 << 18
T = TypeVar("T")


class ValueTally:
    """Counts the values that a body of JSON begins, or more: texts hold commas and brackets too."""

    def __init__(self) -> None:
        """Begin with an empty body."""
        self._count = 0
        self._opened = 0

    def add(self, piece: bytes) -> None:
        """Count a piece; BodyTooCrowded beyond the limit, BadRequest where most is never closed."""
        opened = piece.count(b"[") + piece.count(b"{")
        self._opened += opened - piece.count(b"]") - piece.count(b"}")
        self._count += opened + piece.count(b",")
        if self._count > JSON_VALUES_MAX:
            if self._opened > JSON_VALUES_MAX // 2:
                raise BadRequest("the body is nested deeper than any that is read")
            raise BodyTooCrowded(JSON_VALUES_MAX)


def require_few_values(body: bytes) -> None:
    """Refuse a body of JSON as ValueTally does; stops where it is seen."""
    tally = ValueTally()
    for start in range(0, len(body), COUNTED_BYTES):
        tally.add(body[start : start + COUNTED_BYTES])


async def aside(bytes_count: int, read: Callable[[], T]) -> T:
    """Return what reading gives; of many bytes it is done in a thread."""
    return read() if bytes_count < ASIDE_BYTES_MIN else await asyncio.to_thread(read)


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How many bytes a body may hold, as sent and inflated, and how long it may take."""

    bytes_max: int
    inflated_bytes_max: int
    seconds_max: int


async def body_of(
    receive: Receive, limits: BodyLimits, *, announced: int, encoding: bytes
) -> bytes:
    """Return the whole body, inflated when it is gzip.

    BodyTooLarge as soon as it is, announced or not; RequestTimeout for a client that is too slow;
    BadRequest when it breaks off or is no gzip.
    """
    if announced > limits.bytes_max:
        raise BodyTooLarge(limits.bytes_max)
    try:
        async with asyncio.timeout(limits.seconds_max):
            body = await _read(receive, limits.bytes_max)
    except TimeoutError as error:
        raise RequestTimeout(limits.seconds_max) from error
    if encoding in (b"", b"identity"):
        return body
    if encoding != b"gzip":
        raise UnsupportedMedia("content_encoding_not_supported")
    return await aside(len(body), lambda: inflated(body, limits.inflated_bytes_max))


def inflated(body: bytes, bytes_max: int) -> bytes:
    """Return what a gzip body holds; stops early when it holds more than it may."""
    most = min(bytes_max, max(len(body), 1) * INFLATED_RATIO_MAX)
    inflater = zlib.decompressobj(GZIP_WINDOW)
    try:
        whole = inflater.decompress(body, most + 1)
    except zlib.error as error:
        raise BadRequest("the body is not gzip, although its Content-Encoding says so") from error
    if len(whole) > most:
        raise BodyTooLarge(most)
    if not inflater.eof:
        raise BadRequest("the gzip body breaks off")
    return whole


async def _read(receive: Receive, bytes_max: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > bytes_max:
            raise BodyTooLarge(bytes_max)
        return body
    chunks = bytearray()
    while message["type"] == "http.request":
        chunks += message.get("body", b"")
        if len(chunks) > bytes_max:
            raise BodyTooLarge(bytes_max)
        if not message.get("more_body", False):
            return bytes(chunks)
        message = await receive()
    raise BadRequest("the client went away before its body was whole")
