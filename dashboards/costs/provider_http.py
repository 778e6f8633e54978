"""One provider's interface over HTTP: asked again when it is busy, refused in words otherwise.

The key goes into a header and nowhere else: no address, message or log holds it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx2

from catalog.errors import BadRequest
from catalog.exact_json import exact_value
from dashboards.costs.sources.json_charges import DEPTH_MAX
from dashboards.costs.sources.source import Query

ATTEMPTS_MAX = 5
WAIT_SECONDS_MAX = 120.0
ANSWER_SECONDS_MAX = 60.0
BODY_BYTES_MAX = 64 * 1024 * 1024
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class ProviderError(ValueError):
    """A provider gives no answer that can be used; nothing of the window was taken."""


@dataclass(frozen=True, slots=True)
class ProviderHttp:
    """The way to one provider; `headers` hold its key and are never shown.

    `setting` is what a person changes when the key is refused.
    """

    url: str
    setting: str
    headers: Mapping[str, str] = field(repr=False)
    now: Callable[[], datetime]
    wait: Callable[[float], None] = time.sleep

    def __call__(self, path: str, query: Query) -> bytes:
        """Return the body of an answer, whole and JSON; ProviderError says why there is none.

        A limit on the rate is waited for as it asks (two minutes at most), a failure of the server
        or of the way to it a little longer each time.
        """
        problem = ""
        for attempt in range(ATTEMPTS_MAX):
            try:
                status, headers, body = self._sent(path, query)
            except httpx2.TransportError as failure:
                status, headers, body = 0, httpx2.Headers(), b""
                problem = type(failure).__name__
            if status == HTTPStatus.OK and _is_json(body):
                return body
            if status:
                self._refuse(status, path)
                problem = "half an answer" if status == HTTPStatus.OK else f"status {status}"
            if attempt < ATTEMPTS_MAX - 1:
                self.wait(self._seconds(headers.get("Retry-After"), attempt))
        raise ProviderError(
            f"{self.url}{path} gave no answer in {ATTEMPTS_MAX} attempts ({problem}): what was "
            "taken stays, the next reading goes on there"
        )

    def _sent(self, path: str, query: Query) -> tuple[int, httpx2.Headers, bytes]:
        address = httpx2.URL(f"{self.url.rstrip('/')}{path}")
        if query:
            address = address.copy_with(params=list(query))
        with (
            httpx2.Client(timeout=ANSWER_SECONDS_MAX, follow_redirects=False) as client,
            client.stream("GET", address, headers=dict(self.headers)) as got,
        ):
            parts, size = [], 0
            for part in got.iter_bytes():
                size += len(part)
                if size > BODY_BYTES_MAX:
                    raise ProviderError(
                        f"{self.url}{path} answers with over {BODY_BYTES_MAX} bytes"
                    )
                parts.append(part)
            return got.status_code, got.headers, b"".join(parts)

    def _refuse(self, status: int, path: str) -> None:
        """Raise ProviderError for a status that another attempt would not change."""
        if status in REFUSED:
            raise ProviderError(
                f"{self.url}{path} does not let this key in ({status}): set {self.setting} to a "
                "key that may read costs"
            )
        is_passing = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if status not in (HTTPStatus.OK, HTTPStatus.TOO_MANY_REQUESTS) and not is_passing:
            raise ProviderError(f"{self.url}{path} answers with status {status}")

    def _seconds(self, asked: str | None, attempt: int) -> float:
        """Return how long to wait: as Retry-After says (seconds or a date), else 1, 2, 4, 8."""
        backed_off = 2.0**attempt
        if asked is None:
            return backed_off
        if asked.strip().isdecimal():
            return min(int(asked), WAIT_SECONDS_MAX)
        try:
            until = parsedate_to_datetime(asked)
        except ValueError:
            return backed_off
        seconds = (until.astimezone(UTC) - self.now()).total_seconds()
        return min(max(seconds, 0.0), WAIT_SECONDS_MAX)


def _is_json(body: bytes) -> bool:
    try:
        exact_value(body, DEPTH_MAX)
    except BadRequest:
        return False
    return True
