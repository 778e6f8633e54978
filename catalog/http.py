"""What the routes of every room share: caller, clock, pages, bodies, answers and refusals.

Decides how a refusal looks on the wire and how much a request may hold; knows no resource.
"""

import http
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar, cast

import msgspec
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.api_keys import parsed_api_key
from catalog.errors import (
    BadRequest,
    BillingError,
    BodyTooLarge,
    NotFound,
    TemporarilyUnavailable,
    Unauthorized,
    ValidationFailed,
)
from catalog.exact_json import JsonObject, JsonValue, exact_value, object_under
from catalog.request_body import ValueTally, aside
from catalog.services import Service
from catalog.store.api_keys import key_held, service_by
from storage.patience import StoreUnavailableError
from storage.state import State

Found = TypeVar("Found")
log = logging.getLogger("fusion_billing.http")

PAGE_NUMBER_MAX = 1_000_000
LARGE_PATHS = (
    "/events",
    "/events/batch",
    "/usage",
    "/usage/batch",
    "/usage/events",
    "/corrections",
)
UPLOAD_PATHS = ("/usage/import",)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may hold."""

    body_bytes_max: int = 1024 * 1024
    events_body_bytes_max: int = 10 * 1024 * 1024
    upload_bytes_max: int = 1024 * 1024 * 1024
    page_size_default: int = 100
    page_size_max: int = 1000
    json_depth_max: int = 32


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; numbers start at 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Return how many rows come before this page."""
        return (self.number - 1) * self.size

    def meta(self, total_count: int) -> dict[str, int | None]:
        """Return Lago's `meta` (section 1: an empty list has current_page 0)."""
        pages = -(-total_count // self.size)
        return {
            "current_page": self.number if total_count else 0,
            "next_page": self.number + 1 if self.number < pages else None,
            "prev_page": self.number - 1 if total_count and self.number > 1 else None,
            "total_pages": pages,
            "total_count": total_count,
        }


class Json(Response):
    """A JSON answer; a Decimal is written as text, as Lago does."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Encode the content."""
        return msgspec.json.encode(content)


def state_of(request: Request) -> State:
    """Return the state database of the running app."""
    return cast(State, request.app.state.state)


def limits_of(request: Request) -> Limits:
    """Return the limits of the running app."""
    return cast(Limits, request.app.state.limits)


def now(request: Request) -> datetime:
    """Read the clock, once for each request."""
    clock = cast("Callable[[], datetime]", request.app.state.clock)
    return clock()


def at_once(read: Callable[[Request], Found]) -> Callable[[Request], Awaitable[Found]]:
    """Return a dependency that is read in the event loop: for what waits for nothing.

    FastAPI hands every other function to a thread and waits for it, which takes far longer.
    """

    async def dependency(request: Request) -> Found:
        return read(request)

    return dependency


StateOf = Annotated[State, Depends(at_once(state_of))]
LimitsOf = Annotated[Limits, Depends(at_once(limits_of))]
Now = Annotated[datetime, Depends(at_once(now))]


async def caller_service(request: Request, state: StateOf, at: Now) -> Service:
    """Return the service of the bearer key; Unauthorized when the key is not good.

    Only the second word of the header counts; the scheme is not checked (Lago, section 1).
    """
    words = request.headers.get("authorization", "").split()
    key = parsed_api_key(words[1] if len(words) > 1 else "")
    if key is None:
        raise Unauthorized
    known = state.remembered(key_held, key.public_id)
    held = (
        await run_in_threadpool(state.recalled, key_held, key.public_id)
        if known is None
        else known[0]
    )
    service = service_by(key, held, request.app.state.pepper, at)
    if service is None:
        raise Unauthorized
    queries = (text for pair in request.query_params.multi_items() for text in pair)
    if any("\0" in text for text in (*request.path_params.values(), *queries)):
        raise BadRequest("text must not hold the character U+0000")
    return service


CallerService = Annotated[Service, Depends(caller_service)]


def page_of(request: Request) -> Page:
    """Return the page asked for by `page` and `per_page`; senseless values mean the default."""
    query, limits = request.query_params, limits_of(request)
    return Page(
        _count(query.get("page"), 1, PAGE_NUMBER_MAX),
        _count(query.get("per_page"), limits.page_size_default, limits.page_size_max),
    )


PageOf = Annotated[Page, Depends(at_once(page_of))]


def query_values(request: Request, name: str) -> list[str]:
    """Return all values of a query array, written `name` or `name[]` (Rails style)."""
    query = request.query_params
    return [value for value in (*query.getlist(name), *query.getlist(f"{name}[]")) if value]


def body_under(root: str) -> Callable[..., Coroutine[Any, Any, JsonObject]]:
    """Return a dependency that reads the JSON object under a root key, numbers exact."""

    async def read_body(request: Request, _service: CallerService, limits: LimitsOf) -> JsonObject:
        body = await request.body()
        return await aside(len(body), lambda: object_under(body, root, limits.json_depth_max))

    return read_body


async def exact_body(request: Request, limits: Limits) -> JsonValue:
    """Return the JSON of a body, numbers exact; BadRequest where there is none."""
    body = await request.body()
    return await aside(len(body), lambda: exact_value(body, limits.json_depth_max))


async def whole_body(request: Request, _service: CallerService, limits: LimitsOf) -> JsonValue:
    """Read a body without a root key, numbers exact; None where there is none."""
    return await exact_body(request, limits) if await request.body() else None


WholeBody = Annotated[JsonValue, Depends(whole_body)]


def install_error_handlers(app: FastAPI) -> None:
    """Answer every refusal and failure in Lago's envelope."""
    app.add_exception_handler(BillingError, _on_refusal)
    app.add_exception_handler(StoreUnavailableError, _on_store_unavailable)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(Exception, _on_failure)


class BodyLimit:
    """ASGI middleware: refuses a body that is too large, announced or not, before it is kept.

    Paths that end in one of `large_paths` may hold `events_body_bytes_max`.
    """

    def __init__(
        self, app: ASGIApp, limits: Limits, large_paths: tuple[str, ...] = LARGE_PATHS
    ) -> None:
        self.app = app
        self.limits = limits
        self.large_paths = large_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while its body fits, else answer 413."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_file = scope["path"].rstrip("/").endswith(UPLOAD_PATHS)
        tally = None if is_file else ValueTally()
        bounded = _BoundedBody(receive, send, self._bytes_max(scope["path"]), tally)
        try:
            bounded.check(_announced_bytes(scope))
            await self.app(scope, bounded.receive, bounded.send)
        except (BadRequest, BodyTooLarge) as refusal:
            if bounded.answered:
                raise
            await Json(refusal.body, refusal.status)(scope, receive, send)

    def _bytes_max(self, path: str) -> int:
        if path.rstrip("/").endswith(UPLOAD_PATHS):
            return self.limits.upload_bytes_max
        if path.rstrip("/").endswith(self.large_paths):
            return self.limits.events_body_bytes_max
        return self.limits.body_bytes_max


class _BoundedBody:
    """Counts the bytes and values of one request's body and sees whether it has been answered."""

    def __init__(
        self, receive: Receive, send: Send, bytes_max: int, tally: ValueTally | None
    ) -> None:
        self._receive = receive
        self._tally = tally
        self._send = send
        self._bytes_max = bytes_max
        self._bytes = 0
        self.answered = False

    def check(self, count: int) -> None:
        if count > self._bytes_max:
            raise BodyTooLarge(self._bytes_max)

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self.check(self._bytes)
            if self._tally is not None:
                self._tally.add(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        self.answered = True
        await self._send(message)


async def _on_refusal(_request: Request, error: Exception) -> Json:
    refusal = cast(BillingError, error)
    return Json(refusal.body, refusal.status)


async def _on_store_unavailable(request: Request, error: Exception) -> Json:
    log.warning("%s %s: %s", request.method, request.url.path, error)
    refusal = TemporarilyUnavailable("store_unavailable")
    return Json(refusal.body, refusal.status)


async def _on_http_exception(_request: Request, error: Exception) -> Json:
    status = cast(HTTPException, error).status_code
    if status in (http.HTTPStatus.NOT_FOUND, http.HTTPStatus.METHOD_NOT_ALLOWED):
        unknown_route = NotFound("resource")
        return Json(unknown_route.body, unknown_route.status)
    return Json({"status": status, "error": http.HTTPStatus(status).phrase}, status)


async def _on_invalid_request(_request: Request, error: Exception) -> Json:
    details = {
        str(fault["loc"][-1]): [
            "value_is_mandatory" if fault["type"] == "missing" else "value_is_invalid"
        ]
        for fault in cast(RequestValidationError, error).errors()
    }
    refusal = ValidationFailed(details)
    return Json(refusal.body, refusal.status)


async def _on_failure(request: Request, error: Exception) -> Json:
    request_id = str(uuid.uuid4())
    log.error(
        "request %s failed: %s %s", request_id, request.method, request.url.path, exc_info=error
    )
    failure = BillingError("internal_error", {"request_id": request_id})
    return Json(failure.body, failure.status, headers={"X-Request-Id": request_id})


def _announced_bytes(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0]) if lengths and lengths[0].isdigit() else 0


def _count(text: str | None, default: int, highest: int) -> int:
    if text is None or not (text.isascii() and text.isdigit()):
        return default
    digits = text.lstrip("0")
    return min(int(digits[: len(str(highest)) + 1]), highest) if digits else default
