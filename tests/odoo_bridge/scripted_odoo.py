"""A server that speaks enough JSON-RPC and JSON-2 to let a client in, then answers by script.

For the faults that a real Odoo can't be made to show: gateways, half answers, odd refusals.
"""

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

from odoo_bridge.odoo_value import OdooValue

POLL_SECONDS = 0.02
SECRET = "secret-of-ours"
JSON_TYPE = "application/json; charset=utf-8"
# The status that JSON-2 gives to an exception of the server, when it is not 500.
STATUSES = {
    "odoo.exceptions.AccessDenied": 403,
    "odoo.exceptions.AccessError": 403,
    "odoo.exceptions.MissingError": 404,
    "odoo.exceptions.LockError": 409,
    "odoo.exceptions.UserError": 422,
    "odoo.exceptions.ValidationError": 422,
    "werkzeug.exceptions.Unauthorized": 401,
    "werkzeug.exceptions.NotFound": 404,
    "werkzeug.exceptions.UnprocessableEntity": 422,
}


@dataclass(frozen=True)
class Answer:
    """One HTTP answer as it is sent: `cut` bytes of the body are promised but never sent."""

    body: bytes
    status: int = 200
    cut: int = 0
    location: str = ""
    content_type: str = "text/html"


@dataclass(frozen=True)
class Result:
    """What a call that worked gives, in the words of either door."""

    value: OdooValue

    def at(self, transport: str) -> Answer:
        """Return the answer at a door."""
        told = self.value if transport == "json2" else {"jsonrpc": "2.0", "result": self.value}
        return Answer(json.dumps(told).encode(), content_type=JSON_TYPE)


@dataclass(frozen=True)
class Refusal:
    """What a call that the server refused gives, in the words of either door."""

    name: str
    message: str
    debug: str = ""

    def at(self, transport: str) -> Answer:
        """Return the answer at a door."""
        told: OdooValue = {"arguments": [self.message], "context": {}}
        data = told | {"name": self.name, "message": self.message, "debug": self.debug}
        if transport == "json2":
            status = STATUSES.get(self.name, 500)
            return Answer(json.dumps(data).encode(), status, content_type=JSON_TYPE)
        error = {"code": 0, "message": "Odoo Server Error", "data": data}
        body = json.dumps({"jsonrpc": "2.0", "error": error}).encode()
        return Answer(body, content_type=JSON_TYPE)


def result(value: OdooValue) -> Result:
    """Return the answer of a call that worked."""
    return Result(value)


def refusal(name: str, message: str, debug: str = "") -> Refusal:
    """Return the answer of a call that the server refused."""
    return Refusal(name, message, debug)


class ScriptedOdoo:
    """The script: answers to calls in order; what was asked is kept.

    `transport` is the door that a test's connection is to use; both are open.
    """

    def __init__(self, transport: str = "jsonrpc") -> None:
        self.transport = transport
        self.version = "19.0"
        self.script: deque[Answer | Result | Refusal] = deque()
        self.asked: list[OdooValue] = []
        self.port = 0

    def answer(self, params: OdooValue) -> Answer:
        """Return the answer to one request to `/jsonrpc`."""
        if params["method"] == "version":
            return result({"server_serie": self.version}).at("jsonrpc")
        if params["method"] == "login":
            return result(2 if params["args"][2] == SECRET else False).at("jsonrpc")
        if params["method"] == "execute":
            return result({"lang": "en_CA"}).at("jsonrpc")
        return self._next(params["args"][3:], "jsonrpc")

    def answer_json2(self, path: str, authorization: str, body: OdooValue) -> Answer:
        """Return the answer to one request to `/json/2`, or for the version."""
        if path == "/web/version":
            return result({"version": self.version}).at("json2")
        if authorization != f"bearer {SECRET}":
            return refusal("werkzeug.exceptions.Unauthorized", "Invalid apikey").at("json2")
        model, method = path.split("/")[3:]
        if method == "context_get":
            return result({"lang": "en_CA", "uid": 2}).at("json2")
        return self._next([model, method, body], "json2")

    def next_answer(self, _asked: OdooValue) -> Answer | Result | Refusal:
        """Return what a call gets: the next of the script."""
        return self.script.popleft()

    def _next(self, asked: OdooValue, transport: str) -> Answer:
        self.asked.append(asked)
        scripted = self.next_answer(asked)
        return scripted if isinstance(scripted, Answer) else scripted.at(transport)


Answering = TypeVar("Answering", bound=ScriptedOdoo)


@contextmanager
def scripted_odoo(transport: str = "jsonrpc") -> Iterator[ScriptedOdoo]:
    """Run a scripted server."""
    with listening_odoo(ScriptedOdoo(transport)) as odoo:
        yield odoo


@contextmanager
def listening_odoo(odoo: Answering) -> Iterator[Answering]:
    """Let an Odoo of the tests answer at a free port of this machine."""

    class Conversation(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send(odoo.answer_json2(self.path, "", None))

        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if self.path == "/jsonrpc":
                self.send(odoo.answer(told["params"]))
            else:
                self.send(odoo.answer_json2(self.path, self.headers["Authorization"], told))

        def send(self, answer: Answer) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
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
