"""An inbox keeps rows durably and in order, and never gives a position twice, in both forms."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from storage import inbox_row
from storage.inbox import (
    DamagedInboxError,
    Inbox,
    InboxRow,
    InboxUnavailableError,
    NewRow,
    SqliteInbox,
    open_inbox,
)
from storage.inbox_postgresql import PostgresqlInbox

AT = datetime(2026, 3, 8, 6, 59, 59, 123456, tzinfo=UTC)
Opener: TypeAlias = Callable[[], Inbox]


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Give a function that opens the same inbox each time it is called."""
    on_postgresql = request.param == "postgresql"
    url = str(request.getfixturevalue("database_url")) if on_postgresql else ""
    return lambda: open_inbox(url, tmp_path)


@pytest.fixture
def inbox(opener: Opener) -> Iterator[Inbox]:
    """Give an empty inbox of one shard."""
    inbox = opener()
    yield inbox
    inbox.close()


def a_row(body: bytes, events_count: int = 1, shard: int = 0) -> NewRow:
    return NewRow(shard, events_count, body)


def damage(inbox: Inbox, position: int, packed: bytes) -> None:
    """Change the stored body at a position behind the inbox's back."""
    if isinstance(inbox, SqliteInbox):
        inbox._writer.execute("UPDATE inbox SET body = ? WHERE id = ?", [packed, position])
    elif isinstance(inbox, PostgresqlInbox):
        sql = "UPDATE inbox.waiting SET body = %s WHERE id = %s"
        inbox._ask(lambda connection: connection.execute(sql, [packed, position]))


def test_rows_come_back_in_order(inbox: Inbox) -> None:
    """Rows are read in the order in which they were kept, with their bodies."""
    inbox.append([a_row(b"first"), a_row(b"second", 2)], AT)
    inbox.append([a_row(b"", 3)], AT)

    assert inbox.read(0, after=0, events_max=100) == [
        InboxRow(1, 1, b"first"),
        InboxRow(2, 2, b"second"),
        InboxRow(3, 3, b""),
    ]


def test_a_read_stops_near_its_limit(inbox: Inbox) -> None:
    """A read gives whole rows until the limit of events is reached, and always one row."""
    inbox.append([a_row(b"a", 5), a_row(b"b", 5), a_row(b"c", 5)], AT)

    assert len(inbox.read(0, after=0, events_max=5)) == 1
    assert len(inbox.read(0, after=0, events_max=6)) == 2
    assert len(inbox.read(0, after=2, events_max=1)) == 1


def test_a_read_stops_near_its_bytes(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read gives whole rows until their bodies, unpacked, reach the limit; always one row."""
    monkeypatch.setattr(inbox_row, "BYTES_PER_READING", 1_000)
    inbox.append([a_row(b"a" * 500), a_row(b"b" * 499), a_row(b"c"), a_row(b"d" * 2_000)], AT)

    assert [row.id for row in inbox.read(0, after=0, events_max=9)] == [1, 2, 3]
    assert [row.id for row in inbox.read(0, after=1, events_max=9)] == [2, 3, 4]
    assert [row.id for row in inbox.read(0, after=3, events_max=9)] == [4]


def test_many_rows_are_read_at_once(inbox: Inbox) -> None:
    """A read longer than one fetch from the database still gives every row."""
    inbox.append([a_row(str(number).encode()) for number in range(100)], AT)

    assert [row.body for row in inbox.read(0, 0, 1_000)] == [b"%d" % each for each in range(100)]


def test_positions_are_never_reused(opener: Opener) -> None:
    """After rows are deleted and the inbox is opened anew, the next position is still higher."""
    inbox = opener()
    inbox.append([a_row(b"a"), a_row(b"b")], AT)
    inbox.delete_upto(0, 2)
    inbox.close()

    inbox = opener()
    assert inbox.last_id(0) == 2
    inbox.append([a_row(b"c")], AT)
    assert [row.id for row in inbox.read(0, after=0, events_max=9)] == [3]
    assert inbox.last_id(0) == 3
    inbox.close()


def test_a_new_inbox_starts_beyond_the_lake(inbox: Inbox) -> None:
    """A fresh inbox beside an old lake hands out positions the lake has not seen."""
    assert inbox.last_id(0) == 0
    inbox.start_beyond(0, 70)
    inbox.append([a_row(b"a")], AT)
    inbox.start_beyond(0, 3)
    inbox.append([a_row(b"b")], AT)

    assert [row.id for row in inbox.read(0, after=0, events_max=9)] == [71, 72]


def test_what_waits_is_measured(inbox: Inbox) -> None:
    """Events, age and stored bytes of what waits are known, and empty when nothing waits."""
    assert (inbox.waiting_count(), inbox.oldest_at(), inbox.bytes_waiting()) == (0, None, 0)
    inbox.append([a_row(b"a" * 5_000, 2)], AT)
    inbox.append([a_row(b"b", 5)], AT + timedelta(seconds=9))

    assert (inbox.waiting_count(), inbox.waiting_count(0)) == (7, 7)
    assert (inbox.oldest_at(), inbox.oldest_at(0)) == (AT, AT)
    assert 0 < inbox.bytes_waiting() < 1_000
    inbox.delete_upto(0, 1)
    assert (inbox.waiting_count(), inbox.oldest_at()) == (5, AT + timedelta(seconds=9))


def test_an_append_of_nothing_changes_nothing(inbox: Inbox) -> None:
    """No rows, no position."""
    inbox.append([], AT)

    assert inbox.last_id(0) == 0


def test_a_body_has_a_largest_size(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body at the limit is kept, one byte more is refused and nothing of its append is kept."""
    monkeypatch.setattr(inbox_row, "BODY_BYTES_MAX", 1_000)
    inbox.append([a_row(b"x" * 1_000)], AT)

    with pytest.raises(ValueError, match="1000 bytes at most, not 1001"):
        inbox.append([a_row(b"a"), a_row(b"x" * 1_001)], AT)
    assert [len(row.body) for row in inbox.read(0, 0, 9)] == [1_000]


def test_a_shard_that_is_not_there_is_refused(inbox: Inbox) -> None:
    """Appending to or reading from an unknown shard names the mistake and keeps nothing."""
    with pytest.raises(ValueError, match="not 1"):
        inbox.append([a_row(b"a"), a_row(b"b", shard=1)], AT)
    with pytest.raises(ValueError, match="not 1"):
        inbox.read(1, 0, 1)

    assert inbox.last_id(0) == 0


@pytest.mark.parametrize("torn", ["cut", "flipped", "foreign", "huge"])
def test_a_damaged_row_is_named(inbox: Inbox, torn: str) -> None:
    """Rows before a damaged one are read; at the damaged one its position is named."""
    inbox.append([a_row(b"a"), a_row(b"b" + bytes(range(256))), a_row(b"c")], AT)
    (packed,) = inbox_row.packed_bodies([a_row(bytes(range(256)))])
    bodies = {
        "cut": packed[:-6],
        "flipped": packed[:100] + bytes([packed[100] ^ 1]) + packed[101:],
        "foreign": b"no body at all",
        # A frame's header with a content size of eight bytes, all of them set.
        "huge": packed[:4] + b"\xe0" + b"\xfe" * 8 + packed[6:],
    }
    damage(inbox, 2, bodies[torn])

    assert [row.body for row in inbox.read(0, after=0, events_max=9)] == [b"a"]
    with pytest.raises(DamagedInboxError, match="row 2 of inbox shard 0") as caught:
        inbox.read(0, after=1, events_max=9)
    assert (caught.value.shard, caught.value.position) == (0, 2)
    assert [row.body for row in inbox.read(0, after=2, events_max=9)] == [b"c"]


def test_a_closed_inbox_refuses(opener: Opener) -> None:
    """After closing, which may be done twice, every call says that the inbox cannot be used."""
    inbox = opener()
    inbox.close()
    inbox.close()

    with pytest.raises(InboxUnavailableError, match="closed"):
        inbox.append([a_row(b"a")], AT)
    with pytest.raises(InboxUnavailableError, match="closed"):
        inbox.waiting_count()


def test_the_url_chooses_the_form(tmp_path: Path) -> None:
    """No URL, or a SQLite URL of the state, means a file of its own with one shard."""
    for url in ("", "sqlite:///elsewhere.sqlite"):
        inbox = open_inbox(url, tmp_path)
        assert (inbox.shard_count, (tmp_path / "inbox.sqlite").exists()) == (1, True)
        inbox.close()
    with pytest.raises(ValueError, match="need PostgreSQL"):
        open_inbox("", tmp_path, shard_count=2)
    with pytest.raises(ValueError, match="cannot live in mysql"):
        open_inbox("mysql://somewhere/x", tmp_path)
