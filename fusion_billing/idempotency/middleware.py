"""`Idempotency-Key` in front of the API: reads the request once, asks the store, holds the answer.

Decides nothing itself. A request without the header goes on as it came.
"""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import msgspec
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.errors import BillingError, TemporarilyUnavailable, Unauthorized
from catalog.http import LARGE_PATHS, UPLOAD_PATHS, Limits
from catalog.key_cache import KeyCache
from catalog.request_body import BodyLimits, body_of
from fusion_billing.idempotency import store
from fusion_billing.idempotency.decision import (
    KeptAnswer,
    OtherRequest,
    RequestInFlight,
    Verdict,
    is_kept,
    key_of,
    request_digest,
)
from fusion_billing.idempotency.held_answer import HeldAnswer, given_body, send_answer
from storage.patience import StoreUnavailableError
from storage.state import State

IDEMPOTENCY_KEY = b"idempotency-key"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
REPLAYED = (b"idempotent-replayed", b"true")
ANSWER_BYTES_MAX = 4 * 1024 * 1024
RENEWALS_A_LEASE = 3
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class IdempotencyLimits:
    """How long a key may be, how much a body may hold, and how long it may take to come."""

    key_chars_max: int
    body: Limits
    body_seconds_max: int


@dataclass(frozen=True, slots=True)
class Idempotency:
    """ASGI middleware for what changes something below `mounts`.

    A file of usage is left alone: it is known by its content, and too large to be held.
    """

    app: ASGIApp
    state: State
    keys: KeyCache
    clock: Callable[[], datetime]
    mounts: tuple[str, ...]
    limits: IdempotencyLimits
    terms: store.Terms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it as its key demands."""
        if scope["type"] == "http" and scope["method"] not in READING:
            for name, _ in scope["headers"]:
                if name == IDEMPOTENCY_KEY:
                    if self._is_served(scope["path"]):
                        await self._keyed(scope, receive, send)
                        return
                    break
        await self.app(scope, receive, send)

    def _is_served(self, path: str) -> bool:
        is_below = any(path.startswith(f"{mount}/") for mount in self.mounts)
        return is_below and not path.rstrip("/").endswith(UPLOAD_PATHS)

    async def _keyed(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            mark, body = await self._marked(scope, receive)
            found, answer = await asyncio.to_thread(self._begin, mark)
            if found is Verdict.IN_FLIGHT:
                raise RequestInFlight
            if found is Verdict.OTHER_REQUEST:
                raise OtherRequest
        except Unauthorized:  # Who has no key of ours has no idempotency keys either.
            await self.app(scope, receive, send)
        except BillingError as refusal:
            await send_answer(send, _refused(refusal))
        except StoreUnavailableError as error:
            _log.warning("store_unavailable", path=scope["path"], error=str(error))
            await send_answer(send, _refused(TemporarilyUnavailable("store_unavailable")))
        else:
            if answer is not None:
                _log.info("request_replayed", path=scope["path"], status=answer.status)
                await send_answer(send, answer, REPLAYED)
                return
            await self._run(mark, scope, given_body(body, receive), send)

    async def _marked(self, scope: Scope, receive: Receive) -> tuple[store.Mark, bytes]:
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        service = await asyncio.to_thread(self.keys.service, authorization, self.clock())
        given = [value for name, value in scope["headers"] if name == IDEMPOTENCY_KEY]
        key = key_of(given, self.limits.key_chars_max)
        length = headers.get(b"content-length", b"0")
        announced = int(length) if length.isdigit() else 0
        body = await body_of(
            receive, self._body_limits(scope["path"]), announced=announced, encoding=b""
        )
        digest = request_digest(scope["method"], scope["path"], scope["query_string"], body)
        return store.Mark(service.code, key, digest, secrets.token_hex(8)), body

    def _body_limits(self, path: str) -> BodyLimits:
        limits = self.limits.body
        is_large = path.rstrip("/").endswith(LARGE_PATHS)
        most = limits.events_body_bytes_max if is_large else limits.body_bytes_max
        return BodyLimits(most, most, self.limits.body_seconds_max)

    async def _run(self, mark: store.Mark, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, keep the answer, and only then send it."""
        held = HeldAnswer(send, ANSWER_BYTES_MAX)
        renewing = asyncio.create_task(self._keep_renewing(mark))
        try:
            await self.app(scope, receive, held.take)
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            try:
                await asyncio.to_thread(self._end, mark, held.answer)
            except StoreUnavailableError as error:
                # What was asked is done, and the caller must hear it; a repeat runs again.
                _log.warning("answer_not_kept", path=scope["path"], error=str(error))
            await held.release()

    async def _keep_renewing(self, mark: store.Mark) -> None:
        while True:
            await asyncio.sleep(self.terms.lease_seconds / RENEWALS_A_LEASE)
            with suppress(StoreUnavailableError):
                await asyncio.to_thread(self._renew, mark)

    def _begin(self, mark: store.Mark) -> tuple[Verdict, KeptAnswer | None]:
        with self.state.write() as connection:
            return store.begin(connection, mark, self.clock(), self.terms)

    def _renew(self, mark: store.Mark) -> None:
        with self.state.write() as connection:
            store.renew(connection, mark, self.clock(), self.terms)

    def _end(self, mark: store.Mark, answer: KeptAnswer | None) -> None:
        with self.state.write() as connection:
            if answer is not None and is_kept(answer.status):
                store.finish(connection, mark, answer)
            else:
                store.give_up(connection, mark)


def _refused(refusal: BillingError) -> KeptAnswer:
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)
    if isinstance(refusal, RequestInFlight):
        headers += ((b"retry-after", b"1"),)
    return KeptAnswer(refusal.status, headers, msgspec.json.encode(refusal.body))
