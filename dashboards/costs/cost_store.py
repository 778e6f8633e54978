"""Provider cost in the lake: each revision of a row once, and what of it counts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from dashboards.costs.faults import RowFault, by_row
from dashboards.costs.revisions import (
    WHOLE_DAY,
    in_effect,
    new_of_part,
    new_rows,
    whole_day_marks,
)
from dashboards.costs.staging import StagedCosts, part_of_key
from storage.lake import Lake, LakeBusyError, StaleMarkError
from storage.lake_tables import COST

# The stream whose tally says how many cost rows there ever were.
STREAM = f"unless_{COST.name}"
ATTEMPTS_MAX = 20
ROWS_PER_PART = 100_000
TOLD = ("billing_currency", "charge_category", "effective_cost", "cogs_cad")


NO_COSTS = pl.DataFrame(schema=COST.polars_schema)


@dataclass(frozen=True, slots=True)
class New:
    """What of a batch is new beside the rows of the lake, or what is wrong."""

    rows: pl.DataFrame | Sequence[Path]
    rows_count: int
    known_count: int
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: rows that are new, rows that were there, or what is wrong."""

    new_count: int
    known_count: int
    faults: tuple[RowFault, ...]


def costs_in_effect(
    lake: Lake,
    as_of: datetime | None = None,
    *,
    first: date | None = None,
    last: date | None = None,
) -> pl.LazyFrame:
    """Return the cost rows that count, as they were known at a time, with all columns.

    Rows from before revisions were kept are taken as always known. `first` and `last` leave out
    rows of earlier and later days: all revisions of a row are of one day. Rows from before days
    were kept have none, in a month one off at most: these stay, if they are of those months.
    """
    costs, day = lake.scan(COST), pl.col("day")
    if first is not None:
        costs = costs.filter(pl.col("month") >= _month_before(first))
        costs = costs.filter(day.is_null() | (day >= first))
    if last is not None:
        costs = costs.filter(pl.col("month") <= _month_after(last))
        costs = costs.filter(day.is_null() | (day <= last))
    return in_effect(costs, as_of)


def _month_before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _month_after(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def is_imported(lake: Lake, import_id: str) -> bool:
    """Say whether rows of an import are in the lake."""
    found = lake.scan(COST).filter(pl.col("import_id") == import_id).head(1).collect()
    return found.height > 0


def imported_costs(lake: Lake, import_id: str) -> Iterator[pl.DataFrame]:
    """Give the rows of an import that count, some at a time: money and category alone."""
    costs = lake.scan(COST)
    own = costs.filter(pl.col("import_id") == import_id)
    months, sources, count = own.select(
        months=pl.col("month").unique().implode(),
        sources=pl.col("source").unique().implode(),
        count=pl.len(),
    ).collect().row(0)  # fmt: skip
    of_days = pl.col("month").is_in(months) & pl.col("source").is_in(sources, nulls_equal=True)
    parts_count = count // ROWS_PER_PART + 1
    # The mark of a whole day speaks for all parts.
    told_whole = (pl.col("source_key") == WHOLE_DAY).fill_null(value=False)
    part = part_of_key(pl.col("source_key"), parts_count)
    for number in range(parts_count):
        counted = in_effect(costs.filter(of_days & ((part == number) | told_whole)))
        rows = counted.filter(pl.col("import_id") == import_id)
        yield rows.select(TOLD).collect()


def append_costs(
    lake: Lake, batch: pl.DataFrame, *, at: datetime, is_complete: bool = False
) -> Kept:
    """Append what is new of a batch, whole or not at all; repeating it changes nothing.

    LakeBusyError when others append all the time.
    """
    months, sources = batch["month"].unique().to_list(), batch["source"].unique().to_list()

    def new(kept: pl.LazyFrame) -> New:
        found = new_rows(kept.collect(), batch, is_complete=is_complete, at=at)
        return New(found.rows, found.rows.height, found.known_count, found.faults)

    return _appended(lake, new, batch.height, _of_batch(months, sources))


def append_staged(lake: Lake, batch: StagedCosts, *, at: datetime, is_complete: bool) -> Kept:
    """Append what is new of a batch on disk, as `append_costs` does, in a part's memory."""
    days = batch.days()
    told = days if is_complete else None

    def new(kept: pl.LazyFrame) -> New:
        is_known = not kept.head(1).collect().is_empty()
        fresh, known_count, faults = batch.fresh(), 0, list[RowFault]()
        for number, part in enumerate(batch.parts()):
            of_part = part_of_key(pl.col("source_key"), batch.parts_count) == number
            beside = kept.filter(of_part).collect() if is_known else NO_COSTS
            found = new_of_part(beside, part, told, at=at)
            faults += found.faults
            known_count += found.known_count
            if not faults:
                fresh.add(found.rows.sort(COST.sorted_by))
        if told is not None and not faults:
            marks = kept.filter(pl.col("source_key") == WHOLE_DAY).collect()
            fresh.add(whole_day_marks(marks, told))
        return New(fresh.files, fresh.height, known_count, tuple(sorted(faults, key=by_row)))

    months, sources = days["month"].unique().to_list(), days["source"].unique().to_list()
    return _appended(lake, new, batch.height, _of_batch(months, sources))


def _of_batch(months: Sequence[date], sources: Sequence[str]) -> pl.Expr:
    return pl.col("month").is_in(months) & pl.col("source").is_in(sources)


def _appended(
    lake: Lake, new: Callable[[pl.LazyFrame], New], rows_count: int, of_batch: pl.Expr
) -> Kept:
    for _ in range(ATTEMPTS_MAX):
        mark = lake.mark(STREAM)
        found = new(lake.scan(COST).filter(of_batch))
        if found.faults or not found.rows_count:
            return Kept(0, found.known_count, found.faults)
        try:
            lake.append_once(STREAM, mark, mark + 1, {COST: found.rows})
        except StaleMarkError:
            continue
        return Kept(rows_count - found.known_count, found.known_count, ())
    raise LakeBusyError("costs are appended to all the time: try again later")
