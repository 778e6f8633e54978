"""One spelling for each address, before anything looks at it.

Repeated slashes count as one, as for Lago: a base URL may end with one. The addresses that clients
of Lago make of a base URL all mean one mount, so that every route is built and sought once.
"""

import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

REPEATED = re.compile("//+")


@dataclass(frozen=True, slots=True)
class PlainPaths:
    """ASGI middleware; `raw_path` still tells what was asked."""

    app: ASGIApp
    mount: str
    aliases: tuple[str, ...]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its path as the routes spell it."""
        if scope["type"] == "http":
            plain = self._plain(scope["path"])
            if plain != scope["path"]:
                scope = {**scope, "path": plain}
        await self.app(scope, receive, send)

    def _plain(self, path: str) -> str:
        if "//" in path:
            path = REPEATED.sub("/", path)
        for alias in self.aliases:
            if path.startswith(alias) and path[len(alias) : len(alias) + 1] in {"", "/"}:
                return self.mount + path[len(alias) :]
        return path
