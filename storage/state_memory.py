"""What was read from the state, remembered until somebody commits to it.

Knows no database: what a reading is worth is told by the version of the state that it saw.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeAlias, TypeVar, cast

Found = TypeVar("Found")
Question: TypeAlias = tuple[Callable[..., object], tuple[Hashable, ...]]

READINGS_MAX = 1_000


class StateMemory:
    """The latest readings by their question, those not asked for the longest dropped first."""

    def __init__(self, readings_max: int = READINGS_MAX) -> None:
        self._readings_max = readings_max
        self._readings: OrderedDict[Question, tuple[int, object]] = OrderedDict()
        self._lock = threading.Lock()

    def recall(
        self, version: int | None, read: Callable[..., Found], *asked: Hashable
    ) -> tuple[Found] | None:
        """Return what `read` found for this question in this version, alone in a tuple."""
        question = read, asked
        with self._lock:
            known = self._readings.get(question)
            if known is None or version is None or known[0] != version:
                return None
            self._readings.move_to_end(question)
        return (cast(Found, known[1]),)

    def keep(
        self, version: int | None, found: Found, read: Callable[..., Found], *asked: Hashable
    ) -> None:
        """Remember what was found by a reading that began after `version` was told."""
        if version is None:
            return
        with self._lock:
            self._readings[read, asked] = version, found
            while len(self._readings) > self._readings_max:
                self._readings.popitem(last=False)
