"""A TCP proxy before a real server that cuts calls: before, during or after their work.

It can also answer with a maintenance page, let answers wait, and do something at a given call.
"""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum

CHUNK_BYTES = 65536
SOCKET_SECONDS_MAX = 60
PAGE = b"<html><body>We are down for maintenance.</body></html>"
MAINTENANCE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(PAGE), PAGE)
)
HALF_BYTES = 40
# odoorpc numbers its requests by chance, so that no two are alike.
RANDOM_ID = re.compile(rb'"id": \d+')


class Cut(StrEnum):
    """Where a call breaks, seen from the work that the server does for it."""

    BEFORE = "before"  # the server never hears of it
    DURING = "during"  # the server works on, alone
    AFTER = "after"  # the work is done, the answer is lost
    HALF = "half"  # the work is done, the answer breaks off
    PAGE = "page"  # somebody else answers, with status 200


class BrokenLine:
    """Relays HTTP calls; those whose request holds certain words are cut."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._words = b""
        self._how = Cut.AFTER
        self._cuts_left = 0
        self._cut_once: set[bytes] | None = None
        self._calls_before_cut = 0
        self._wait_seconds = 0
        self._before: Callable[[], None] | None = None
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Return the port to connect to."""
        return int(self._listener.getsockname()[1])

    def cut(self, words: str, how: Cut, times: int = 1) -> None:
        """Cut the next calls that hold these words."""
        self._words, self._how, self._cuts_left = words.encode(), how, times

    def cut_every_call_once(self, how: Cut) -> None:
        """Cut every call when it comes for the first time; the same call again goes through."""
        self._how, self._cut_once = how, set()

    def cut_call(self, number: int, how: Cut) -> None:
        """Cut the n-th call from now on, counted from 1, and no other."""
        self._how, self._calls_before_cut = how, number

    def let_wait(self, words: str, seconds: int) -> None:
        """Hold back the answers to calls with these words, for some seconds each."""
        self._words, self._wait_seconds = words.encode(), seconds

    def before(self, words: str, act: Callable[[], None]) -> None:
        """Do something once, before the next call with these words reaches the server."""
        self._words, self._before = words.encode(), act

    def close(self) -> None:
        """Accept no more calls."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, suppress(OSError):
            request = _whole_request(client)
            if self._before and self._words in request:
                act, self._before = self._before, None
                act()
            how = self._cut_of(request)
            if how is Cut.PAGE:
                client.sendall(MAINTENANCE)
            elif how is not Cut.BEFORE:
                self._ask(request, client, how)

    def _cut_of(self, request: bytes) -> Cut | None:
        if self._cut_once is not None:
            same = RANDOM_ID.sub(b"", request)
            is_cut = same not in self._cut_once
            self._cut_once.add(same)
        elif self._calls_before_cut:
            self._calls_before_cut -= 1
            is_cut = not self._calls_before_cut
        else:
            is_cut = self._cuts_left > 0 and self._words in request
            self._cuts_left -= is_cut
        self.cuts += is_cut
        return self._how if is_cut else None

    def _ask(self, request: bytes, client: socket.socket, how: Cut | None) -> None:
        with socket.create_connection(self._upstream, SOCKET_SECONDS_MAX) as server:
            server.sendall(request)
            if how is Cut.DURING:
                client.close()
            answer = b""
            while chunk := server.recv(CHUNK_BYTES):
                answer += chunk
        if self._wait_seconds and self._words in request:
            time.sleep(self._wait_seconds)
        if how is None:
            client.sendall(answer)
        elif how is Cut.HALF:
            client.sendall(answer[:-HALF_BYTES])


@contextmanager
def broken_line(host: str, port: int) -> Iterator[BrokenLine]:
    """Run a proxy in front of a server."""
    line = BrokenLine((host, port))
    try:
        yield line
    finally:
        line.close()


def _whole_request(client: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += _received(client)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    expected = int(length[1]) if length else 0
    while len(body) < expected:
        body += _received(client)
    return head + b"\r\n\r\n" + body


def _received(client: socket.socket) -> bytes:
    chunk = client.recv(CHUNK_BYTES)
    if not chunk:
        raise ConnectionResetError("the client went away")
    return chunk
