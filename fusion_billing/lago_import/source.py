"""A Lago read through its official Python client: one answer at a time, every digit kept.

The client's own models turn numbers into binary floats, so its requests are used and its bodies
are read here, exactly. Decides how often a failing Lago is asked again; the key is never told.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from catalog.errors import BadRequest
from catalog.exact_json import JsonObject, exact_value

INSTALL = "pip install 'lago-python-client>=1.48'"
ATTEMPTS_MAX = 4
RATE_LIMIT_RETRIES_MAX = 6
ANSWER_SECONDS_MAX = 30
JSON_DEPTH_MAX = 48
API_PATH = "/api/v1"

Query = Mapping[str, str | int | Sequence[str]]


class SourceError(ValueError):
    """Lago can't be read; what was brought over so far stays, and the import may be run again."""


class NotOffered(SourceError):
    """Lago has no such list, or (`is_forbidden`) the key may not read it."""

    def __init__(self, message: str, *, is_forbidden: bool) -> None:
        super().__init__(message)
        self.is_forbidden = is_forbidden


class LagoSource:
    """One organization of a Lago, as its key sees it."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        wait: Callable[[float], None] = time.sleep,
        answer_seconds_max: float = ANSWER_SECONDS_MAX,
    ) -> None:
        """Remember the address and the key; SourceError when the client is not installed."""
        self._requests = _client_part("services.request")
        self._errors = _client_part("exceptions")
        self._httpx = import_module("httpx")
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise SourceError("--url must be the address of Lago's API, as https://api.getlago.com")
        if "@" in address.netloc:
            # It would be sent in place of the key, and stand in every message.
            raise SourceError("--url must not hold a name or password: the key alone opens Lago")
        if not key.isascii() or not key.isprintable() or " " in key or not key:
            raise SourceError("the key is empty, or has signs that no key has: copy it again")
        path = address.path.rstrip("/").removesuffix(API_PATH) + "/"
        client = _client_part("client").Client(
            api_key=key,
            api_url=urlunsplit((address.scheme, address.netloc, path, "", "")),
            max_retries=RATE_LIMIT_RETRIES_MAX,
        )
        self._client = client
        self._wait = wait
        self._answer_seconds_max = answer_seconds_max
        self.place = f"{address.scheme}://{address.netloc}"

    def get(self, path: Sequence[str], query: Query | None = None) -> JsonObject:
        """Return one answer; SourceError, with what to do, when there is none.

        Failures of Lago or of the way to it are tried again, a limit on its rate is waited for.
        """
        told = "/".join(path)
        problem = ""
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                self._wait(2.0 ** (attempt - 1))
            try:
                response = self._sent(path, query or {})
            except self._errors.LagoRateLimitError as limit:
                raise SourceError(
                    f"Lago at {self.place} goes on refusing so many requests (429): run the "
                    "import again later, it goes on where it is"
                ) from limit
            except self._httpx.TransportError as failure:
                problem = f"{type(failure).__name__}"
                continue
            if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                return self._read(told, response)
            problem = f"status {response.status_code}"
        raise SourceError(
            f"Lago at {self.place} did not answer {told} in {ATTEMPTS_MAX} attempts ({problem}): "
            "see that it runs, then run the import again"
        )

    def _sent(self, path: Sequence[str], query: Query) -> Any:  # noqa: ANN401 - httpx's answer
        # The client puts ids into paths as they are: a space or a percent sign would be another id.
        url = self._requests.make_url(
            origin=self._client.base_api_url,
            path_parts=[quote(part, safe="") for part in path],
            query_pairs=query,
        )
        return self._requests.send_get_request(
            url,
            headers=self._requests.make_headers(api_key=self._client.api_key),
            timeout=self._answer_seconds_max,
            rate_limit_retry_config=self._client.rate_limit_retry_config,
        )

    def _read(self, told: str, response: Any) -> JsonObject:  # noqa: ANN401 - httpx's answer
        status = response.status_code
        if status == HTTPStatus.UNAUTHORIZED:
            raise SourceError(
                f"Lago at {self.place} does not know this key (401): give a key of the "
                "organization with --key, or in FUSION_LAGO_KEY"
            )
        if status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED):
            raise NotOffered(
                f"Lago at {self.place} does not give {told} ({status}): see that --url is the "
                "address of its API and that the key may read all of it",
                is_forbidden=status == HTTPStatus.FORBIDDEN,
            )
        if status != HTTPStatus.OK:
            raise SourceError(
                f"Lago at {self.place} answers {told} with status {status}: see that --url is the "
                "address of its API, as https://api.getlago.com, and not one that leads to it"
            )
        try:
            answer = exact_value(response.content, JSON_DEPTH_MAX)
        except BadRequest as problem:
            raise SourceError(
                f"what Lago at {self.place} answers to {told} can't be read ({problem.error}): see "
                "that --url is the address of its API and not of its pages"
            ) from problem
        if not isinstance(answer, dict):
            raise SourceError(f"{self.place} is no Lago: its answer to {told} is no object")
        return answer


def _client_part(name: str) -> Any:  # noqa: ANN401 - published with pydantic 1's types
    try:
        return import_module(f"lago_python_client.{name}")
    except ImportError as error:
        raise SourceError(f"Lago's Python client is not installed: {INSTALL}") from error
