"""Provider cost in the lake: each revision of a row once, and what of it counts."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from dashboards.costs.faults import RowFault
from dashboards.costs.revisions import in_effect, new_rows
from storage.lake import Lake, LakeBusyError, StaleMarkError
from storage.lake_tables import COST

# The stream whose tally says how many cost rows there ever were.
STREAM = f"unless_{COST.name}"
ATTEMPTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: rows that are new, rows that were there, or what is wrong."""

    new_count: int
    known_count: int
    faults: tuple[RowFault, ...]


def costs_in_effect(lake: Lake, as_of: datetime | None = None) -> pl.LazyFrame:
    """Return the cost rows that count, as they were known at a time, with all columns.

    Rows from before revisions were kept are taken as always known.
    """
    return in_effect(lake.scan(COST), as_of)


def is_imported(lake: Lake, import_id: str) -> bool:
    """Say whether rows of an import are in the lake."""
    found = lake.scan(COST).filter(pl.col("import_id") == import_id).head(1).collect()
    return found.height > 0


def append_costs(
    lake: Lake, batch: pl.DataFrame, *, at: datetime, is_complete: bool = False
) -> Kept:
    """Append what is new of a batch, whole or not at all; repeating it changes nothing.

    LakeBusyError when others append all the time.
    """
    months, sources = batch["month"].unique().to_list(), batch["source"].unique().to_list()
    for _ in range(ATTEMPTS_MAX):
        mark = lake.mark(STREAM)
        of_batch = pl.col("month").is_in(months) & pl.col("source").is_in(sources)
        kept = lake.scan(COST).filter(of_batch).collect()
        found = new_rows(kept, batch, is_complete=is_complete, at=at)
        if found.faults or found.rows.is_empty():
            return Kept(0, found.known_count, found.faults)
        try:
            lake.append_once(STREAM, mark, mark + 1, {COST: found.rows})
        except StaleMarkError:
            continue
        return Kept(batch.height - found.known_count, found.known_count, ())
    raise LakeBusyError("costs are appended to all the time: try again later")
