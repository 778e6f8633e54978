"""One log line for each request: what was asked, what was answered, how long it took."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

QUIET_PATHS = ("/livez", "/readyz", "/health")
_log = structlog.get_logger(__name__)


class RequestLog:
    """ASGI middleware; neither headers nor bodies nor query strings are written."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and write its line when it has been answered."""
        if scope["type"] != "http" or scope["path"].endswith(QUIET_PATHS):
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.monotonic_ns()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                path=_asked(scope),
                status=status,
                microseconds=(time.monotonic_ns() - began) // 1000,
            )


def _asked(scope: Scope) -> str:
    """Return the path as it was asked, before it was spelled as the routes spell it."""
    raw: bytes | None = scope.get("raw_path")
    return scope["path"] if raw is None else raw.partition(b"?")[0].decode("ascii", "replace")
