"""The inbox in one SQLite file: one shard, one writing process.

One connection writes and one reads, so that a long read never keeps an append waiting.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from secrets import token_bytes
from typing import Any

from storage.fault_points import reached
from storage.inbox_row import (
    CommitUnknownError,
    DamagedInboxError,
    InboxRow,
    InboxUnavailableError,
    NewRow,
    epoch_microseconds,
    instant_or_none,
    packed_bodies,
    rows_enough,
    unpacked_rows,
)
from storage.sqlite_wal import use_wal

SHARD = 0
AUTOCHECKPOINT_PAGES = 20_000
BUSY_SECONDS_MAX = 30
BATCH_BYTES = 16
DAMAGES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Columns that files of the first version lack.
LATER_COLUMNS = {"kept_at": "INTEGER NOT NULL DEFAULT 0", "batch": "BLOB NOT NULL DEFAULT x''"}


class SqliteInbox:
    """The inbox's only shard, in one SQLite file."""

    shard_count = 1

    def __init__(self, path: Path) -> None:
        """Open or create the inbox at `path`."""
        self._path = path
        self._writing, self._reading = threading.Lock(), threading.Lock()
        with self._explained():
            self._writer = _connected(path)
            use_wal(self._writer)
            self._writer.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
            _create_table(self._writer)
            self._reader = _connected(path)
            self._reader.execute("PRAGMA query_only = ON")

    def append(self, rows: Sequence[NewRow], at: datetime) -> None:
        """Keep rows in one durable commit; an error other than CommitUnknownError: none kept."""
        for row in rows:
            _expect_only_shard(row.shard)
        kept_at, batch = epoch_microseconds(at), token_bytes(BATCH_BYTES)
        bodies = packed_bodies(rows)
        values = [
            (row.events_count, kept_at, batch, body) for row, body in zip(rows, bodies, strict=True)
        ]
        if values:
            with self._writing, self._explained():
                reached("inbox.append.begun")
                upto = self._insert(values)
                reached("inbox.append.inserted")
                self._commit(upto, batch)
                reached("inbox.append.committed")

    def read(self, shard: int, after: int, events_max: int) -> list[InboxRow]:
        """Return the oldest rows beyond `after`; DamagedInboxError at one that is torn."""
        _expect_only_shard(shard)
        sql = "SELECT id, events_count, body FROM inbox WHERE id > ? ORDER BY id"
        with (
            self._reading,
            self._explained(),
            closing(self._reader.execute(sql, [after])) as cursor,
        ):
            found = rows_enough(_rows_before_damage(cursor, after), events_max)
        return unpacked_rows(shard, found)

    def last_id(self, shard: int) -> int:
        """Return the position of the newest row ever kept; 0 when there was none."""
        _expect_only_shard(shard)
        return int(self._value("SELECT max(seq) FROM sqlite_sequence WHERE name = 'inbox'") or 0)

    def start_beyond(self, shard: int, mark: int) -> None:
        """Make sure that no row will ever get a position up to `mark`."""
        _expect_only_shard(shard)
        with self._writing, self._explained():
            self._writer.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'inbox'", [mark]
            )

    def delete_upto(self, shard: int, mark: int) -> None:
        """Forget rows that the lake has committed."""
        _expect_only_shard(shard)
        with self._writing, self._explained():
            reached("inbox.delete.begun")
            self._writer.execute("DELETE FROM inbox WHERE id <= ?", [mark])
            reached("inbox.delete.deleted")

    def waiting_count(self, shard: int | None = None) -> int:
        """Return the number of events that are not in the lake yet."""
        _expect_only_shard(shard or SHARD)
        return int(self._value("SELECT coalesce(sum(events_count), 0) FROM inbox"))

    def oldest_at(self, shard: int | None = None) -> datetime | None:
        """Return when the oldest waiting row was kept; None when nothing waits."""
        _expect_only_shard(shard or SHARD)
        return instant_or_none(self._value("SELECT min(kept_at) FROM inbox"))

    def bytes_waiting(self) -> int:
        """Return the bytes of all waiting bodies as they are stored, compressed."""
        return int(self._value("SELECT coalesce(sum(length(body)), 0) FROM inbox"))

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def _insert(self, values: Sequence[tuple[int, int, bytes, bytes]]) -> int:
        """Insert rows in a transaction that stays open, and return the last one's position."""
        # A roll-back that failed must not stand in the way for ever.
        self._roll_back()
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            self._writer.executemany(
                "INSERT INTO inbox (events_count, kept_at, batch, body) VALUES (?, ?, ?, ?)", values
            )
            return int(self._writer.execute("SELECT max(id) FROM inbox").fetchone()[0])
        except BaseException:
            self._roll_back()
            raise

    def _commit(self, upto: int, batch: bytes) -> None:
        try:
            self._writer.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            # A failed COMMIT may yet have been carried out.
            if not self._is_kept(upto, batch):
                raise

    def _roll_back(self) -> None:
        # SQLite ends the transaction by itself at some errors, such as a full disk.
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _is_kept(self, upto: int, batch: bytes) -> bool:
        """Look on a fresh connection; nobody deletes meanwhile, the writing lock is held."""
        sql = "SELECT count(*) FROM inbox WHERE id = ? AND batch = ?"
        try:
            with closing(_connected(self._path)) as fresh:
                return bool(fresh.execute(sql, [upto, batch]).fetchone()[0])
        except sqlite3.Error as error:
            raise CommitUnknownError(
                f"a commit to {self._path} failed, and whether it was kept cannot be read "
                f"({error}): mend the disk and open the inbox anew, its rows will tell"
            ) from error

    def _value(self, sql: str) -> Any:  # noqa: ANN401 - as SQLite types it
        with self._reading, self._explained():
            return self._reader.execute(sql).fetchone()[0]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            cure = (
                "put the file aside and restore a copy"
                if _is_damage(error)
                else "see that its disk has space and that the service may write there"
            )
            raise InboxUnavailableError(
                f"the inbox {self._path} cannot be used ({error}), this call kept nothing: {cure}"
            ) from error


def _connected(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path, timeout=BUSY_SECONDS_MAX, isolation_level=None, check_same_thread=False
    )


def _create_table(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "events_count INTEGER NOT NULL, kept_at INTEGER NOT NULL, batch BLOB NOT NULL, "
        "body BLOB NOT NULL)"
    )
    present = {name for _, name, *_ in connection.execute("PRAGMA table_info(inbox)")}
    for name, kind in LATER_COLUMNS.items():
        if name not in present:
            connection.execute(f"ALTER TABLE inbox ADD COLUMN {name} {kind}")
    connection.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox', 0 "
        "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox')"
    )


def _expect_only_shard(shard: int) -> None:
    if shard != SHARD:
        raise ValueError(f"an inbox in SQLite has one shard, 0, not {shard}: give a postgresql URL")


def _rows_before_damage(
    cursor: Iterable[tuple[int, int, bytes]], after: int
) -> Iterator[tuple[int, int, bytes]]:
    """Yield rows up to where the file is damaged; DamagedInboxError when that is at once."""
    has_rows = False
    try:
        for row in cursor:
            has_rows = True
            yield row
    except sqlite3.Error as error:
        if not _is_damage(error):
            raise
        if not has_rows:
            raise DamagedInboxError(SHARD, after + 1, str(error)) from error


def _is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGES
