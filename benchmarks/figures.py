"""A figure: our rate beside another's, both measured in turns so that noise meets both alike."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

TURNS = 3


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report; a ratio above 1 means that we are faster."""

    what: str
    unit: str
    ours: float
    other: str
    others: float

    def __str__(self) -> str:
        """Return the line that is printed."""
        rate = f"{self.ours:>12,.0f} {self.unit}/s"
        return f"{self.what:<44}{rate:<24}{_ratio(self.ours / self.others):>8} x {self.other}"


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median_seconds(*actions: Callable[[], object], turns: int = TURNS) -> list[float]:
    """Return the median time of each action; they take turns."""
    rounds = [[seconds(action) for action in actions] for _ in range(turns)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def compared(
    what: str,
    unit: str,
    count: int,
    ours: Callable[[], object],
    others: dict[str, Callable[[], object]],
) -> list[Figure]:
    """Return one figure for each other way of doing `count` units of the same work."""
    mine, *theirs = median_seconds(ours, *others.values())
    return [
        Figure(what, unit, count / mine, other, count / its)
        for other, its in zip(others, theirs, strict=True)
    ]


def _ratio(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"
