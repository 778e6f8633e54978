"""Keys seen a moment ago: saves a look into the state for each push.

A revoked or expired key may be good for `seconds` more (Lago: up to an hour, on the same routes).
"""

import time
from collections.abc import Callable
from datetime import datetime

from catalog.errors import Unauthorized
from catalog.services import Service
from catalog.store.api_keys import service_of_key
from storage.state import State

KEYS_MAX = 10_000


class KeyCache:
    """Knows the services of keys that were good within the last seconds."""

    def __init__(
        self,
        state: State,
        pepper: bytes,
        seconds: int,
        ticks: Callable[[], float] = time.monotonic,  # float: seconds of a stopwatch
    ) -> None:
        """Remember a good key for so many seconds of `ticks`."""
        self._state = state
        self._pepper = pepper
        self._seconds = seconds
        self._ticks = ticks
        self._seen: dict[str, tuple[Service, float]] = {}  # float: seconds of a stopwatch

    def remembered(self, authorization: str) -> Service | None:
        """Return the service of a key seen lately, without asking the state."""
        seen = self._seen.get(authorization)
        return seen[0] if seen is not None and seen[1] > self._ticks() else None

    def service(self, authorization: str, at: datetime) -> Service:
        """Return the service of an Authorization header; Unauthorized when its key is not good.

        Only the second word of the header counts; the scheme is not checked (Lago).
        """
        words = authorization.split()
        with self._state.read() as connection:
            found = service_of_key(connection, words[1] if len(words) > 1 else "", self._pepper, at)
        if found is None:
            raise Unauthorized
        if len(self._seen) >= KEYS_MAX:
            self._seen.clear()
        self._seen[authorization] = (found, self._ticks() + self._seconds)
        return found
