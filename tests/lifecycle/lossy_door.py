"""A door in front of a service that loses what a network loses: used to test callers' patience.

For the marked push of each caller it refuses once (503), then passes it on and hangs up without
the answer; everything else goes through untouched.
"""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECONDS_MAX = 60
REFUSAL = b'{"status":503,"error":"Service Unavailable"}'


class LossyDoor(ThreadingHTTPServer):
    """Passes requests on to a port; `attempts` counts the marked pushes by caller."""

    daemon_threads = True

    def __init__(self, port: int, marked: bytes) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target_port = port
        self.marked = marked
        self.attempts = Counter[str]()

    @property
    def url(self) -> str:
        """Return the door's base URL."""
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    server: LossyDoor

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Say nothing."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        attempt = self._attempt(body)
        if attempt == 1:
            self._answer(503, {}, REFUSAL)
            return
        status, headers, answer = self._asked(body)
        if attempt == 2:
            self.close_connection = True
            return
        self._answer(status, headers, answer)

    def _attempt(self, body: bytes) -> int:
        """Return which attempt of the marked push this is; 0 for every other request."""
        if self.server.marked not in body:
            return 0
        caller = self.headers["Authorization"]
        self.server.attempts[caller] += 1
        return self.server.attempts[caller]

    def _asked(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        service = http.client.HTTPConnection(
            "127.0.0.1", self.server.target_port, timeout=SECONDS_MAX
        )
        service.request(self.command, self.path, body, dict(self.headers))
        answer = service.getresponse()
        read = answer.status, dict(answer.headers), answer.read()
        service.close()
        return read

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"server", "date", "connection", "transfer-encoding"}:
                self.send_header(name, value)
        if "content-length" not in {name.lower() for name in headers}:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def lossy_door(port: int, marked: bytes) -> Iterator[LossyDoor]:
    """Stand before the service on `port` while the block runs."""
    with LossyDoor(port, marked) as door:
        thread = threading.Thread(target=door.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()
