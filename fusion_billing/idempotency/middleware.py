"""`Idempotency-Key` in front of the API: reads the request once, asks the store, holds the answer.

Decides nothing itself. A request without the header goes on as it came.
"""

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

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
from storage.fault_points import reached
from storage.joint_write import JointWrite, joining
from storage.patience import StoreUnavailableError
from storage.state import State

IDEMPOTENCY_KEY = b"idempotency-key"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
REPLAYED = (b"idempotent-replayed", b"true")
ANSWER_BYTES_MAX = 4 * 1024 * 1024
RENEWALS_A_LEASE = 3
# What these words are followed by is written to the state alone: one transaction with the answer.
# A push, correction or cost is kept elsewhere too, and known by its own id when it comes again.
STATE_WORDS = frozenset(
    {"billable_metrics", "plans", "customers", "subscriptions", "webhook_endpoints"}
)
ENDING_THREADS = 4
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
    # Without those words whose writing asks another system meanwhile: no lock waits for that.
    state_words: frozenset[str] = STATE_WORDS
    # Threads of their own: all others may wait for the very transaction that is to be ended.
    ending: Executor = field(
        default_factory=lambda: ThreadPoolExecutor(ENDING_THREADS, "answer-keeping")
    )

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
        """Let the app answer, keep the answer with what it wrote, and only then send it."""
        joint = self.state.joint_write() if self._is_of_state(scope["path"]) else None
        held = HeldAnswer(send, ANSWER_BYTES_MAX, partial(self._pass, joint))
        renewing = asyncio.create_task(self._keep_renewing(mark))
        refusal: BillingError | None = None
        try:
            with joining(joint):
                await self.app(scope, receive, held.take)
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            try:
                if not await self._ended(mark, held, joint):
                    refusal = RequestInFlight()  # Its key has gone to a later attempt.
            except StoreUnavailableError as error:
                # What was kept elsewhere is done, and the caller must hear it.
                _log.warning("answer_not_kept", path=scope["path"], error=str(error))
                if joint is not None:
                    refusal = TemporarilyUnavailable("store_unavailable")
            if refusal is None:
                await held.release()
        if refusal is not None:
            await send_answer(send, _refused(refusal))

    def _is_of_state(self, path: str) -> bool:
        below = next(path[len(one) + 1 :] for one in self.mounts if path.startswith(f"{one}/"))
        return below.partition("/")[0] in self.state_words

    async def _pass(self, joint: JointWrite | None) -> None:
        """Make last what was written, before the first part of an answer too large to keep."""
        if joint is not None:
            await asyncio.get_running_loop().run_in_executor(self.ending, joint.commit)

    async def _ended(self, mark: store.Mark, held: HeldAnswer, joint: JointWrite | None) -> bool:
        """Keep an answer; False when what it was the answer to has been taken back."""
        if joint is None or joint.is_over:
            await asyncio.to_thread(self._end, mark, held.answer)
            return True
        ending = partial(self._end_jointly, mark, held.answer, joint)
        return await asyncio.get_running_loop().run_in_executor(self.ending, ending)

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

    def _end_jointly(self, mark: store.Mark, answer: KeptAnswer | None, joint: JointWrite) -> bool:
        """Commit what was written with its answer; take both back where one can't be kept."""
        if answer is None or not is_kept(answer.status):
            joint.roll_back()
            self._end(mark, None)
            return True
        try:
            with joining(joint), self.state.write() as connection:
                is_ours = store.finish(connection, mark, answer)
                reached("idempotency.keeping")
            if is_ours:
                self.state.commit(joint)
                reached("idempotency.kept")
            return is_ours
        finally:
            joint.roll_back()


def _refused(refusal: BillingError) -> KeptAnswer:
    headers: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"application/json"),)
    if isinstance(refusal, RequestInFlight):
        headers += ((b"retry-after", b"1"),)
    return KeptAnswer(refusal.status, headers, msgspec.json.encode(refusal.body))
