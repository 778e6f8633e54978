"""The shortest way in: a usual push is read, handed in and answered in place.

A protocol of uvicorn's that spares such a push its task, its scope and every middleware. What is
unusual in any respect, a refusal and a conflict too, the app answers, as if this were not here.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from catalog.key_cache import KeyCache
from ingest.answering import PushLimits, lago_answer, ordinary_push
from ingest.cloud_events import is_cloud_events
from ingest.front_door import Headers
from ingest.push import Push, Receipt
from ingest.receiving import Intake

# What is ordinary up to here is read within a millisecond or so.
HELD_BYTES_MAX = 1 << 16
HELD_SECONDS_MAX = 1
UNUSUAL = frozenset(
    {b"content-encoding", b"transfer-encoding", b"idempotency-key", b"expect", b"upgrade"}
)
OK = b"HTTP/1.1 200 OK\r\n"
JSON_OF_LENGTH = b"content-type: application/json\r\ncontent-length: %d\r\n"
CLOSING = b"connection: close\r\n"
ROUTES = {b"/events": False, b"/events/batch": True}
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ShortWay:
    """What reads and takes in a usual push; `batches` says by path whether it is a batch.

    A body of more than `bytes_max` takes the long way.
    """

    intake: Intake
    limits: PushLimits
    keys: KeyCache
    clock: Callable[[], datetime]
    batches: Mapping[bytes, bool]
    bytes_max: int = HELD_BYTES_MAX

    def takes(self, url: bytes, headers: Headers) -> bool:
        """Say whether a POST is of the usual kind, by all but its body."""
        length = headers.get(b"content-length", b"")
        return (
            url in self.batches
            and UNUSUAL.isdisjoint(headers)
            and length.isdigit()
            and 0 < int(length) <= min(self.bytes_max, HELD_BYTES_MAX)
            and not is_cloud_events(headers)
        )

    def read(self, url: bytes, authorization: bytes, body: bytes) -> tuple[Push, bytes] | None:
        """Return the push and its answer if new; None when the app should look at it."""
        service = self.keys.remembered(authorization.decode("latin-1"))
        if service is None:
            return None
        is_batch = self.batches[url]
        return ordinary_push(self.limits, service, body, self.clock(), is_batch=is_batch)


def short_paths(mounts: tuple[str, ...]) -> dict[bytes, bool]:
    """Return the paths below each mount that have a short way, and whether they take a batch."""
    return {
        mount.encode() + path + slash: is_batch
        for mount in mounts
        for path, is_batch in ROUTES.items()
        for slash in (b"", b"/")
    }


def push_protocol(way: ShortWay) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol with the short way built in."""
    return type("PushProtocol", (ShortHttp,), {"way": way})


class Held:
    """A usual push on its way: first its request as it comes, then whoever waits for its answer.

    To uvicorn it is the connection's cycle, to the committer a future.
    """

    __slots__ = (
        "authorization", "body", "disconnected", "headers", "if_new", "keep_alive",
        "message_event", "protocol", "push", "response_complete", "url",
    )  # fmt: skip

    def __init__(self, protocol: "ShortHttp", authorization: bytes) -> None:
        """Begin with what came before the body."""
        self.protocol = protocol
        self.url = protocol.url
        self.headers = protocol.headers
        self.authorization = authorization
        self.body = b""
        self.push: Push | None = None
        self.if_new = b""
        self.disconnected = False
        self.response_complete = False
        self.keep_alive = True
        self.message_event = self

    def set(self) -> None:
        """Do nothing: no task waits for a message."""

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of the connection."""
        return self.protocol.loop

    def done(self) -> bool:
        """Say whether the client went away."""
        return self.disconnected

    def set_result(self, receipt: Receipt, /) -> None:
        """Answer; conflicts are the app's."""
        if receipt.are_new:
            self.protocol.answer(self, self.if_new)
        elif receipt.conflicts or self.push is None:
            self.protocol.begin_again(self)
        else:
            is_batch = self.protocol.way.batches[self.url]
            words = lago_answer(self.push, receipt.received_s, is_batch=is_batch)
            self.protocol.answer(self, words)

    def set_exception(self, _error: Exception, /) -> None:
        """Let the app try again and say what is wrong; nothing was kept."""
        self.protocol.begin_again(self)


class ShortHttp(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, but for usual pushes that come whole and soon."""

    way: ShortWay
    _held: Held | None = None
    _too_late: asyncio.TimerHandle | None = None
    _told_headers: object = None
    _told_bytes = b""

    def data_received(self, data: bytes) -> None:
        """Take what came; a body that stays away is soon the app's to wait for."""
        super().data_received(data)
        if self._held is not None and self._too_late is None:
            self._too_late = self.loop.call_later(HELD_SECONDS_MAX, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was being read."""
        self._let_go()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """Begin a request; its scope is made only if the app needs one."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Hold a usual push back from the app."""
        parser = self.parser
        cycle: RequestResponseCycle | None = self.cycle
        if (
            parser.get_method() == b"POST"
            and self.url in self.way.batches
            and (cycle is None or cycle.response_complete)
            and not self.flow.write_paused
            and parser.should_keep_alive()
            and parser.get_http_version() == "1.1"
            and self.way.takes(self.url, headers := dict(self.headers))
        ):
            self._held = Held(self, headers.get(b"authorization", b""))
        else:
            self._pass_on()

    def on_body(self, body: bytes) -> None:
        """Gather the body of a push that is held."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.body += body

    def on_message_complete(self) -> None:
        """Hand in a push that is whole, or give it to the app."""
        held = self._held
        if held is None:
            super().on_message_complete()
            return
        self._let_go()
        if self._is_begun(held):
            self.cycle = cast(RequestResponseCycle, held)
        else:
            self._pass_on()
            super().on_body(held.body)
            super().on_message_complete()

    def answer(self, held: Held, words: bytes) -> None:
        """Answer 200 and go on with what the connection brings next."""
        head = self._default_headers() + JSON_OF_LENGTH % len(words)
        end = b"\r\n" if held.keep_alive else CLOSING + b"\r\n"
        self.transport.write(b"".join((OK, head, end, words)))
        held.response_complete = True
        if not held.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def begin_again(self, held: Held) -> None:
        """Let the app answer a push of which nothing was kept."""
        following = self.url, self.headers, self.expect_100_continue, self.scope
        super().on_message_begin()
        scope = self.scope
        self.url, self.headers, self.expect_100_continue, self.scope = following
        path = held.url.decode("ascii")
        scope["headers"] = held.headers
        scope |= {"method": "POST", "path": path, "raw_path": held.url, "query_string": b""}
        cycle = RequestResponseCycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=held.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.body += held.body
        cycle.more_body = False
        cycle.message_event.set()
        if self.cycle is cast(RequestResponseCycle, held):
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def _is_begun(self, held: Held) -> bool:
        """Say whether a push was handed in; whatever is wrong with it, the app will tell."""
        try:
            found = self.way.read(held.url, held.authorization, held.body)
            if found is None:
                return False
            held.push, held.if_new = found
            return self.way.intake.begin(held.push, held)
        except Exception as error:  # noqa: BLE001 - the app meets the same error and answers it
            _log.debug("push_goes_the_long_way", error=str(error))
            return False

    def _pass_on(self) -> None:
        """Do what uvicorn does once the headers have come."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def _give_up(self) -> None:
        """Give a push that has not come whole to the app, which waits as long as it may."""
        held = self._held
        self._let_go()
        if held is not None and not self.transport.is_closing():
            self._pass_on()
            super().on_body(held.body)

    def _let_go(self) -> None:
        self._held = None
        if self._too_late is not None:
            self._too_late.cancel()
            self._too_late = None

    def _default_headers(self) -> bytes:
        """Return the headers of every answer; uvicorn makes a new list of them each second."""
        headers = self.server_state.default_headers
        if headers is not self._told_headers:
            lines = (name + b": " + value + b"\r\n" for name, value in headers)
            self._told_headers, self._told_bytes = headers, b"".join(lines)
        return self._told_bytes
