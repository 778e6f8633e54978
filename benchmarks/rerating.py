"""A year under a draft plan: ours beside the way of a bill run, and beside one scan of the rows."""

import os
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import cycle
from pathlib import Path

import polars as pl

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from benchmarks.figures import Figure, compared
from benchmarks.rerating_world import (
    CHARGES,
    END_DAY,
    FIRST_DAY,
    MONTHS,
    TIMEZONE,
    a_book,
    a_plan,
    a_year_of_usage,
)
from benchmarks.workload import SEED
from ingest.watermark import Watermark
from rating.bucket_price import group_prices
from rating.charge_bucket import ChargeBucket
from rating.charge_window import charge_windows
from rating.simulation.due import MonthDue, due_by_month, simulation_world
from rating.simulation.month import UsageFrames
from rating.simulation.periods import stretch_of_days
from rating.simulation.quick_amount import quick_price
from rating.simulation.work import Work, computed_months
from storage.lake import Lake
from storage.lake_tables import USAGE

STREAM = "usage_0"
ROWS_PER_ACCOUNT = 2_000
PERCENT_OF_DRAFT = 120


def rerating_figures(folder: Path, rows_count: int) -> Iterator[Figure | str]:
    """Yield windows/s of a whole simulation; each window is priced old and new."""
    lake, mark = Lake(folder / "rerating_lake"), 0
    accounts_count = rows_count // ROWS_PER_ACCOUNT
    for month in a_year_of_usage(accounts_count, rows_count):
        upto = int(str(month["inbox_id"].max()))
        lake.append_once(STREAM, mark, upto, {USAGE: month})
        mark = upto
    year = Year(lake, Watermark(((0, mark),)), accounts_count)
    windows = accounts_count * MONTHS * CHARGES
    assert year.simulated_cents(1) == year.billed_cents()
    ways: dict[str, Callable[[], object]] = {
        "polars scan and sum of the column (limit)": year.bare_sum,
        "quantities with digests, then group_prices": year.billed_cents,
        "ours in one process": partial(year.simulated_cents, 1),
    }
    processes = len(os.sched_getaffinity(0))
    ours = partial(year.simulated_cents, processes)
    what = f"rerating {accounts_count:,} accounts, up to {processes} processes"
    yield compared(what, "windows", windows, ours, ways)
    lake.close()
    yield _pricing_alone(windows // MONTHS)


def _pricing_alone(windows_count: int) -> Figure:
    """Compare cents without steps to explained prices, over the same quantities."""
    chance = random.Random(SEED)
    asked = [
        Quantity(Decimal(chance.randrange(10**7)).scaleb(-3), 100) for _ in range(windows_count)
    ]
    buckets = [ChargeBucket(charge) for charge in a_plan(PERCENT_OF_DRAFT, "draft").charges]
    prices = [quick_price(bucket, "CAD") for bucket in buckets]

    def quick() -> int:
        pairs = zip(cycle(prices), asked, strict=False)
        return sum(price.cents(quantity) for price, quantity in pairs)

    def explained() -> int:
        pairs = zip(cycle(buckets), asked, strict=False)
        fees = (group_prices(bucket, quantity, "CAD") for bucket, quantity in pairs)
        return sum(fee.amount_cents for own in fees for fee in own)

    assert quick() == explained()
    return compared("rerating, pricing alone", "windows", windows_count, quick,
                    {"group_prices, with every step": explained})  # fmt: skip


class Year:
    """A lake with a year of usage, and the plan and draft that price it."""

    def __init__(self, lake: Lake, watermark: Watermark, accounts_count: int) -> None:
        """Remember the open lake and who used it."""
        self._lake = lake
        self._seen = watermark.includes()
        self._accounts_count = accounts_count

    def simulated_cents(self, processes: int) -> tuple[int, int]:
        """Return what all accounts pay, old and new, as a simulation computes it."""
        frames = UsageFrames(self._lake.scan(USAGE), None, self._seen, frozenset())
        found = list(computed_months(self._work(frames), processes))
        changes = [change for month in found for change in month.changes.values()]
        return (
            sum(change.old_cents for change in changes),
            sum(change.new_cents for change in changes),
        )

    def billed_cents(self) -> tuple[int, int]:
        """Return the same as a bill run would: digests of all rows, every step explained."""
        frames = UsageFrames(self._lake.scan(USAGE), None, self._seen, frozenset())
        work = self._work(frames)
        cents = [self._billed(work, due) for due in work.due.values()]
        return sum(old for old, _ in cents), sum(new for _, new in cents)

    def _billed(self, work: Work, due: MonthDue) -> tuple[int, int]:
        book, cents = work.world.book, [0, 0]
        windows = [
            (one.is_draft, window)
            for one in due.usage
            for window in charge_windows(book, one.subscription, one.plan, one.period, TIMEZONE)
        ]
        asked = [window.usage for _, window in windows]
        found = quantities(self._lake.scan(USAGE), asked, self._seen)
        for is_draft, window in windows:
            fees = group_prices(window.bucket, found[window.usage.key], "CAD")
            cents[is_draft] += sum(fee.amount_cents for fee in fees)
        for one in due.fees:
            cents[one.is_draft] += one.plan.amount_cents
        return cents[0], cents[1]

    def _work(self, frames: UsageFrames) -> Work:
        book = a_book(self._accounts_count)
        stretch = stretch_of_days(FIRST_DAY, END_DAY, book.service.zone)
        world = simulation_world(book, a_plan(PERCENT_OF_DRAFT, "draft"), stretch)
        return Work(world, due_by_month(world), frames)

    def bare_sum(self) -> None:
        """Read every row's value once."""
        self._lake.scan(USAGE).select(pl.col("value").sum()).collect()
