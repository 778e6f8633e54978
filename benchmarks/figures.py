"""A figure: our rate beside others', all measured in turns so that noise meets each alike."""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

TURNS = 3


@dataclass(frozen=True, slots=True)
class Other:
    """Another way of doing the same work: its name, its rate, and what else is known of it."""

    name: str
    rate: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """Our rate, and for each other way a ratio that is above 1 where we are faster."""

    what: str
    unit: str
    ours: float
    others: Sequence[Other] = ()
    detail: str = ""

    def __str__(self) -> str:
        """Return the lines that are printed."""
        first = f"{self.what:<52}{self.ours:>12,.{_digits(self.ours)}f} {self.unit}/s"
        lines = [f"{first}   {self.detail}".rstrip()]
        for other in self.others:
            known = f"  ({other.detail})" if other.detail else ""
            lines.append(f"{_ratio(self.ours / other.rate):>12} x {other.name}{known}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Taken:
    """How long something took: on the clock, and on the cores of this process."""

    seconds: float
    cpu_seconds: float


def taken(action: Callable[[], object]) -> Taken:
    """Return how long an action takes."""
    cpu, started = time.process_time(), time.perf_counter()
    action()
    return Taken(time.perf_counter() - started, time.process_time() - cpu)


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action takes on the clock."""
    return taken(action).seconds


def median_taken(*actions: Callable[[], object], turns: int = TURNS) -> list[Taken]:
    """Return the median times of each action; they take turns."""
    rounds = [[taken(action) for action in actions] for _ in range(turns)]
    return [median_of(times) for times in zip(*rounds, strict=True)]


def median_of(times: Sequence[Taken]) -> Taken:
    """Return the median of both times."""
    return Taken(
        statistics.median(each.seconds for each in times),
        statistics.median(each.cpu_seconds for each in times),
    )


def compared(
    what: str,
    unit: str,
    count: int,
    ours: Callable[[], object],
    limits: Mapping[str, Callable[[], object]],
    peers: Mapping[str, Callable[[], object]] | None = None,
) -> Figure:
    """Return the figure of `count` units of the same work, done by us and in each other way.

    Peers work in processes of their own, so their processor time is not told.
    """
    peers = peers or {}
    mine, *theirs = median_taken(ours, *limits.values(), *peers.values())
    others = [
        Other(name, count / its.seconds, in_milliseconds(its, is_ours=name in limits))
        for name, its in zip([*limits, *peers], theirs, strict=True)
    ]
    return Figure(what, unit, count / mine.seconds, others, in_milliseconds(mine))


def in_milliseconds(time_taken: Taken, *, is_ours: bool = True) -> str:
    """Return the time on the clock in words, and our processor time."""
    wall, cpu = (
        f"{each:,.{_digits(each)}f} ms"
        for each in (time_taken.seconds * 1000, time_taken.cpu_seconds * 1000)
    )
    return f"{wall}, CPU {cpu}" if is_ours else wall


def percentile(values: Sequence[float], part: float) -> float:
    """Return the value below which this part (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(math.ceil(part * len(ordered)), len(ordered)) - 1]


def _digits(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 1 else 3


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
