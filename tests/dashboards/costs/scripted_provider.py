"""A provider's interface on this machine: answers by script, and remembers what it was asked."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Answer:
    """One answer as it is sent; of the body `cut` bytes are promised and never sent."""

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0


@dataclass
class ScriptedProvider:
    """Where the interface is, what it will answer, and each question: path, query, headers."""

    url: str
    answers: deque[Answer]
    asked: list[tuple[str, list[tuple[str, str]], Mapping[str, str]]] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [path for path, _, _ in self.asked]


@contextmanager
def scripted_provider(*answers: Answer) -> Iterator[ScriptedProvider]:
    """Run a server that gives these answers in turn, and 500 after the last."""
    told = ScriptedProvider("", deque(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qsl(parts.query, keep_blank_values=True)
            told.asked.append((parts.path, query, dict(self.headers)))
            answer = told.answers.popleft() if told.answers else Answer(b"no more", 500)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
        thread.start()
        try:
            yield told
        finally:
            server.shutdown()
            thread.join()
