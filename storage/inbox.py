"""The inbox: pushes that were answered 200 and are not yet in the lake.

A database of its own, so that its commits wait for nothing else: one SQLite file, or tables in
PostgreSQL that many processes share. Knows nothing of what the bodies mean.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from storage.inbox_row import (
    BODY_BYTES_MAX,
    CommitUnknownError,
    DamagedInboxError,
    InboxRow,
    InboxUnavailableError,
    NewRow,
)
from storage.inbox_sqlite import SqliteInbox

__all__ = [
    "BODY_BYTES_MAX",
    "CommitUnknownError",
    "DamagedInboxError",
    "Inbox",
    "InboxRow",
    "InboxUnavailableError",
    "NewRow",
    "SqliteInbox",
    "open_inbox",
]


class Inbox(Protocol):
    """Rows of one or more shards; positions of a shard rise in commit order and never repeat.

    Every call raises InboxUnavailableError when the database cannot be used; safe to call from
    any thread, and reading never makes an append wait.
    """

    @property
    def shard_count(self) -> int:
        """Return the number of shards; they are numbered from 0."""

    def append(self, rows: Sequence[NewRow], at: datetime) -> None:
        """Keep rows in one durable commit, all or none; an error says that none was kept.

        Except CommitUnknownError: then only the rows themselves can tell, later.
        """

    def read(self, shard: int, after: int, events_max: int) -> list[InboxRow]:
        """Return the oldest rows beyond position `after`, up to about `events_max` events.

        Fewer where their bodies are large. Rows before a damaged one are given first; at the
        damaged one, DamagedInboxError.
        """

    def last_id(self, shard: int) -> int:
        """Return the position of the newest row the shard ever kept; 0 when there was none."""

    def start_beyond(self, shard: int, mark: int) -> None:
        """Make sure that no row of the shard will ever get a position up to `mark`."""

    def delete_upto(self, shard: int, mark: int) -> None:
        """Forget the shard's rows up to `mark`, which the lake has committed."""

    def waiting_count(self, shard: int | None = None) -> int:
        """Return the number of events that are not in the lake yet, of one shard or of all."""

    def oldest_at(self, shard: int | None = None) -> datetime | None:
        """Return when the oldest waiting row was kept; None when nothing waits."""

    def bytes_waiting(self) -> int:
        """Return the bytes of all waiting bodies as they are stored, compressed."""

    def close(self) -> None:
        """Close the inbox; a second call changes nothing."""


def open_inbox(url: str, folder: Path, shard_count: int = 1) -> Inbox:
    """Open the inbox in PostgreSQL at `url`, else `inbox.sqlite` in `folder` (one shard)."""
    parsed = sa.make_url(url or "sqlite://")
    if parsed.get_backend_name() == "postgresql":
        # Its driver is an optional part of the installation.
        from storage.inbox_postgresql import PostgresqlInbox  # noqa: PLC0415 - see above

        plain = parsed.set(drivername="postgresql")
        return PostgresqlInbox(plain.render_as_string(hide_password=False), shard_count)
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(
            f"the inbox cannot live in {parsed.get_backend_name()}: give a postgresql URL, or none"
        )
    if shard_count != 1:
        raise ValueError(f"{shard_count} shards need PostgreSQL: give its URL, or ask for 1 shard")
    return SqliteInbox(folder / "inbox.sqlite")
