"""Replaces whole days of a lake table, exactly once.

A delete file would make polars read rows that are gone, so every file that holds such a day is
replaced by one without it, in the transaction that moves the stream's mark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import polars as pl

from storage.fault_points import reached
from storage.lake import ATTEMPTS_MAX, Lake, LakeBusyError, StaleMarkError, _insert
from storage.lake_connection import LakeConnection
from storage.lake_tables import LakeTable

# Days in files of their own are replaced without touching others; a backfill would make too many.
DAYS_APART_MAX = 7
ERASURES = "SELECT count(*) FROM lake.ops.erasure"


@dataclass(frozen=True, slots=True)
class DayReplacement:
    """What is to be all rows of a shard's days, and how far the stream's mark moves with it.

    `table` has the columns `day` and `shard`; `erasures` is how many there were before the rows
    of `frame` were read.
    """

    stream: str
    after: int
    upto: int
    table: LakeTable
    shard: int
    days: Sequence[date]
    frame: pl.DataFrame
    erasures: int


def replace_days_once(lake: Lake, new: DayReplacement) -> None:
    """Replace the days and move the mark, in one transaction.

    StaleMarkError when the mark is not where it was any more, or when there was another erasure
    (the frame may hold what it took out): nothing is changed then.
    """
    opened = lake._lake  # noqa: SLF001 - one storage room: this is a verb of the open lake
    for _ in range(ATTEMPTS_MAX):
        if lake.mark(new.stream) != new.after:
            raise _stale(new)
        try:
            _replace(opened, new)
        except duckdb.TransactionException:
            # A compactor replaced the same files, or another worker moved the mark: look again.
            continue
        return
    raise LakeBusyError(f"{new.table.full_name} is merged all the time: try again later")


def erasures_count(lake: Lake) -> int:
    """Return how many erasures the lake has seen; ask before reading what will be written."""
    return int(lake.query(ERASURES).item())


def _replace(lake: LakeConnection, new: DayReplacement) -> None:
    with lake.transaction() as cursor:
        moved = cursor.execute(
            f"UPDATE lake.ops.mark_{new.stream} SET mark = ? WHERE mark = ?", [new.upto, new.after]
        ).fetchone()
        if moved is None or moved[0] != 1:
            raise _stale(new)
        if cursor.execute(ERASURES).fetchone() != (new.erasures,):
            raise StaleMarkError("rows were erased meanwhile: compute them again")
        reached("lake.replace.marked")
        if new.days:
            _drop(cursor, new.table, _is_replaced(new.shard, new.days))
        reached("lake.replace.dropped")
        for part in _apart(new.frame):
            _insert(cursor, new.table, part)
        reached("lake.replace.inserted")
        lake.sync()
        reached("lake.replace.synced")
        cursor.execute("COMMIT")
        reached("lake.replace.committed")


def _drop(cursor: duckdb.DuckDBPyConnection, table: LakeTable, is_replaced: str) -> None:
    """Delete the files that hold replaced rows, after writing their other rows anew."""
    name, columns = f"lake.{table.full_name}", ", ".join(table.polars_schema)
    found = cursor.execute(f"SELECT DISTINCT filename FROM {name} WHERE {is_replaced}").fetchall()
    if not found:
        return
    files = [file for (file,) in found]
    cursor.execute(
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {name} "
        f"WHERE filename IN (SELECT unnest(?)) AND NOT ({is_replaced})",
        [files],
    )
    cursor.execute(f"DELETE FROM {name} WHERE filename IN (SELECT unnest(?))", [files])


def _apart(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the frame day by day, or as a whole when it has many days; nothing for no row."""
    if frame["day"].n_unique() > DAYS_APART_MAX:
        return [frame]
    return frame.partition_by("day", maintain_order=True)


def _is_replaced(shard: int, days: Sequence[date]) -> str:
    """Return the condition in SQL; the months let DuckLake skip other files."""
    months = {day.replace(day=1) for day in days}
    return (
        f"month IN ({_dates(sorted(months))}) AND day IN ({_dates(sorted(days))}) "
        f"AND shard = {int(shard)}"
    )


def _dates(days: Sequence[date]) -> str:
    return ", ".join(f"DATE '{day.isoformat()}'" for day in days)


def _stale(new: DayReplacement) -> StaleMarkError:
    return StaleMarkError(f"the mark of {new.stream} is not at {new.after} any more: read it again")
