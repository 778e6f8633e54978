"""A TCP proxy before a real server that loses answers: requests arrive, nothing returns."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CHUNK_BYTES = 65536
SOCKET_SECONDS_MAX = 60


class BrokenLine:
    """Relays HTTP calls; of those whose request holds certain words, the next answers are lost."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._words = b""
        self._cuts_left = 0
        self._at_once = False
        self.cuts = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Return the port to connect to."""
        return int(self._listener.getsockname()[1])

    def lose_answers(self, words: str, times: int = 1, *, at_once: bool = False) -> None:
        """Lose the next answers to requests that hold these words: after the work, or at once."""
        self._words, self._cuts_left, self._at_once = words.encode(), times, at_once

    def close(self) -> None:
        """Accept no more calls."""
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._upstream, SOCKET_SECONDS_MAX) as server:
            request = _whole_request(client)
            server.sendall(request)
            is_cut = self._cuts_left > 0 and self._words in request
            if is_cut:
                self._cuts_left -= 1
                self.cuts += 1
                if self._at_once:
                    client.close()
            with suppress(OSError):
                while chunk := server.recv(CHUNK_BYTES):
                    if not is_cut:
                        client.sendall(chunk)


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
        request += client.recv(CHUNK_BYTES)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    expected = int(length[1]) if length else 0
    while len(body) < expected:
        body += client.recv(CHUNK_BYTES)
    return head + b"\r\n\r\n" + body
