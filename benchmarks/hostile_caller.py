"""Hostile requests at a sane rate, from a process of its own: python -m … PORT KEY PER_SECOND."""

import gzip
import socket
import sys
import time
from collections.abc import Iterator
from itertools import cycle

from benchmarks.raw_client import HOST

MEBIBYTE = 1 << 20
SECONDS_MAX = 30
PIECE = 1 << 16
ROOT = "/api/billing/v1"
DEEP = b'{"events": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
CROWDED = b'{"events": [' + b"1.5," * (2 * MEBIBYTE) + b"1.5]}"
BOMB = gzip.compress(b'{"event": "' + b" " * (100 * MEBIBYTE) + b'"}')
GIANT_BYTES = 100 * MEBIBYTE


def hostile_requests() -> tuple[tuple[str, bytes, dict[str, str]], ...]:
    """Return path, body and headers of each kind; a giant announces more than it sends."""
    return (
        ("/events/batch", DEEP, {}),
        ("/customers", DEEP, {}),
        ("/events/batch", CROWDED, {}),
        ("/plans", CROWDED[:MEBIBYTE], {}),
        ("/events", BOMB, {"Content-Encoding": "gzip"}),
        ("/events", b"{" * MEBIBYTE, {"Content-Length": str(GIANT_BYTES)}),
        ("/customers", b'{"customer": {"name": NaN, "external_id": "\xff\xfe"}}', {}),
        ("/events", b'{"event": {"transaction_id": "' + b"x" * MEBIBYTE + b'"}}', {}),
        ("/events/batch", b'{"events": ' + b"1" * 5 * MEBIBYTE + b"}", {}),
    )


def sent_hostile(port: int, key: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Send one and return the first bytes of its answer; nothing when the server hung up."""
    given = {"Content-Length": str(len(body))} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    head = f"POST {ROOT}{path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {key}\r\n{lines}"
    with socket.create_connection((HOST, port), timeout=SECONDS_MAX) as connection:
        try:
            connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
            for start in range(0, len(body), PIECE):
                connection.sendall(body[start : start + PIECE])
            return connection.recv(PIECE)
        except OSError:
            return b""


def paced(per_second: int) -> Iterator[None]:
    """Yield so many times a second, for ever."""
    due = time.monotonic()
    while True:
        time.sleep(max(due - time.monotonic(), 0))
        due = max(due + 1 / per_second, time.monotonic())
        yield


def main() -> None:
    """Send one kind after another until this process is ended; tell each answer's status."""
    port, key, per_second = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for _, (path, body, headers) in zip(paced(per_second), cycle(hostile_requests()), strict=False):
        answer = sent_hostile(port, key, path, body, headers)
        print(answer[9:12].decode() or "closed", flush=True)


if __name__ == "__main__":
    main()
