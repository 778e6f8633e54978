"""The fast way in refuses what is too large, too slow, broken or foreign, and keeps the rest."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from catalog.errors import Unauthorized
from catalog.request_body import INFLATED_RATIO_MAX, BodyLimits
from catalog.services import Service
from ingest.front_door import Answer, FrontDoor, Headers
from tests.ingest.makers import NOW, SERVICE

BYTES_MAX = 1_000
PATH = "/api/v1/events"
LIMITS = BodyLimits(bytes_max=BYTES_MAX, inflated_bytes_max=5_000, seconds_max=1)


class Keys:
    """Knows one key."""

    def remembered(self, authorization: str) -> Service | None:
        return SERVICE if authorization == "Bearer known" else None

    def service(self, authorization: str, at: datetime) -> Service:
        if authorization != "Bearer good":
            raise Unauthorized
        return SERVICE


async def echo(_service: Service, body: bytes, _headers: Headers, _at: datetime) -> Answer:
    """Answer with the body."""
    if body == b"fail":
        raise RuntimeError("a secret of the house")
    return body, ((b"x-test", b"1"),)


async def behind(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer 404: the app behind the door."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def push(
    *chunks: bytes,
    path: str = PATH,
    method: str = "POST",
    headers: dict[str, str] | None = None,
    wait: Callable[[], Awaitable[object]] | None = None,
    later: Callable[[], Awaitable[object]] | None = None,
) -> tuple[int, bytes]:
    """Send a request in chunks; return status and body of the answer."""
    told = {"authorization": "Bearer known"} | (headers or {})
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
    }
    left = list(chunks)
    sent: list[Message] = []

    async def receive() -> Message:
        if wait is not None:
            await wait()
        if later is not None:
            await later()
        if not left:
            return {"type": "http.disconnect"}
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left) or wait is not None}

    async def send(message: Message) -> None:
        sent.append(message)

    keys: Any = Keys()
    door = FrontDoor(behind, {PATH: echo}, keys, lambda: NOW, LIMITS)
    asyncio.run(door(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


def test_a_push_is_answered() -> None:
    """A body in one piece or in many reaches its route whole."""
    assert push(b"abc") == (200, b"abc")
    assert push(b"a", b"b", b"c") == (200, b"abc")


def test_a_body_that_is_still_on_its_way_is_waited_for() -> None:
    """A body that comes later is read as one that came with its request."""

    async def a_moment() -> None:
        await asyncio.sleep(0.01)

    assert push(b"abc", later=a_moment) == (200, b"abc")
    assert push(b"a", b"b", b"c", later=a_moment) == (200, b"abc")
    assert push(later=a_moment)[0] == 400


def test_everything_else_goes_on_to_the_app() -> None:
    """Other paths and other methods are none of the door's business."""
    assert push(path="/api/v1/plans")[0] == 404
    assert push(method="GET")[0] == 404


def test_a_key_is_asked_for() -> None:
    """A key not seen lately is looked up; a bad one is 401."""
    assert push(b"a", headers={"authorization": "Bearer good"})[0] == 200
    assert push(b"a", headers={"authorization": "Bearer bad"})[0] == 401
    assert push(b"a", headers={"authorization": ""})[0] == 401


@pytest.mark.parametrize("chunks", [1, 4])
def test_a_body_has_a_limit(chunks: int) -> None:
    """As many bytes as the limit pass, one more is 413, announced or not, in one piece or many."""
    piece = b"x" * (BYTES_MAX // chunks)

    assert push(*[piece] * chunks)[0] == 200
    assert push(*[piece] * chunks, b"y")[0] == 413
    assert push(b"x", headers={"content-length": str(BYTES_MAX + 1)})[0] == 413


def test_gzip_is_inflated_within_limits() -> None:
    """A gzip body is read; a bomb, a torn one and another encoding are refused."""
    gzipped = {"content-encoding": "gzip"}
    plain = bytes(range(256)) * 2

    assert push(gzip.compress(plain), headers=gzipped) == (200, plain)
    bomb = gzip.compress(b"x" * 10_000)
    assert len(bomb) * INFLATED_RATIO_MAX < 10_000
    assert push(bomb, headers=gzipped)[0] == 413
    assert push(gzip.compress(plain)[:-9], headers=gzipped)[0] == 400
    assert push(b"no gzip", headers=gzipped)[0] == 400
    assert push(b"x", headers={"content-encoding": "br"})[0] == 415


def test_a_slow_client_is_let_go() -> None:
    """A body that does not come within its time is 408, and nothing of it is kept."""
    status, body = push(b"a", b"b", wait=lambda: asyncio.sleep(0.6))

    assert (status, json.loads(body)["code"]) == (408, "request_too_slow")


def test_a_client_that_goes_away_is_no_failure() -> None:
    """A body that breaks off is refused: half of it must not be read."""

    async def at_once() -> None:
        return None

    assert push(b"half", wait=at_once)[0] == 400


def test_a_failure_tells_a_number_and_nothing_else() -> None:
    """An unforeseen failure is 500 with an id to look for in the log, without its words."""
    status, body = push(b"fail")

    assert status == 500
    assert b"secret" not in body
    assert json.loads(body)["error_details"]["request_id"]
