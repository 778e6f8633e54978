"""Keeps every exchange between a client and the served app, and says which operation it was."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fusion_billing.app import ALIASES, MOUNT
from fusion_billing.lago_operations import OPERATIONS

CALL = b"x-client-call"
Json: TypeAlias = Any


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `call` is the client's method that made it."""

    call: str
    method: str
    path: str
    status: int
    content_type: str
    content: bytes

    @property
    def mount(self) -> str:
        """Return the mount that was asked, or nothing."""
        return next((one for one in (*ALIASES, MOUNT) if self.path.startswith(f"{one}/")), "")

    @property
    def operation(self) -> str:
        """Return the name of Lago's operation, or nothing for what is none."""
        return operation_of(self.method, self.path[len(self.mount) :]) if self.mount else ""

    @property
    def body(self) -> Json:
        """Return the answer's JSON; None for an answer of another kind."""
        is_json = self.content_type.startswith("application/json") and self.content
        return msgspec.json.decode(self.content) if is_json else None


@dataclass
class Recorder:
    """ASGI middleware; `calling` names the method of a client that can't send it along."""

    app: ASGIApp
    exchanges: list[Exchange] = field(default_factory=list)
    calling: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and keep what was answered."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        heard: list[Message] = []

        async def listen(message: Message) -> None:
            heard.append(message)
            if not message.get("more_body"):
                self._keep(scope, heard)
            await send(message)

        await self.app(scope, receive, listen)

    def _keep(self, scope: Scope, heard: list[Message]) -> None:
        if heard[-1]["type"] != "http.response.body":
            return
        headers = {name.lower(): value for name, value in heard[0]["headers"]}
        call = dict(scope["headers"]).get(CALL, b"").decode() or self.calling
        self.exchanges.append(
            Exchange(
                call,
                scope["method"],
                scope["path"],
                heard[0]["status"],
                headers.get(b"content-type", b"").decode(),
                b"".join(message.get("body", b"") for message in heard[1:]),
            )
        )


def operation_of(method: str, path: str) -> str:
    """Return the operation of a path below a mount: of several, the one with fewest parameters."""
    words = path.strip("/").split("/")
    fitting = [
        (template.count("{"), name)
        for name in OPERATIONS
        for template in [name.partition(" ")[2]]
        if name.startswith(f"{method} ") and _fits(template.strip("/").split("/"), words)
    ]
    return min(fitting)[1] if fitting else ""


def _fits(template: list[str], words: list[str]) -> bool:
    return len(template) == len(words) and all(
        one.startswith("{") or one == word for one, word in zip(template, words, strict=True)
    )


def calls_by_operation(exchanges: Iterable[Exchange]) -> dict[str, set[str]]:
    """Return which methods of a client asked for each operation."""
    found: dict[str, set[str]] = {}
    for each in exchanges:
        if each.operation:
            found.setdefault(each.operation, set()).add(each.call)
    return found
