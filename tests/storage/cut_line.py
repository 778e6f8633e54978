"""A TCP line to a server that can be cut at the moment a chosen word passes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

CHUNK_BYTES = 65_536


class Cut(Enum):
    """What happens to the line when the word comes by."""

    BEFORE = "the word is lost and the server is told that the line ended"
    SILENT = "the word is lost and the server is told nothing"
    AFTER = "the word arrives, its answer is lost"
    MUTE = "the word is lost and nobody is told anything"


class CutLine:
    """Listens on `port`; cuts the first connection in which the client says `word`."""

    def __init__(self, target: tuple[str, int], word: bytes, cut: Cut) -> None:
        self.target = target
        self.word = word
        self.cut = cut
        self.stays_down = False
        self.cuts_count = 0
        self.cuts_max = 1
        self._kept: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening and end every connection."""
        for each in (self._listener, *self._kept):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.stays_down and self.cuts_count:
                    client.close()
                    continue
                server = socket.create_connection(self.target)
                self._kept += [client, server]
                for ends in ((client, server, True), (server, client, False)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:  # noqa: FBT001 - a thread's argument
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                if from_client and self.word in chunk and self.cuts_count < self.cuts_max:
                    self.cuts_count += 1
                    self._cut(source, sink, chunk)
                    return
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_RDWR)

    def _cut(self, client: socket.socket, server: socket.socket, chunk: bytes) -> None:
        if self.cut is Cut.MUTE:
            return
        if self.cut is Cut.AFTER:
            client.shutdown(socket.SHUT_RDWR)
            server.sendall(chunk)
        elif self.cut is Cut.BEFORE:
            server.shutdown(socket.SHUT_RDWR)
        client.close()


@contextmanager
def cut_line(target: tuple[str, int], word: bytes, cut: Cut) -> Iterator[CutLine]:
    """Open a line to `target` that will be cut when the client says `word`."""
    line = CutLine(target, word, cut)
    try:
        yield line
    finally:
        line.close()
