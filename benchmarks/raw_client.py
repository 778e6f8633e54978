"""A client that costs little: requests built beforehand, sent over raw sockets from one thread.

Each connection waits for its answer before it sends again, as one client of an API does.
"""

import gc
import http.client
import selectors
import socket
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field

from benchmarks.figures import percentile
from benchmarks.machine import client_cores, cpu_microseconds, on_cores

HOST = "127.0.0.1"
READ_BYTES = 1 << 17
SILENCE_SECONDS_MAX = 60
# The server closes a connection that is idle for five seconds.
IDLE_SECONDS_MAX = 3
OK = b"HTTP/1.1 200"
END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Answered:
    """What a run of requests took: as a whole, each of them, and of the server's processor."""

    seconds: float
    each: Sequence[float]
    server_cpu_us: int

    def per_second(self, units_each: int = 1) -> float:
        """Return the rate, in units of which each request held so many."""
        return len(self.each) * units_each / self.seconds

    def __str__(self) -> str:
        """Return p50, p99 and the server's processor time a request."""
        p50, p99 = percentile(self.each, 0.5) * 1000, percentile(self.each, 0.99) * 1000
        cpu = self.server_cpu_us / len(self.each)
        return f"p50 {p50:.2f} ms, p99 {p99:.2f} ms, server CPU {cpu:,.0f} us/request"


@dataclass(slots=True)
class _Line:
    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)


def request(method: str, path: str, key: str, body: bytes = b"") -> bytes:
    """Return the bytes of one request on a connection that stays open."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller:
    """One connection that stays open, for requests whose answers are looked at."""

    def __init__(self, port: int, key: str = "") -> None:
        """Remember whom to ask, and with which key."""
        self._connection = http.client.HTTPConnection(HOST, port, timeout=SILENCE_SECONDS_MAX)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._used_at = 0.0

    def ask(self, method: str, path: str, body: bytes = b"") -> bytes:
        """Return the body of one answer, which must be a 200."""
        if time.monotonic() - self._used_at > IDLE_SECONDS_MAX:
            self._connection.close()
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        words = answer.read()
        self._used_at = time.monotonic()
        assert answer.status == 200, words[:500]
        return words

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def asked(port: int, method: str, path: str, key: str = "", body: bytes = b"") -> bytes:
    """Return the body of one answer on a connection of its own."""
    with closing(Caller(port, key)) as caller:
        return caller.ask(method, path, body)


def sent(port: int, pid: int, requests: Sequence[bytes], *, connections: int) -> Answered:
    """Send all requests to the server of that process and return what their answers took."""
    waiting = list(reversed(requests))
    each: list[float] = []
    lines = [_Line(_connected(port)) for _ in range(min(connections, len(requests)))]
    # A collection of garbage here would be taken for a slow server.
    gc.disable()
    try:
        with on_cores(client_cores()), selectors.DefaultSelector() as selector:
            for line in lines:
                selector.register(line.socket, selectors.EVENT_READ, line)
            cpu, started = cpu_microseconds(pid), time.perf_counter()
            for line in lines:
                _send(line, waiting)
            while len(each) < len(requests):
                ready = selector.select(SILENCE_SECONDS_MAX)
                assert ready, "no answer for a minute"
                for key, _ in ready:
                    if _is_answered(key.data, each):
                        _send(key.data, waiting)
            seconds = time.perf_counter() - started
            cpu = cpu_microseconds(pid) - cpu
    finally:
        gc.enable()
        for line in lines:
            line.socket.close()
    return Answered(seconds, each, cpu)


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection((HOST, port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send(line: _Line, waiting: list[bytes]) -> None:
    if waiting:
        line.sent_at = time.perf_counter()
        line.socket.sendall(waiting.pop())


def _is_answered(line: _Line, each: list[float]) -> bool:
    """Read what came; say whether it was the rest of an answer, which must be a 200."""
    piece = line.socket.recv(READ_BYTES)
    assert piece, "the server closed a connection"
    line.received += piece
    end = line.received.find(END_OF_HEAD)
    if end < 0:
        return False
    place = line.received.lower().find(LENGTH, 0, end) + len(LENGTH)
    length = int(line.received[place : line.received.find(b"\r", place)])
    if len(line.received) < end + len(END_OF_HEAD) + length:
        return False
    assert line.received.startswith(OK), bytes(line.received[:500])
    line.received.clear()
    each.append(time.perf_counter() - line.sent_at)
    return True
