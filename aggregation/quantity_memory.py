"""Quantities remembered while nothing they come from has changed."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from aggregation.quantity import Quantity, UsageWindow

ANSWERS_MAX = 10_000


class QuantityMemory:
    """The latest answers by their question; a question names its windows and metric versions.

    `position` is what `Flushing.touched` says of the subscription: another one, and the answer
    is not the answer any more. None is never remembered.
    """

    def __init__(self, answers_max: int = ANSWERS_MAX) -> None:
        """Remember so many answers, dropping those not asked for the longest."""
        self._answers_max = answers_max
        self._answers: OrderedDict[tuple[UsageWindow, ...], tuple[int, Mapping[str, Quantity]]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def recall(
        self, windows: Sequence[UsageWindow], position: int | None
    ) -> Mapping[str, Quantity] | None:
        """Return the quantities of the windows as of this position, if they are remembered."""
        with self._lock:
            known = self._answers.get(tuple(windows))
            if known is None or position is None or known[0] != position:
                return None
            self._answers.move_to_end(tuple(windows))
            return known[1]

    def keep(
        self,
        windows: Sequence[UsageWindow],
        position: int | None,
        quantities: Mapping[str, Quantity],
    ) -> None:
        """Remember an answer that was computed at this position."""
        if position is None:
            return
        with self._lock:
            self._answers[tuple(windows)] = (position, quantities)
            while len(self._answers) > self._answers_max:
                self._answers.popitem(last=False)
