"""The inbox in one SQLite file: full disks, commits of unknown end, torn pages, older files."""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from storage import inbox_sqlite
from storage.inbox import (
    CommitUnknownError,
    DamagedInboxError,
    InboxUnavailableError,
    NewRow,
    SqliteInbox,
)
from storage.sqlite_wal import use_wal

AT = datetime(2026, 1, 1, tzinfo=UTC)
DISK_BYTES = 2 * 1024 * 1024


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[SqliteInbox]:
    """Give an empty inbox."""
    inbox = SqliteInbox(tmp_path / "inbox.sqlite")
    yield inbox
    inbox.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a disk of its own that is soon full."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("a small disk of its own can be mounted by root only")
    mounted = subprocess.run(mount, capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk could be mounted: {mounted.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


class Disturbed:
    """A connection that does something else when it should COMMIT."""

    def __init__(self, connection: sqlite3.Connection, commit: Callable[[], None]) -> None:
        self.connection = connection
        self.commit = commit

    def __getattr__(self, name: str) -> object:
        return getattr(self.connection, name)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> object:
        if sql == "COMMIT":
            self.commit()
            return None
        return self.connection.execute(sql, parameters)


def disturb(
    monkeypatch: pytest.MonkeyPatch, inbox: SqliteInbox, *, is_kept: bool, code: str
) -> None:
    """Let the next COMMITs fail, before or after they were carried out."""
    connection = inbox._writer

    def commit() -> None:
        if is_kept:
            connection.execute("COMMIT")
        raise sqlite3.OperationalError(code)

    monkeypatch.setattr(inbox, "_writer", Disturbed(connection, commit))


def bodies(inbox: SqliteInbox) -> list[bytes]:
    return [row.body for row in inbox.read(0, 0, 1_000_000)]


def a_row(body: bytes) -> NewRow:
    return NewRow(0, 1, body)


def test_every_commit_reaches_the_disk(inbox: SqliteInbox) -> None:
    """The writing connection uses the WAL with full sync, the reading one cannot write."""
    names = ("journal_mode", "synchronous", "query_only")
    pragmas = [inbox._writer.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert pragmas == ["wal", 2, 0]
    assert inbox._reader.execute("PRAGMA query_only").fetchone() == (1,)


def test_a_full_disk_is_told_and_overcome(small_disk: Path) -> None:
    """On a full disk an append keeps nothing and says why, and with space again it works."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(DISK_BYTES // 2))
    inbox = SqliteInbox(small_disk / "inbox.sqlite")
    kept: list[bytes] = []

    def fill() -> None:
        while True:
            body = os.urandom(50_000)
            inbox.append([a_row(b"small"), a_row(body)], AT)
            kept.append(body)

    with pytest.raises(InboxUnavailableError, match="disk has space"):
        fill()

    assert len(kept) > 3
    assert bodies(inbox)[1::2] == kept
    with pytest.raises(InboxUnavailableError):
        inbox.append([a_row(os.urandom(400_000))], AT)
    ballast.unlink()
    inbox.append([a_row(b"again")], AT)
    assert (bodies(inbox)[1:-1:2], bodies(inbox)[-1]) == (kept, b"again")
    assert inbox.last_id(0) == 2 * len(kept) + 1
    inbox.close()


def test_a_read_only_inbox_is_told_and_overcome(inbox: SqliteInbox) -> None:
    """Where nothing may be written an append keeps nothing, and works once it is allowed."""
    inbox._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(InboxUnavailableError, match="may write there"):
        inbox.append([a_row(b"a")], AT)
    inbox._writer.execute("PRAGMA query_only = OFF")
    inbox.append([a_row(b"b")], AT)

    assert bodies(inbox) == [b"b"]


def test_a_commit_that_failed_but_was_kept_is_kept(
    monkeypatch: pytest.MonkeyPatch, inbox: SqliteInbox
) -> None:
    """When COMMIT reports an error although the rows are there, the append has succeeded."""
    with monkeypatch.context() as patch:
        disturb(patch, inbox, is_kept=True, code="disk I/O error")
        inbox.append([a_row(b"a"), a_row(b"b")], AT)
    inbox.append([a_row(b"c")], AT)

    assert bodies(inbox) == [b"a", b"b", b"c"]


def test_a_commit_that_failed_keeps_nothing(
    monkeypatch: pytest.MonkeyPatch, inbox: SqliteInbox
) -> None:
    """When COMMIT fails and the rows are not there, the append says so and the next one works."""
    inbox.append([a_row(b"a")], AT)
    with monkeypatch.context() as patch:
        disturb(patch, inbox, is_kept=False, code="database is locked")
        with pytest.raises(InboxUnavailableError, match="database is locked"):
            inbox.append([a_row(b"lost")], AT)
    inbox.append([a_row(b"b")], AT)

    assert [(row.id, row.body) for row in inbox.read(0, 0, 9)] == [(1, b"a"), (2, b"b")]


def test_a_commit_nobody_can_look_up_is_unknown(
    monkeypatch: pytest.MonkeyPatch, inbox: SqliteInbox
) -> None:
    """When COMMIT fails and the file can't be read anew, nobody claims to know."""

    def refuse(path: Path) -> sqlite3.Connection:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        disturb(patch, inbox, is_kept=True, code="disk I/O error")
        patch.setattr(inbox_sqlite, "_connected", refuse)
        with pytest.raises(CommitUnknownError, match="its rows will tell"):
            inbox.append([a_row(b"a")], AT)

    assert bodies(inbox) == [b"a"]


def test_an_interrupted_insert_leaves_no_open_transaction(
    monkeypatch: pytest.MonkeyPatch, inbox: SqliteInbox
) -> None:
    """Whatever stops an append between its steps, the next one starts anew."""
    with monkeypatch.context() as patch:
        patch.setattr(inbox_sqlite, "reached", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            inbox.append([a_row(b"lost")], AT)
    inbox.append([a_row(b"a")], AT)

    assert bodies(inbox) == [b"a"]


def _interrupt(place: str) -> None:
    if place == "inbox.append.inserted":
        raise KeyboardInterrupt


def test_a_long_read_keeps_no_append_waiting(inbox: SqliteInbox) -> None:
    """While somebody reads, rows are appended and deleted; the reader sees what it began with."""
    inbox.append([a_row(b"a"), a_row(b"b")], AT)
    cursor = inbox._reader.execute("SELECT id FROM inbox ORDER BY id")
    first = next(cursor)

    def append_and_delete() -> None:
        inbox.append([a_row(b"c")], AT)
        inbox.delete_upto(0, 1)

    with inbox._reading:
        writer = threading.Thread(target=append_and_delete)
        writer.start()
        writer.join(timeout=10)
        assert not writer.is_alive()
    assert [first, *cursor] == [(1,), (2,)]
    assert bodies(inbox) == [b"b", b"c"]


def test_a_torn_page_is_named(tmp_path: Path) -> None:
    """Where the file itself is damaged a read gives what comes before, then names the place."""
    path = tmp_path / "inbox.sqlite"
    inbox = SqliteInbox(path)
    inbox.append([a_row(os.urandom(3_000)) for _ in range(100)], AT)
    inbox.close()
    whole = path.read_bytes()
    half = len(whole) // 2 // 4_096 * 4_096
    path.write_bytes(whole[:half] + b"\xff" * (len(whole) - half))

    inbox = SqliteInbox(path)
    last = len(inbox.read(0, 0, 1_000))
    with pytest.raises(DamagedInboxError, match=f"row {last + 1} of inbox shard 0"):
        inbox.read(0, last, 1_000)
    assert 40 < last < 60
    inbox.close()


def test_a_file_that_is_no_inbox_is_refused(tmp_path: Path) -> None:
    """Opening something else says which file, and that nothing was kept."""
    path = tmp_path / "inbox.sqlite"
    path.write_bytes(b"something else entirely, " * 100)

    with pytest.raises(
        InboxUnavailableError, match=r"inbox\.sqlite cannot be used .* restore a copy"
    ):
        SqliteInbox(path)


def test_a_file_of_the_first_version_opens(tmp_path: Path) -> None:
    """An inbox without times and batches keeps its positions and takes rows."""
    path = tmp_path / "inbox.sqlite"
    older = sqlite3.connect(path)
    older.execute(
        "CREATE TABLE inbox (id INTEGER PRIMARY KEY AUTOINCREMENT, "
        "events_count INTEGER NOT NULL, body BLOB NOT NULL)"
    )
    older.execute("INSERT INTO inbox (events_count, body) VALUES (1, x'00')")
    older.execute("DELETE FROM inbox")
    older.commit()
    older.close()

    inbox = SqliteInbox(path)
    inbox.append([a_row(b"a")], AT)

    assert [(row.id, row.body) for row in inbox.read(0, 0, 9)] == [(2, b"a")]
    assert inbox.oldest_at() == AT
    inbox.close()


def test_opening_waits_for_others_who_open(tmp_path: Path) -> None:
    """A new file that somebody else holds for a moment is opened as soon as it is let go."""
    path = tmp_path / "inbox.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    letting_go = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    letting_go.start()
    mine = sqlite3.connect(path, timeout=0)

    use_wal(mine)

    assert mine.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    letting_go.join()
    other.close()
    mine.close()
