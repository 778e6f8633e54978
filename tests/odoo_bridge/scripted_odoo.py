"""A server that speaks just enough JSON-RPC to let a client in, then answers by script.

For the faults that a real Odoo can't be made to show: gateways, half answers, odd refusals.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odoo_bridge.odoo_value import OdooValue

POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Answer:
    """One HTTP answer: `cut` bytes of the body are promised but never sent."""

    body: bytes
    status: int = 200
    cut: int = 0
    location: str = ""


def result(value: OdooValue) -> Answer:
    """Return the answer of a call that worked."""
    return Answer(json.dumps({"jsonrpc": "2.0", "result": value}).encode())


def refusal(name: str, message: str, debug: str = "") -> Answer:
    """Return the answer of a call that the server refused."""
    data = {"name": name, "message": message, "arguments": [message], "debug": debug}
    error = {"code": 0, "message": "Odoo Server Error", "data": data}
    return Answer(json.dumps({"jsonrpc": "2.0", "error": error}).encode())


class ScriptedOdoo:
    """The script: answers to `execute_kw` in order; what was asked is kept."""

    def __init__(self) -> None:
        self.version = "19.0"
        self.script: deque[Answer] = deque()
        self.asked: list[OdooValue] = []
        self.port = 0

    def answer(self, params: OdooValue) -> Answer:
        """Return the answer to one request."""
        if params["method"] == "version":
            return result({"server_serie": self.version})
        if params["method"] == "login":
            return result(2 if params["args"][2] == "secret-of-ours" else False)
        if params["method"] == "execute":
            return result({"lang": "en_CA"})
        self.asked.append(params["args"][3:])
        return self.script.popleft()


@contextmanager
def scripted_odoo() -> Iterator[ScriptedOdoo]:
    """Run a scripted server."""
    odoo = ScriptedOdoo()

    class Conversation(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            answer = odoo.answer(json.loads(self.rfile.read(length))["params"])
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(answer.body) + answer.cut))
            if answer.location:
                self.send_header("Location", answer.location)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Conversation)
    odoo.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield odoo
    finally:
        server.shutdown()
        server.server_close()
