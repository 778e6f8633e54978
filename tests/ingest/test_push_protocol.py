"""The shortest way in answers usual pushes as the app would, and leaves the app all the rest."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from catalog.services import Service
from ingest import push_protocol as ways
from ingest.answering import PushLimits, answer_batch, answer_event
from ingest.push_protocol import ShortWay, push_protocol, short_paths
from tests.ingest.makers import NOW, SERVICE, a_push
from tests.ingest.running_ingest import Ingest

LIMITS = PushLimits()
BEHIND = b"the app behind"
OLD = 1_600_000_000
WAIT_SECONDS_MAX = 30
Told = TypeVar("Told")
names = (f"short-{number}" for number in count())


class Keys:
    """Knows one key."""

    def remembered(self, authorization: str) -> Service | None:
        return SERVICE if authorization == "Bearer known" else None


class Line(asyncio.Transport):
    """A connection's other end: keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_closed = False
        self.wrote = asyncio.Event()

    def write(self, data: Any) -> None:  # noqa: ANN401 - any buffer
        self.written += bytes(data)
        self.wrote.set()

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str, default: object = None) -> None:
        return None

    def pause_reading(self) -> None:
        return

    def resume_reading(self) -> None:
        return


async def behind(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer with it."""
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body += message.get("body", b"")
        is_more = message.get("more_body", False)
    headers = [(b"content-length", b"%d" % (len(BEHIND) + len(body)))]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": BEHIND + body})


@dataclass
class Talk:
    """One connection to the protocol, inside a running loop."""

    protocol: Any
    line: Line
    answers_read: int = field(default=0)

    async def answered(self, answers_count: int = 1) -> list[tuple[int, bytes]]:
        """Wait for so many whole answers and return status and body of each."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while len(found := _answers(self.line.written)) < answers_count:
                await self.line.wrote.wait()
                self.line.wrote.clear()
        return found


def _answers(written: bytes) -> list[tuple[int, bytes]]:
    found = []
    while b"\r\n\r\n" in written:
        head, _, rest = written.partition(b"\r\n\r\n")
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(lines[b"content-length"])
        if len(rest) < length:
            break
        found.append((int(head.split()[1]), rest[:length]))
        written = rest[length:]
    return found


@pytest.fixture(scope="module")
def ingest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingest]:
    """Give one folder's ingest; every test uses ids of its own."""
    ingest = Ingest.start(Path(tmp_path_factory.mktemp("short")))
    with closing(ingest.lake), closing(ingest.inbox), closing(ingest.intake.committer):
        yield ingest


def talk(ingest: Ingest, story: Callable[[Talk], Awaitable[Told]]) -> Told:
    """Open a connection, let the story go on, and return what it gives."""

    async def told() -> Told:
        config = uvicorn.Config(behind, lifespan="off", ws="none", log_config=None)
        config.load()
        keys: Any = Keys()
        way = ShortWay(ingest.intake, LIMITS, keys, lambda: NOW, short_paths(("/api/v1",)))
        state = ServerState()
        state.default_headers = [(b"date", b"today")]
        protocol: Any = push_protocol(way)(config=config, server_state=state, app_state={})  # type: ignore[call-arg] # as uvicorn calls it
        line = Line()
        protocol.connection_made(line)
        return await story(Talk(protocol, line))

    return asyncio.run(told())


def request(body: bytes, path: str = "/api/v1/events", **headers: str) -> bytes:
    """Return the bytes of a push; a header given as None is left out."""
    told = {"host": "h", "authorization": "Bearer known", "content-length": str(len(body))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def one(**changed: object) -> bytes:
    """Return the body of one event with an id of its own."""
    return json.dumps({"event": a_push(next(names)) | changed}).encode()


def said(ingest: Ingest, *pieces: bytes, answers_count: int = 1) -> list[tuple[int, bytes]]:
    """Send pieces on one connection and return its answers."""

    async def story(talk: Talk) -> list[tuple[int, bytes]]:
        for piece in pieces:
            talk.protocol.data_received(piece)
            await asyncio.sleep(0)
        return await talk.answered(answers_count)

    return talk(ingest, story)


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_event_gets_the_answer_the_app_would_give(ingest: Ingest, slash: str) -> None:
    """A new event, its retry, and the app's own answer to it are the same, byte by byte."""
    body = one()

    first = said(ingest, request(body, "/api/v1/events" + slash))
    again = said(ingest, request(body))

    theirs = asyncio.run(answer_event(ingest.intake, LIMITS, SERVICE, body, NOW))
    assert first == again == [(200, theirs)]


def test_a_batch_gets_the_answer_the_app_would_give(ingest: Ingest) -> None:
    """A batch that comes in pieces is kept as one that comes whole, and so is its retry."""
    events = [a_push(next(names)) for _ in range(30)]
    body = json.dumps({"events": events}).encode()
    whole = request(body, "/api/v1/events/batch")

    first = said(ingest, whole[:50], whole[50:900], whole[900:])
    again = said(ingest, whole)

    theirs = asyncio.run(answer_batch(ingest.intake, LIMITS, SERVICE, body, NOW))
    assert first == again == [(200, theirs)]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/events", {"idempotency_key": "k"}),
        ("/api/v1/events", {"content_encoding": "gzip"}),
        ("/api/v1/events", {"authorization": "Bearer other"}),
        ("/api/v1/events", {"content_type": "application/cloudevents+json"}),
        ("/api/v1/events", {"ce_specversion": "1.0"}),
        ("/api/v1/events", {"connection": "close"}),
        ("/api/v1/events?a=1", {}),
        ("/api/v1/usage/events", {}),
        ("/api/v1/plans", {}),
    ],
)
def test_what_is_unusual_is_left_to_the_app(
    ingest: Ingest, path: str, headers: dict[str, str]
) -> None:
    """Other paths, keys, encodings and headers reach the app with their whole body."""
    body = gzip.compress(one()) if "content_encoding" in headers else one()

    assert said(ingest, request(body, path, **headers)) == [(404, BEHIND + body)]


def test_what_cannot_be_kept_is_left_to_the_app(ingest: Ingest) -> None:
    """What is no JSON, faulty, old, large or in conflict is the app's, and nothing is kept."""
    known = a_push(next(names))
    bodies = [
        b"no json",
        json.dumps({"event": {"code": "tokens"}}).encode(),
        one(timestamp=OLD),
        one(code="x" * (1 << 16)),
    ]
    said(ingest, request(json.dumps({"event": known}).encode()))
    bodies.append(json.dumps({"event": known | {"code": "calls"}}).encode())

    for body in bodies:
        assert said(ingest, request(body)) == [(404, BEHIND + body)]


def test_a_body_that_stays_away_is_the_apps_to_wait_for(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A push that does not come whole soon reaches the app, its first part too."""
    monkeypatch.setattr(ways, "HELD_SECONDS_MAX", 0.01)
    body = one()
    whole = request(body)

    async def story(talk: Talk) -> list[tuple[int, bytes]]:
        talk.protocol.data_received(whole[:-20])
        await asyncio.sleep(0.1)
        talk.protocol.data_received(whole[-20:])
        return await talk.answered()

    assert talk(ingest, story) == [(404, BEHIND + body)]


def test_pushes_on_one_connection_are_answered_in_order(ingest: Ingest) -> None:
    """Requests that come together are all answered, in the order in which they came."""
    first, last = one(), one()
    pieces = request(first) + request(b"x", "/api/v1/plans")

    found = said(ingest, pieces, answers_count=2)
    after = said(ingest, request(b"y", "/api/v1/plans") + request(last), answers_count=2)

    theirs = asyncio.run(answer_event(ingest.intake, LIMITS, SERVICE, first, NOW))
    assert found == [(200, theirs), (404, BEHIND + b"x")]
    assert after == [(404, BEHIND + b"y"), (404, BEHIND + last)]


def test_what_cannot_be_stored_is_tried_again_by_the_app(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that fails is no answer: the app gets the push and says what is wrong."""

    def refuse(*_args: object, **_named: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(ingest.inbox, "append", refuse)
    body = one()

    assert said(ingest, request(body)) == [(404, BEHIND + body)]


def test_a_push_is_kept_although_its_client_went_away(ingest: Ingest) -> None:
    """Who closes the connection gets no answer; his retry gets the one he missed."""
    body = one()

    async def story(talk: Talk) -> bytes:
        talk.protocol.data_received(request(body))
        talk.protocol.connection_lost(None)
        return talk.line.written

    assert talk(ingest, story) == b""
    theirs = asyncio.run(answer_event(ingest.intake, LIMITS, SERVICE, body, NOW))
    assert said(ingest, request(body)) == [(200, theirs)]


def test_a_server_that_stops_answers_first(ingest: Ingest) -> None:
    """A push that was handed in is answered before its connection is closed."""

    async def story(talk: Talk) -> tuple[list[tuple[int, bytes]], Line]:
        talk.protocol.data_received(request(one()))
        talk.protocol.shutdown()
        return await talk.answered(), talk.line

    ((status, _),), line = talk(ingest, story)
    assert status == 200
    assert b"connection: close" in line.written
    assert line.is_closed
