"""An open lake: one connection, whose writers take turns, and the sync before each commit."""

import ctypes
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import duckdb

from storage.lake_place import METADATA_SCHEMA, SPILL, LakePlace, attached, discreet, locked
from storage.spare_memory import give_back_memory

# As long as it is attached, DuckLake keeps some ten kilobytes of every commit, a gigabyte a day at
# a flush a second, and one of every read.
KEPT_BY_TRANSACTION = 10_000
KEPT_BY_READ = 1_000
KEPT_BYTES_MAX = 20_000_000
# Two DuckDBs must not spill into one folder, and the one before may still have a reader.
SPILLS = (SPILL, f"{SPILL}-other")
_libc = ctypes.CDLL(None, use_errno=True)


class LakeConnection:
    """The connection of one process to a lake, safe to use from any thread."""

    def __init__(self, place: LakePlace) -> None:
        """Open the place; LakeBusyError when another process writes its embedded form."""
        self.place = place
        schema = "main" if place.is_embedded else METADATA_SCHEMA
        self.metadata = f"__ducklake_metadata_lake.{schema}"
        self._transactions_ended = 0
        self._renewals = 0
        self._kept_bytes = 0
        self._turn = threading.Lock()
        self._writing = threading.Lock()
        self._renewing = threading.Lock()
        with ExitStack() as opened:
            if place.is_embedded:
                opened.callback(os.close, locked(place.folder))
            self._folder_fd = os.open(place.folder, os.O_RDONLY)
            opened.callback(os.close, self._folder_fd)
            self._connection = attached(place)
            opened.callback(self._disconnect)
            self._opened = opened.pop_all()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own for one reader."""
        if self._is_renewal_due and self._writing.acquire(blocking=False):
            try:
                self._renew_if_due()
            finally:
                self._writing.release()
        # Threads that count at once may lose a kilobyte of one another.
        self._kept_bytes += KEPT_BY_READ
        return self._connection.cursor()

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of one statement, which commits by itself."""
        with discreet(self.place):
            return self.cursor().execute(sql, list(parameters)).fetchall()

    @property
    def generation(self) -> int | None:
        """Return a number that changes with every write; None where others may write, too.

        It has changed when the writer's call returns: who reads it before looking sees no less
        than what was written by then.
        """
        return self._transactions_ended if self.place.is_embedded else None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let one thread write the embedded form; PostgreSQL's writers need not wait.

        Whoever has waited longest is next, so that a compaction of many steps stops nobody.
        """
        if not self.place.is_embedded:
            yield
            return
        with self._turn:
            self._writing.acquire()
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give a cursor in a transaction that is rolled back unless the body commits it."""
        with self.alone():
            self._renew_if_due()
            with self.transaction_inside() as cursor:
                yield cursor

    @contextmanager
    def transaction_inside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Give such a cursor to somebody who is alone already."""
        cursor = self.cursor()
        with discreet(self.place):
            cursor.execute("BEGIN")
            try:
                yield cursor
            finally:
                # After a commit, or a commit that failed, there is nothing to roll back; on a
                # connection that broke, what broke it is what must be told.
                with suppress(duckdb.Error):
                    cursor.execute("ROLLBACK")
                self._transactions_ended += 1
                self._kept_bytes += KEPT_BY_TRANSACTION

    @property
    def _is_renewal_due(self) -> bool:
        return self._kept_bytes >= KEPT_BYTES_MAX

    def _renew_if_due(self) -> None:
        """Attach the lake anew after much use; whoever reads the old one goes on."""
        with self._renewing:
            if not self._is_renewal_due:
                return
            # The old one is not closed, for that would end its readers: it goes with the last.
            self._renewals += 1
            self._connection = attached(self.place, SPILLS[self._renewals % len(SPILLS)])
            self._kept_bytes = 0
        give_back_memory()

    def _disconnect(self) -> None:
        self._connection.close()

    def sync(self) -> None:
        """Put what was written on disk: DuckDB does not sync its Parquet files.

        A power cut after the commit could else leave a snapshot that names a torn file.
        """
        if self.place.is_local and _libc.syncfs(self._folder_fd) != 0:
            raise OSError(ctypes.get_errno(), "syncfs failed on the lake's folder")

    def close(self) -> None:
        """Close the lake and give up its lock."""
        with self.alone():
            self._opened.close()
