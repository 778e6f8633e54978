"""The inbox keeps pushes durably and in order, and never gives a position twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.inbox import Inbox


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """Give an empty inbox."""
    inbox = Inbox(tmp_path / "inbox.sqlite")
    yield inbox
    inbox.close()


def test_pushes_come_back_in_order(inbox: Inbox) -> None:
    """Rows are read in the order in which they were kept, with their bodies."""
    inbox.append([(1, b"first"), (2, b"second")])
    inbox.append([(3, b"third")])

    rows = inbox.read(after=0, events_max=100)
    assert [(row.id, row.events_count, row.body) for row in rows] == [
        (1, 1, b"first"),
        (2, 2, b"second"),
        (3, 3, b"third"),
    ]


def test_a_read_stops_near_its_limit(inbox: Inbox) -> None:
    """A read gives whole rows until the limit of events is reached, and always one row."""
    inbox.append([(5, b"a"), (5, b"b"), (5, b"c")])

    assert len(inbox.read(after=0, events_max=5)) == 1
    assert len(inbox.read(after=0, events_max=6)) == 2
    assert len(inbox.read(after=2, events_max=1)) == 1


def test_positions_are_never_reused(inbox: Inbox) -> None:
    """After rows are deleted the next position is still higher."""
    inbox.append([(1, b"a"), (1, b"b")])
    inbox.delete_upto(2)
    inbox.append([(1, b"c")])

    assert [row.id for row in inbox.read(after=0, events_max=9)] == [3]
    assert inbox.last_id() == 3


def test_a_new_inbox_starts_beyond_the_lake(inbox: Inbox) -> None:
    """A fresh inbox beside an old lake hands out positions the lake has not seen."""
    inbox.start_beyond(70)
    inbox.append([(1, b"a")])
    inbox.start_beyond(3)
    inbox.append([(1, b"b")])

    assert [row.id for row in inbox.read(after=0, events_max=9)] == [71, 72]


def test_waiting_events_are_counted(inbox: Inbox) -> None:
    """The number of waiting events is the sum over rows."""
    inbox.append([(2, b"a"), (5, b"b")])

    assert inbox.waiting_count() == 7
