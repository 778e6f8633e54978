"""An answer held back until it is kept, and a body given once more to whoever reads it."""

from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

from fusion_billing.idempotency.decision import KeptAnswer

CONTENT_LENGTH = b"content-length"


class HeldAnswer:
    """Collects an answer; one of more than `bytes_max` bytes is passed on as it comes instead.

    `before_passing` is awaited before the first byte of such a one is sent.
    """

    def __init__(
        self, send: Send, bytes_max: int, before_passing: Callable[[], Awaitable[None]]
    ) -> None:
        self._send = send
        self._before_passing = before_passing
        self._bytes_max = bytes_max
        self._messages: list[Message] = []
        self._bytes = 0
        self._is_passing = False
        self._is_whole = False

    async def take(self, message: Message) -> None:
        """Hold one ASGI message back, or pass it on when the answer has grown too large."""
        self._messages.append(message)
        self._bytes += len(message.get("body", b""))
        is_body = message["type"] == "http.response.body"
        self._is_whole = is_body and not message.get("more_body", False)
        if not self._is_passing and self._bytes > self._bytes_max:
            self._is_passing = True
            await self._before_passing()
        if self._is_passing:
            await self.release()

    @property
    def answer(self) -> KeptAnswer | None:
        """Return the whole answer; None when it is not whole, or was too large to be held."""
        if self._is_passing or not self._is_whole:
            return None
        start, *rest = self._messages
        headers = tuple((bytes(name), bytes(value)) for name, value in start.get("headers", ()))
        return KeptAnswer(
            start["status"], headers, b"".join(part.get("body", b"") for part in rest)
        )

    async def release(self) -> None:
        """Send what has been held back."""
        messages, self._messages = self._messages, []
        for message in messages:
            await self._send(message)


def given_body(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that has been read already, then whatever comes after it."""
    left: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return left.pop() if left else await receive()

    return receive_again


async def send_answer(send: Send, answer: KeptAnswer, *more: tuple[bytes, bytes]) -> None:
    """Send a whole answer, with more headers than it was kept with."""
    kept = [(name, value) for name, value in answer.headers if name.lower() != CONTENT_LENGTH]
    length = (CONTENT_LENGTH, b"%d" % len(answer.body))
    headers = [*kept, length, *more]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
