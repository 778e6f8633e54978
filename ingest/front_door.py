"""The fast way in: pushes of usage are answered before any framework looks at them.

ASGI; every other request goes on to the app behind it. Decides nothing about a push.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import msgspec
import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.errors import BillingError, BodyTooLarge, TemporarilyUnavailable
from catalog.key_cache import KeyCache
from catalog.request_body import JSON_VALUES_MAX, BodyLimits, body_of, require_few_values
from catalog.services import Service
from ingest.answering import (
    PushLimits,
    answer_batch,
    answer_cloud_events,
    answer_event,
    answer_receipt,
)
from ingest.cloud_events import is_cloud_events
from ingest.receiving import Intake
from storage.patience import StoreUnavailableError

ENCODING = b"content-encoding"
JSON = (b"content-type", b"application/json")
_log = structlog.get_logger(__name__)

Headers: TypeAlias = Mapping[bytes, bytes]
Answer: TypeAlias = tuple[bytes, tuple[tuple[bytes, bytes], ...]]
Route: TypeAlias = Callable[[Service, bytes, Headers, datetime], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """ASGI middleware for the push routes below each of `mounts`."""

    app: ASGIApp
    routes: Mapping[str, Route]
    keys: KeyCache
    clock: Callable[[], datetime]
    limits: BodyLimits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a push, or pass the request on."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        route = self.routes.get(scope["path"])
        if route is None:
            await self.app(scope, receive, send)
            return
        status, body, headers = await self._answer(route, scope, receive)
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [JSON, (b"content-length", b"%d" % len(body)), *headers],
            }
        )
        await send({"type": "http.response.body", "body": body})

    async def _answer(
        self, route: Route, scope: Scope, receive: Receive
    ) -> tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]:
        headers = dict(scope["headers"])
        try:
            at = self.clock()
            authorization = headers.get(b"authorization", b"").decode("latin-1")
            service = self.keys.remembered(authorization)
            if service is None:
                service = await asyncio.to_thread(self.keys.service, authorization, at)
            body = await self._body(receive, headers)
            answer, more = await route(service, body, headers, at)
        except BillingError as refusal:
            return refusal.status, msgspec.json.encode(refusal.body), ()
        except StoreUnavailableError as error:
            _log.warning("store_unavailable", path=scope["path"], error=str(error))
            away = TemporarilyUnavailable("store_unavailable")
            return away.status, msgspec.json.encode(away.body), ()
        except Exception as error:  # noqa: BLE001 - the caller gets an answer whatever happens
            return _failure(error, scope["path"])
        return 200, answer, more

    async def _body(self, receive: Receive, headers: Headers) -> bytes:
        length = headers.get(b"content-length", b"0")
        announced = int(length) if length.isdigit() else 0
        if announced > self.limits.bytes_max:
            raise BodyTooLarge(self.limits.bytes_max)
        first = _Message(receive())
        body = first.whole_body
        # What has come in one piece needs no clock and no unpacking.
        if body is None or len(body) > self.limits.bytes_max or ENCODING in headers:
            body = await body_of(
                first.then(receive),
                self.limits,
                announced=announced,
                encoding=headers.get(ENCODING, b"").lower(),
            )
        if len(body) > JSON_VALUES_MAX:
            require_few_values(body)
        return body


class _Message:
    """A message that is asked for at once, and waited for only where it is not there yet."""

    def __init__(self, asked: Awaitable[Message]) -> None:
        self._steps = asked.__await__()
        self._message: Message | None = None
        try:
            self._waits_for = next(self._steps)
        except StopIteration as come:
            self._message = come.value

    @property
    def whole_body(self) -> bytes | None:
        """Return the body if the message is there and says it all."""
        message = self._message
        if message is None or message["type"] != "http.request" or message.get("more_body"):
            return None
        body: bytes = message.get("body", b"")
        return body

    def then(self, receive: Receive) -> Receive:
        """Return what gives this message first, then the others."""
        left: list[Awaitable[Message]] = [self]

        async def receive_in_order() -> Message:
            return await (left.pop() if left else receive())

        return receive_in_order

    def __await__(self) -> Generator[object, None, Message]:
        if self._message is not None:
            return self._message
        try:
            yield self._waits_for
        except BaseException:
            self._steps.close()
            raise
        return (yield from self._steps)


def push_routes(intake: Intake, limits: PushLimits, mounts: tuple[str, ...]) -> dict[str, Route]:
    """Return what answers each path, with and without a slash at its end."""

    async def event(service: Service, body: bytes, headers: Headers, at: datetime) -> Answer:
        if is_cloud_events(headers):
            return await answer_cloud_events(intake, limits, service, body, headers, at), ()
        return await answer_event(intake, limits, service, body, at), ()

    async def batch(service: Service, body: bytes, _headers: Headers, at: datetime) -> Answer:
        return await answer_batch(intake, limits, service, body, at), ()

    async def receipt(service: Service, body: bytes, _headers: Headers, at: datetime) -> Answer:
        answer, repeats = await answer_receipt(intake, limits, service, body, at)
        return answer, ((b"x-fusion-repeated", b"%d" % repeats),)

    routes = {"/events": event, "/events/batch": batch, "/usage/events": receipt}
    return {
        f"{mount}{path}{slash}": route
        for mount in mounts
        for path, route in routes.items()
        for slash in ("", "/")
    }


def _failure(error: Exception, path: str) -> tuple[int, bytes, tuple[tuple[bytes, bytes], ...]]:
    request_id = str(uuid.uuid4())
    _log.error("push_failed", request_id=request_id, path=path, exc_info=error)
    failure = BillingError("internal_error", {"request_id": request_id})
    return (
        failure.status,
        msgspec.json.encode(failure.body),
        ((b"x-request-id", request_id.encode()),),
    )
