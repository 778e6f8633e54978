"""The clock: the only place that asks what time it is. A test clock stands still until moved."""

import threading
from datetime import UTC, datetime
from typing import TypeAlias


class SystemClock:
    """The machine's time."""

    is_test = False

    def __call__(self) -> datetime:
        """Return the current instant in UTC."""
        return datetime.now(UTC)


class TestClock:
    """A frozen time that only `advance` moves, and only forward."""

    is_test = True
    __test__ = False

    def __init__(self, now: datetime) -> None:
        """Freeze at an aware instant."""
        if now.tzinfo is None:
            raise ValueError("a test clock needs a timezone, e.g. 2026-01-01T00:00:00Z")
        self._now = now.astimezone(UTC)
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        """Return the frozen instant in UTC."""
        with self._lock:
            return self._now

    def advance(self, to: datetime) -> None:
        """Move to a later instant; ValueError when it is not later."""
        with self._lock:
            if to.tzinfo is None or to <= self._now:
                raise ValueError(f"a test clock only moves forward from {self._now.isoformat()}")
            self._now = to.astimezone(UTC)


Clock: TypeAlias = SystemClock | TestClock
