"""The lake: DuckLake over Parquet, written by exactly one process.

Appends polars frames exactly once, reads them back as lazy frames, keeps the files few.
Knows nothing of what the rows mean.
"""

import ctypes
import fcntl
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Protocol

import duckdb
import polars as pl

from storage.lake_tables import SQL_TYPES, STREAMS, TABLES, LakeTable

EXTENSIONS = ("ducklake", "sqlite_scanner")
SNAPSHOTS_KEPT = "7 days"
FILES_KEPT = "1 day"
_libc = ctypes.CDLL(None, use_errno=True)


class LakeBusyError(RuntimeError):
    """Another process already writes this lake."""


class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class _Stream:
    """Shows a polars frame to DuckDB as a plain Arrow stream, which needs no pyarrow."""

    def __init__(self, frame: _ArrowStream) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


class Lake:
    """An open lake in one folder; the folder's lock makes this its only writer."""

    def __init__(self, folder: Path) -> None:
        """Open or create the lake in `folder`; LakeBusyError when another process writes it."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.catalog_path = self.folder / "catalog.sqlite"
        self._lock_file = _locked(self.folder / "writer.lock")
        self._data_fd = os.open(self.folder, os.O_RDONLY)
        self._writing = threading.RLock()
        self._connection = _attached(self.catalog_path, self.folder / "data")
        self._create_tables()

    def mark(self, stream: str) -> int:
        """Return the last position of `stream` that is in the lake; 0 at first."""
        row = self._cursor().execute(f"SELECT mark FROM lake.ops.mark_{stream}").fetchone()
        return int(row[0]) if row else 0

    def append_once(
        self, stream: str, after: int, upto: int, frames: Mapping[LakeTable, pl.DataFrame]
    ) -> None:
        """Append frames and move the stream's mark from `after` to `upto` in one transaction.

        The mark makes a repeated append change nothing: RuntimeError when the mark is not at
        `after` any more. The data is on disk before the commit names it.
        """
        with self._transaction() as cursor:
            for table, frame in frames.items():
                _insert(cursor, table, frame)
            moved = cursor.execute(
                f"UPDATE lake.ops.mark_{stream} SET mark = ? WHERE mark = ?", [upto, after]
            ).fetchone()
            if moved is None or moved[0] != 1:
                raise RuntimeError(f"the mark of {stream} is not at {after} any more")

    def append_unless(
        self, table: LakeTable, frame: pl.DataFrame, *, column: str, value: str
    ) -> bool:
        """Append a frame unless rows with that column value are there; say whether it was."""
        with self._transaction() as cursor:
            known = cursor.execute(
                f"SELECT 1 FROM lake.{table.full_name} WHERE {column} = ? LIMIT 1", [value]
            ).fetchone()
            if known is None:
                _insert(cursor, table, frame)
            return known is None

    def scan(self, table: LakeTable) -> pl.LazyFrame:
        """Return the table's committed rows as a lazy frame with exactly its columns."""
        files = [path for path, _ in self.files(table)]
        if not files:
            return pl.LazyFrame(schema=table.polars_schema)
        return pl.scan_parquet(
            files,
            schema=table.polars_schema,
            missing_columns="insert",
            extra_columns="ignore",
            hive_partitioning=False,
        )

    def files(self, table: LakeTable) -> list[tuple[str, int]]:
        """Return path and size in bytes of the table's current Parquet files."""
        rows = self._cursor().execute(
            "SELECT data_file, data_file_size_bytes, delete_file "
            "FROM ducklake_list_files('lake', ?, schema => ?)",
            [table.name, table.schema],
        )
        found = rows.fetchall()
        if any(delete_file is not None for _, _, delete_file in found):
            raise RuntimeError(f"{table.full_name} is append-only, yet it has deleted rows")
        return [(path, size) for path, size, _ in found]

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pl.DataFrame:
        """Run one read-only SQL statement over the lake (tables as lake.schema.table)."""
        cursor = self._cursor()
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        try:
            return pl.DataFrame(_Stream(cursor.sql(sql, params=list(parameters))))
        finally:
            cursor.execute("ROLLBACK")

    def compact(self) -> None:
        """Merge small files, forget old snapshots and delete files nobody can need any more."""
        with self._transaction() as cursor:
            cursor.execute("CALL ducklake_merge_adjacent_files('lake')")
        with self._writing:
            cursor = self._cursor()
            cursor.execute(
                "CALL ducklake_expire_snapshots('lake', older_than => now() - INTERVAL "
                f"'{SNAPSHOTS_KEPT}')"
            )
            cursor.execute(
                "CALL ducklake_cleanup_old_files('lake', older_than => now() - INTERVAL "
                f"'{FILES_KEPT}')"
            )
            # A crash leaves files that no commit names.
            cursor.execute(
                "CALL ducklake_delete_orphaned_files('lake', older_than => now() - INTERVAL "
                f"'{FILES_KEPT}')"
            )

    def close(self) -> None:
        """Close the lake and give up its lock."""
        with self._writing:
            self._connection.close()
            os.close(self._data_fd)
            os.close(self._lock_file)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        return self._connection.cursor()

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._writing:
            cursor = self._cursor()
            cursor.execute("BEGIN")
            try:
                yield cursor
                # DuckDB does not sync its Parquet files: a power cut after the commit could
                # leave a snapshot that names a torn file.
                if _libc.syncfs(self._data_fd) != 0:
                    raise OSError(ctypes.get_errno(), "syncfs failed on the lake's folder")
                cursor.execute("COMMIT")
            except BaseException:
                cursor.execute("ROLLBACK")
                raise

    def _create_tables(self) -> None:
        with self._transaction() as cursor:
            for schema in ("raw", "core", "mart", "ops"):
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        # A mark is one row: kept inside the catalogue it costs no file for each flush.
        self._cursor().execute(
            "CALL lake.set_option('data_inlining_row_limit', 10, schema => 'ops')"
        )
        with self._transaction() as cursor:
            for table in TABLES:
                _create(cursor, table)
            for stream in STREAMS:
                _create_mark(cursor, stream)


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise LakeBusyError(
            f"another process is using {path.parent}: stop it, or choose another --data-dir"
        ) from error
    return descriptor


def _attached(catalog: Path, data: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("LOAD icu")
    # Without a fixed zone the month of an instant would depend on the machine.
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    for extension in EXTENSIONS:
        connection.execute(f"LOAD '{_quoted(_extension_file(extension))}'")
    connection.execute(
        f"ATTACH 'ducklake:sqlite:{_quoted(catalog)}' AS lake "
        f"(DATA_PATH '{_quoted(data)}', META_JOURNAL_MODE 'WAL', OVERRIDE_DATA_PATH true)"
    )
    connection.execute("CALL lake.set_option('parquet_compression', 'zstd')")
    connection.execute("CALL lake.set_option('data_inlining_row_limit', 0)")
    return connection


def _extension_file(name: str) -> Path:
    """Return the extension as its wheel carries it: nothing to install, no home folder needed."""
    package = files(f"duckdb_extension_{name}")
    version = f"v{duckdb.__version__}"
    return Path(str(package.joinpath("extensions", version, f"{name}.duckdb_extension")))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _create(cursor: duckdb.DuckDBPyConnection, table: LakeTable) -> None:
    name = f"lake.{table.full_name}"
    known = cursor.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = 'lake' "
        "AND schema_name = ? AND table_name = ?",
        [table.schema, table.name],
    ).fetchone()
    if known:
        return
    columns = ", ".join(f"{column.name} {SQL_TYPES[column.type]}" for column in table.columns)
    cursor.execute(f"CREATE TABLE {name} ({columns})")
    cursor.execute(f"ALTER TABLE {name} SET PARTITIONED BY (month)")
    cursor.execute(f"ALTER TABLE {name} SET SORTED BY ({', '.join(table.sorted_by)})")
    cursor.execute(f"COMMENT ON TABLE {name} IS '{table.comment.replace(chr(39), chr(39) * 2)}'")
    for column in table.columns:
        comment = column.comment.replace("'", "''")
        cursor.execute(f"COMMENT ON COLUMN {name}.{column.name} IS '{comment}'")


def _create_mark(cursor: duckdb.DuckDBPyConnection, stream: str) -> None:
    name = f"lake.ops.mark_{stream}"
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} (mark BIGINT NOT NULL)")
    cursor.execute(f"INSERT INTO {name} SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM {name})")


def _insert(cursor: duckdb.DuckDBPyConnection, table: LakeTable, frame: pl.DataFrame) -> None:
    if frame.is_empty():
        return
    typed = frame.select(pl.col(name).cast(kind) for name, kind in table.polars_schema.items())
    cursor.register("appended", _Stream(typed.sort(table.sorted_by)))
    cursor.execute(f"INSERT INTO lake.{table.full_name} SELECT * FROM appended")
    cursor.unregister("appended")
