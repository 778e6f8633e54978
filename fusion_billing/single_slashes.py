"""Repeated slashes in a path count as one, as for Lago: a base URL may end with one."""

import re
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

REPEATED = re.compile("//+")


@dataclass(frozen=True, slots=True)
class SingleSlashes:
    """ASGI middleware that stands before all that looks at a path."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, its path with single slashes."""
        if scope["type"] == "http" and "//" in scope["path"]:
            scope = {**scope, "path": REPEATED.sub("/", scope["path"])}
        await self.app(scope, receive, send)
