"""The lake: DuckLake over Parquet, in one folder, or on PostgreSQL and S3.

Appends polars frames exactly once, reads them back as lazy frames, keeps the files few.
Knows nothing of what the rows mean.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import duckdb
import polars as pl

from storage.fault_points import reached
from storage.lake_connection import LakeConnection
from storage.lake_erasure import erase
from storage.lake_errors import (
    LakeBusyError,
    LakeError,
    LakeUnreachableError,
    LakeVersionError,
    StaleMarkError,
)
from storage.lake_files import DataFile, found_file, named_files
from storage.lake_maintenance import Compaction, CompactionRules, compact
from storage.lake_place import LakePlace, discreet, sole_opener
from storage.lake_schema import create_mark, has_mark, prepare
from storage.lake_tables import LakeTable
from storage.lake_tally import Rows, appended_tally

__all__ = [
    "Compaction",
    "CompactionRules",
    "DataFile",
    "Lake",
    "LakeBusyError",
    "LakeError",
    "LakePlace",
    "LakeUnreachableError",
    "LakeVersionError",
    "StaleMarkError",
]

ATTEMPTS_MAX = 20
STREAM_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class _Stream:
    """Shows a polars frame to DuckDB as a plain Arrow stream, which needs no pyarrow."""

    def __init__(self, frame: _ArrowStream) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


class Lake:
    """An open lake; in its embedded form the folder's lock makes this its only writer."""

    def __init__(self, place: Path | LakePlace) -> None:
        """Open, create or upgrade the lake; LakeError when that can't be done now."""
        if isinstance(place, Path):
            place = LakePlace(place)
        place.folder.mkdir(parents=True, exist_ok=True)
        self.place = place.resolved()
        self._marked: set[str] = set()
        self._housekept_at: datetime | None = None
        self._files: dict[str, tuple[int, list[tuple[str, int]]]] = {}
        self._marks: dict[str, tuple[int, int]] = {}
        with sole_opener(self.place):
            self._lake = LakeConnection(self.place)
            try:
                self._marked.update(prepare(self._lake))
            except BaseException:
                self._lake.close()
                raise

    @property
    def folder(self) -> Path:
        """Return the lake's folder on this machine."""
        return self.place.folder

    @property
    def catalog_path(self) -> Path:
        """Return the catalogue file of the embedded form."""
        return self.place.folder / "catalog.sqlite"

    def mark(self, stream: str) -> int:
        """Return the last position of `stream` that is in the lake; 0 at first."""
        self._know(stream)
        generation = self._lake.generation
        known = self._marks.get(stream)
        if known is not None and known[0] == generation:
            return known[1]
        ((mark,),) = self._lake.rows(f"SELECT mark FROM lake.ops.mark_{stream}")
        if generation is not None:
            self._marks[stream] = (generation, int(mark))
        return int(mark)

    def append_once(
        self, stream: str, after: int, upto: int, frames: Mapping[LakeTable, Rows]
    ) -> None:
        """Append frames and move the stream's mark from `after` to `upto` in one transaction.

        A table's rows may come as Parquet files that need not fit into memory. The mark makes a
        repeated append change nothing: StaleMarkError when the mark is not at `after` any more.
        The data is on disk before the commit names it.
        """
        self._know(stream)
        for _ in range(ATTEMPTS_MAX):
            try:
                self._append(stream, after, upto, frames)
            except duckdb.TransactionException:
                # Another commit touched the mark: a worker that moved it, or a clean-up.
                if self.mark(stream) != after:
                    raise _stale(stream, after) from None
            else:
                return
        raise LakeBusyError(f"the mark of {stream} is rewritten all the time: try again later")

    def append_unless(
        self, table: LakeTable, frame: pl.DataFrame, *, column: str, value: str
    ) -> bool:
        """Append a frame unless rows with that column value are there; say whether it was."""
        stream = f"unless_{table.name}"
        for _ in range(ATTEMPTS_MAX):
            mark = self.mark(stream)
            found = self._lake.rows(
                f"SELECT 1 FROM lake.{table.full_name} WHERE {column} = ? LIMIT 1", [value]
            )
            if found:
                return False
            try:
                self.append_once(stream, mark, mark + 1, {table: frame})
            except StaleMarkError:
                continue
            return True
        raise LakeBusyError(f"{table.full_name} is appended to all the time: try again later")

    def scan(self, table: LakeTable) -> pl.LazyFrame:
        """Return the table's committed rows as a lazy frame with exactly its columns."""
        return self.scan_files(table, [path for path, _ in self.files(table)])

    def scan_files(self, table: LakeTable, paths: Sequence[str]) -> pl.LazyFrame:
        """Return the rows of some of the table's files, with exactly its columns."""
        if not paths:
            return pl.LazyFrame(schema=table.polars_schema)
        return pl.scan_parquet(
            list(paths),
            schema=table.polars_schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
            glob=False,
            storage_options=self.place.storage_options,
            credential_provider=None,
        )

    def scan_at(self, table: LakeTable, snapshot: int) -> pl.LazyFrame:
        """Return the table's rows as of a snapshot that is still kept, with today's columns."""
        found = self.query(f"SELECT * FROM lake.{table.full_name} AT (VERSION => {int(snapshot)})")
        absent = [
            pl.lit(None, dtype=kind).alias(name)
            for name, kind in table.polars_schema.items()
            if name not in found.columns
        ]
        return found.lazy().with_columns(absent).select(list(table.polars_schema))

    def snapshots(self) -> list[tuple[int, datetime]]:
        """Return id and instant of every snapshot that is still kept, oldest first."""
        return self._lake.rows(
            "SELECT snapshot_id, snapshot_time FROM ducklake_snapshots('lake') ORDER BY 1"
        )

    def files(self, table: LakeTable) -> list[tuple[str, int]]:
        """Return path and size in bytes of the table's current Parquet files."""
        generation = self._lake.generation
        known = self._files.get(table.full_name)
        if known is not None and generation is not None and known[0] == generation:
            return known[1]
        found = self._listed_files(table)
        if generation is not None:
            self._files[table.full_name] = (generation, found)
        return found

    def _listed_files(self, table: LakeTable) -> list[tuple[str, int]]:
        found = self._lake.rows(
            "SELECT data_file, data_file_size_bytes, delete_file "
            "FROM ducklake_list_files('lake', ?, schema => ?)",
            [table.name, table.schema],
        )
        if any(delete_file is not None for _, _, delete_file in found):
            raise RuntimeError(f"{table.full_name} is append-only, yet it has deleted rows")
        return [(path, size) for path, size, _ in found]

    def named_files(self, table: LakeTable) -> list[DataFile]:
        """Return what the catalogue says of the table's current files."""
        return named_files(self._lake, table)

    def found_file(self, path: str) -> DataFile:
        """Return what lies at a path; LakeError when it is gone or is no Parquet any more."""
        return found_file(self._lake, path)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
        """Run one read-only SQL statement over the lake (tables as lake.schema.table)."""
        cursor = self._lake.cursor()
        with discreet(self.place):
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            try:
                return pl.DataFrame(_Stream(cursor.sql(sql, params=list(parameters))))
            finally:
                cursor.execute("ROLLBACK")

    def compact(self, at: datetime, rules: CompactionRules | None = None) -> Compaction:
        """Merge small files; each hour, forget and delete what nobody can need any more.

        Appends and reads go on meanwhile: an append waits for one merge of one table at most.
        """
        rules = rules or CompactionRules()
        is_due = self._housekept_at is None or at - self._housekept_at >= rules.housekeeping_every
        done = compact(self._lake, at, rules, is_housekeeping_due=is_due)
        if is_due:
            self._housekept_at = at
        return done

    def erase(self, tables: Sequence[LakeTable], where: Mapping[str, str]) -> dict[str, int]:
        """Delete all rows with these column values, from every file; return counts by table.

        Older snapshots end with it. A scan that was begun before may find its files gone.
        """
        return erase(self._lake, tables, where)

    def close(self) -> None:
        """Close the lake and give up its lock."""
        self._lake.close()

    def _know(self, stream: str) -> None:
        if stream in self._marked:
            return
        if not STREAM_NAME.fullmatch(stream):
            raise ValueError(f"{stream!r} is no name of a stream: use a-z, 0-9 and _")
        # Others wait for whoever holds the lock, and it may be frozen: not for what is there.
        if not has_mark(self._lake, stream):
            with sole_opener(self.place):
                create_mark(self._lake, stream)
        self._marked.add(stream)

    def _append(self, stream: str, after: int, upto: int, frames: Mapping[LakeTable, Rows]) -> None:
        with self._lake.transaction() as cursor:
            reached("lake.append.begun")
            moved = cursor.execute(
                f"UPDATE lake.ops.mark_{stream} SET mark = ?, rows_count = rows_count + ?, "
                "tally = tally + CAST(? AS DECIMAL(38,0)) WHERE mark = ?",
                [upto, *appended_tally(frames), after],
            ).fetchone()
            # A stale worker leaves here, before it has written a file.
            if moved is None or moved[0] != 1:
                raise _stale(stream, after)
            reached("lake.append.marked")
            for table, rows in frames.items():
                if isinstance(rows, pl.DataFrame):
                    _insert(cursor, table, rows)
                else:
                    _insert_files(cursor, table, rows)
            reached("lake.append.inserted")
            self._lake.sync()
            reached("lake.append.synced")
            cursor.execute("COMMIT")
            reached("lake.append.committed")


def _stale(stream: str, after: int) -> StaleMarkError:
    return StaleMarkError(f"the mark of {stream} is not at {after} any more: read it again")


def _insert(cursor: duckdb.DuckDBPyConnection, table: LakeTable, frame: pl.DataFrame) -> None:
    if frame.is_empty():
        return
    typed = frame.select(pl.col(name).cast(kind) for name, kind in table.polars_schema.items())
    columns = ", ".join(table.polars_schema)
    cursor.register("appended", _Stream(typed.sort(table.sorted_by)))
    cursor.execute(f"INSERT INTO lake.{table.full_name} ({columns}) SELECT {columns} FROM appended")
    cursor.unregister("appended")


def _insert_files(
    cursor: duckdb.DuckDBPyConnection, table: LakeTable, files: Sequence[Path]
) -> None:
    # A registered frame stays in memory until its transaction ends, a file does not.
    columns = ", ".join(table.polars_schema)
    for file in files:
        cursor.execute(
            f"INSERT INTO lake.{table.full_name} ({columns}) SELECT {columns} FROM read_parquet(?)",
            [str(file)],
        )
