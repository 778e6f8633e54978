"""The lake after many flushes: what they, merging and a month's question cost, and what is left."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.figures import Figure, compared, percentile, seconds
from benchmarks.month import Month
from benchmarks.workload import MONTH_END, MONTH_START, a_month_of_usage
from catalog.billable_metrics import AggregationType
from ingest.flush import stream_of
from ingest.watermark import Watermark
from storage.lake import CompactionRules, Lake
from storage.lake_tables import USAGE

EVENTS_PER_FLUSH = 1_000
FLUSHES_PER_COMPACTION = 30
FILES_MIN = 64
SHARD = 0
ALL = Watermark(((SHARD, 2**62),))


def lake_figures(folder: Path, flushes_count: int) -> Iterator[Figure | str]:
    """Yield flushes/s with compaction as the scheduler does it, then questions beside a new lake.

    The scheduler looks every 30 s, the flush runs every second: merging is asked for after every
    thirtieth. At the end the month is closed.
    """
    usage = a_month_of_usage(flushes_count * EVENTS_PER_FLUSH)
    worn, fresh = Lake(folder / "worn_lake"), Lake(folder / "fresh_lake")
    fresh.append_once(stream_of(SHARD), 0, 1, {USAGE: usage})
    yield f"{flushes_count:,} flushes of {EVENTS_PER_FLUSH:,} events, merged as the scheduler does"
    life = Life(worn)
    life.flush_all(usage)
    yield life.figure()
    yield from _questions("open month", worn, fresh, usage)
    closing = seconds(lambda: life.compact(MONTH_END + timedelta(days=2)))
    yield f"closing the month's files took {closing:.1f} s"
    yield from _questions("closed month", worn, fresh, usage)
    worn.close()
    fresh.close()


@dataclass(slots=True)
class Life:
    """A lake that is flushed into and merged, and how long each took."""

    lake: Lake
    flushes: list[float] = field(default_factory=list)
    merges: list[float] = field(default_factory=list)

    def flush_all(self, usage: pl.DataFrame) -> None:
        """Append piece by piece, in the order the rows came."""
        for number, piece in enumerate(usage.iter_slices(EVENTS_PER_FLUSH)):
            frames = {USAGE: piece}
            append = partial(self.lake.append_once, stream_of(SHARD), number, number + 1, frames)
            self.flushes.append(seconds(append))
            if (number + 1) % FLUSHES_PER_COMPACTION == 0:
                at = MONTH_START + timedelta(seconds=number)
                self.merges.append(seconds(partial(self.compact, at)))

    def compact(self, at: datetime) -> None:
        """Merge what is due."""
        self.lake.compact(at, CompactionRules(files_min=FILES_MIN))

    def figure(self) -> Figure:
        """Return flushes/s, merging included."""
        p50, p99 = (percentile(self.flushes, part) * 1000 for part in (0.5, 0.99))
        detail = f"flush p50 {p50:.0f} ms, p99 {p99:.0f} ms"
        if self.merges:
            whole, longest = sum(self.merges), max(self.merges) * 1000
            detail += f"; merging took {whole:.1f} s in all, {longest:,.0f} ms at most"
        spent = sum(self.flushes) + sum(self.merges)
        return Figure("lake, append and merge", "flushes", len(self.flushes) / spent, (), detail)


def _questions(when: str, worn: Lake, fresh: Lake, usage: pl.DataFrame) -> Iterator[Figure | str]:
    """Yield the worn lake's size, and its answers beside those of a lake written at once."""
    yield f"{when}: {_size(worn, usage.height)}; written at once: {_size(fresh, usage.height)}"
    everyone = sorted(set(usage["subscription_id"]))
    for who, asked in (("all subscriptions", everyone), ("one subscription", everyone[:1])):
        ours = partial(Month(worn, ALL, asked).units, AggregationType.SUM, asked)
        other = partial(Month(fresh, ALL, asked).units, AggregationType.SUM, asked)
        assert ours() == other()
        others: dict[str, Callable[[], object]] = {"the same rows written at once (limit)": other}
        yield compared(f"{when}, sum_agg, {who}", "windows", len(asked), ours, others)


def _size(lake: Lake, rows_count: int) -> str:
    files = lake.files(USAGE)
    rows = sum(size for _, size in files) / rows_count
    catalogs = lake.folder.glob(f"{lake.catalog_path.name}*")
    catalog = sum(path.stat().st_size for path in catalogs) / 1e6
    return f"{len(files)} files, {rows:.1f} bytes a row, catalogue {catalog:.1f} MB"
