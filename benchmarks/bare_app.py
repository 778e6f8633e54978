"""The limit of HTTP intake: reads the body and answers as many bytes, and does nothing else.

`python -m benchmarks.bare_app PORT BYTES_OF_SINGLE BYTES_OF_BATCH`, under the same uvicorn.
"""

import sys

import uvicorn
from starlette.types import Receive, Scope, Send

SINGLE, BATCH = "/single", "/batch"
JSON = (b"content-type", b"application/json")


class BareApp:
    """Answers each of two paths with so many bytes."""

    def __init__(self, single_bytes: int, batch_bytes: int) -> None:
        """Make the answers once."""
        self._answers = {SINGLE: b" " * single_bytes, BATCH: b" " * batch_bytes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the whole body, then answer."""
        assert scope["type"] == "http"
        body, is_more = b"", True
        while is_more:
            message = await receive()
            body += message.get("body", b"")
            is_more = message.get("more_body", False)
        answer = self._answers[scope["path"]]
        headers = [JSON, (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


if __name__ == "__main__":
    port, single_bytes, batch_bytes = (int(word) for word in sys.argv[1:])
    uvicorn.run(
        BareApp(single_bytes, batch_bytes),
        port=port,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
