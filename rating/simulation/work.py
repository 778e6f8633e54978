"""The work of a simulation, month by month: in this process, or in several where it pays.

Each month is a pure function of the same world and frames, so it does not matter where it runs.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import date
from multiprocessing import get_context

from rating.simulation.due import MonthDue, SimulationWorld, due_by_month
from rating.simulation.month import MonthChanges, UsageFrames, month_changes
from rating.simulation.plan import ReadyPlans

# A process takes some seconds to start: with fewer periods each it would save none.
PERIODS_PER_PROCESS_MIN = 50_000


@dataclass(frozen=True, slots=True)
class Work:
    """A world, what is due in it, and the usage; plans are made ready as months ask for them."""

    world: SimulationWorld
    due: Mapping[date, MonthDue]
    frames: UsageFrames
    plans: ReadyPlans = field(init=False)

    def __post_init__(self) -> None:
        """Begin with no plan ready."""
        object.__setattr__(self, "plans", ReadyPlans(self.world.book))

    def changes(self, month: date) -> MonthChanges:
        """Return what one month comes to."""
        return month_changes(self.world, self.plans, self.frames, month, self.due[month])


def computed_months(work: Work, processes: int) -> Iterator[MonthChanges]:
    """Yield what each month comes to, in any order, computed by up to so many processes."""
    periods_count = sum(len(month.usage) for month in work.due.values())
    processes = min(processes, periods_count // PERIODS_PER_PROCESS_MIN)
    if processes <= 1:
        yield from map(work.changes, work.due)
        return
    with ProcessPoolExecutor(
        processes - 1,
        get_context("spawn"),
        initializer=_open,
        initargs=(work.world, work.frames),
    ) as pool:
        tasks = {month: pool.submit(_changes, month) for month in work.due}
        begun = []
        # Others begin with the first months, this process with the last ones, until they meet.
        for month, task in reversed(tasks.items()):
            if task.cancel():
                yield work.changes(month)
            else:
                begun.append(task)
        for task in as_completed(begun):
            yield task.result()


_opened: list[Work] = []


def _open(world: SimulationWorld, frames: UsageFrames) -> None:
    """Make this process ready for months of one simulation: finding what is due costs little."""
    _opened.append(Work(world, due_by_month(world), frames))


def _changes(month: date) -> MonthChanges:
    return _opened[0].changes(month)
