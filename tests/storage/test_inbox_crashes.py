"""A process that dies at any place of an append or a delete leaves all of it or nothing."""

import signal
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from storage.inbox import Inbox, NewRow, open_inbox

AT = datetime(2026, 1, 1, tzinfo=UTC)
DYING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from storage.fault_points import arm
from storage.inbox import NewRow, open_inbox

place, url, folder = sys.argv[1:]
inbox = open_inbox(url, Path(folder))
arm(place)
inbox.append([NewRow(0, 1, b"a"), NewRow(0, 1, b"b")], datetime(2026, 1, 1, tzinfo=UTC))
inbox.delete_upto(0, 1)
"""
BEFORE = ["old"]
AFTER = ["old", "a", "b"]


def die_at(place: str, url: str, folder: Path) -> list[str]:
    """Return what is in an inbox of one old row after a process died at a place in it."""
    with closing(open_inbox(url, folder)) as inbox:
        inbox.append([NewRow(0, 1, b"old")], AT)
    command = [sys.executable, "-c", DYING, place, url, str(folder)]
    died = subprocess.run(command, check=False, timeout=60)
    assert died.returncode == -signal.SIGKILL
    with closing(open_inbox(url, folder)) as inbox:
        found = [row.body.decode() for row in inbox.read(0, 0, 9)]
        assert_goes_on(inbox)
    return found


def assert_goes_on(inbox: Inbox) -> None:
    last = inbox.last_id(0)
    inbox.append([NewRow(0, 1, b"next")], AT)
    assert [(row.id, row.body) for row in inbox.read(0, last, 9)] == [(last + 1, b"next")]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("inbox.append.begun", BEFORE),
        ("inbox.append.inserted", BEFORE),
        ("inbox.append.committed", AFTER),
        ("inbox.delete.begun", AFTER),
        ("inbox.delete.deleted", ["a", "b"]),
    ],
)
def test_death_in_sqlite(tmp_path: Path, place: str, found: list[str]) -> None:
    """Before the commit there is nothing of an append, after it all, and the inbox goes on."""
    assert die_at(place, "", tmp_path) == found


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ("inbox_postgresql.append.begun", BEFORE),
        ("inbox_postgresql.append.inserted", BEFORE),
        ("inbox_postgresql.append.committed", AFTER),
        ("inbox_postgresql.delete.begun", AFTER),
        ("inbox_postgresql.delete.deleted", ["a", "b"]),
    ],
)
def test_death_on_postgresql(
    database_url: str, tmp_path: Path, place: str, found: list[str]
) -> None:
    """Before the commit there is nothing of an append, after it all, and the inbox goes on."""
    assert die_at(place, database_url, tmp_path) == found
