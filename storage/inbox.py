"""The inbox: pushes that were answered 200 and are not yet in the lake.

A database of its own, so that its commits wait for nothing else. An append returns only when
the rows are on disk. Knows nothing of what the bodies mean.
"""

import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import zstandard

COMPRESSION_LEVEL = 1
AUTOCHECKPOINT_PAGES = 20_000
BODY_BYTES_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One push: its position, how many events it holds, and its body."""

    id: int
    events_count: int
    body: bytes


class Inbox:
    """One shard's inbox in one SQLite file; positions rise in commit order and never repeat."""

    def __init__(self, path: Path) -> None:
        """Open or create the inbox at `path`."""
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(f"PRAGMA wal_autocheckpoint = {AUTOCHECKPOINT_PAGES}")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, "
            "events_count INTEGER NOT NULL, body BLOB NOT NULL)"
        )

    def append(self, pushes: Sequence[tuple[int, bytes]]) -> None:
        """Keep (events_count, body) pairs in one durable commit: all of them or none."""
        compressor = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL)
        rows = [(count, compressor.compress(body)) for count, body in pushes]
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(
                    "INSERT INTO inbox (events_count, body) VALUES (?, ?)", rows
                )
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read(self, after: int, events_max: int) -> list[InboxRow]:
        """Return the oldest rows beyond position `after`, up to about `events_max` events."""
        decompressor = zstandard.ZstdDecompressor()
        rows: list[InboxRow] = []
        events_count = 0
        with self._lock:
            cursor = self._connection.execute(
                "SELECT id, events_count, body FROM inbox WHERE id > ? ORDER BY id", [after]
            )
            for identifier, count, body in cursor:
                whole = decompressor.decompress(body, max_output_size=BODY_BYTES_MAX)
                rows.append(InboxRow(identifier, count, whole))
                events_count += count
                if events_count >= events_max:
                    break
            cursor.close()
        return rows

    def last_id(self) -> int:
        """Return the position of the newest row ever kept; 0 when there was none."""
        with self._lock:
            row = self._connection.execute(
                "SELECT seq FROM sqlite_sequence WHERE name = 'inbox'"
            ).fetchone()
        return int(row[0]) if row else 0

    def start_beyond(self, mark: int) -> None:
        """Make sure that no row will ever get a position up to `mark`."""
        with self._lock:
            self._connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) SELECT 'inbox', 0 "
                "WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'inbox')"
            )
            self._connection.execute(
                "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'inbox'", [mark]
            )

    def delete_upto(self, mark: int) -> None:
        """Forget rows that the lake has committed."""
        with self._lock:
            self._connection.execute("DELETE FROM inbox WHERE id <= ?", [mark])

    def waiting_count(self) -> int:
        """Return the number of events that are not in the lake yet."""
        with self._lock:
            row = self._connection.execute(
                "SELECT coalesce(sum(events_count), 0) FROM inbox"
            ).fetchone()
        return int(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
