"""The inbox in a real PostgreSQL: many processes, cut lines, commits of unknown end."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from storage import inbox_postgresql
from storage.inbox import CommitUnknownError, InboxUnavailableError, NewRow
from storage.inbox_postgresql import PostgresqlInbox
from tests.real_parts import PostgresServer
from tests.storage.cut_line import Cut, CutLine, cut_line

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def inbox(database_url: str) -> Iterator[PostgresqlInbox]:
    """Give an empty inbox of three shards."""
    with closing(PostgresqlInbox(database_url, 3)) as inbox:
        yield inbox


@contextmanager
def inbox_over_a_line(
    server: PostgresServer, database_url: str, cut: Cut
) -> Iterator[tuple[PostgresqlInbox, CutLine]]:
    """Open an inbox whose line is cut when it says COMMIT for the next time."""
    with cut_line((server.host, server.port), b"COMMIT", cut) as line:
        line.cuts_max = 0
        through = database_url.replace(f":{server.port}/", f":{line.port}/")
        with closing(PostgresqlInbox(through, 3)) as inbox:
            inbox.append([a_row(b"before")], AT)
            line.cuts_max = 1
            yield inbox, line


def a_row(body: bytes, shard: int = 0) -> NewRow:
    return NewRow(shard, 1, body)


def kept(inbox: PostgresqlInbox, shard: int = 0) -> list[tuple[int, bytes]]:
    return [(row.id, row.body) for row in inbox.read(shard, 0, 1_000_000)]


def cut_every_session(server: PostgresServer, database_url: str) -> None:
    end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    server.execute(end.format(sql.Literal(database_url.rpartition("/")[2])))


def test_each_shard_counts_for_itself(inbox: PostgresqlInbox) -> None:
    """Rows of one append go to their shards, and each shard has its own positions and measures."""
    inbox.append([a_row(b"a", 2), a_row(b"b", 0), a_row(b"c", 2)], AT)
    inbox.start_beyond(1, 40)
    inbox.append([a_row(b"d", 1), a_row(b"e", 0)], AT)

    assert kept(inbox, 0) == [(1, b"b"), (2, b"e")]
    assert kept(inbox, 1) == [(41, b"d")]
    assert kept(inbox, 2) == [(1, b"a"), (2, b"c")]
    inbox.delete_upto(2, 9)
    assert [inbox.waiting_count(shard) for shard in (0, 1, 2, None)] == [2, 1, 0, 3]
    assert (inbox.oldest_at(2), inbox.oldest_at(1)) == (None, AT)


def test_the_number_of_shards_stays(inbox: PostgresqlInbox, database_url: str) -> None:
    """An inbox that was made with three shards is not opened with another number."""
    with pytest.raises(ValueError, match="made with 3 shards, not 4"):
        PostgresqlInbox(database_url, 4)


def test_those_who_open_at_once_make_one_inbox(database_url: str) -> None:
    """Eight who find an empty database at the same moment all get the same inbox."""
    together = threading.Barrier(8)

    def open_and_append(number: int) -> None:
        together.wait(timeout=30)
        with closing(PostgresqlInbox(database_url, 3)) as inbox:
            inbox.append([a_row(b"%d" % number)], AT)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(open_and_append, range(8)))
    with closing(PostgresqlInbox(database_url, 3)) as inbox:
        assert [position for position, _ in kept(inbox)] == list(range(1, 9))


def test_positions_become_visible_in_order(inbox: PostgresqlInbox, database_url: str) -> None:
    """While several write to the same shards, a follower meets every position once, in order."""
    appends_count, writers_count = 40, 4

    def write(number: int) -> None:
        shards = [0, 1, 2] if number % 2 else [2, 1, 0]
        with closing(PostgresqlInbox(database_url, 3)) as own:
            for turn in range(appends_count):
                own.append([a_row(b"%d %d" % (number, turn), shard) for shard in shards], AT)

    seen: list[tuple[int, bytes]] = []
    with ThreadPoolExecutor(writers_count) as pool:
        writing = [pool.submit(write, number) for number in range(writers_count)]
        while len(seen) < appends_count * writers_count:
            after = seen[-1][0] if seen else 0
            seen += [(row.id, row.body) for row in inbox.read(1, after, 1_000)]
            if all(each.done() for each in writing):
                break
    for each in writing:
        each.result()
    seen += [(row.id, row.body) for row in inbox.read(1, seen[-1][0], 1_000)]

    assert [position for position, _ in seen] == list(range(1, appends_count * writers_count + 1))
    assert set(Counter(body for _, body in seen).values()) == {1}


def test_lost_connections_are_replaced(
    inbox: PostgresqlInbox, postgresql: PostgresServer, database_url: str
) -> None:
    """After the server ended every session, appending and reading go on without an error."""
    inbox.append([a_row(b"a")], AT)
    cut_every_session(postgresql, database_url)
    inbox.append([a_row(b"b")], AT)
    cut_every_session(postgresql, database_url)

    assert kept(inbox) == [(1, b"a"), (2, b"b")]


def test_a_commit_whose_answer_is_lost_is_kept_once(
    postgresql: PostgresServer, database_url: str
) -> None:
    """When the line breaks after COMMIT arrived, the append succeeds, its rows are there once."""
    with inbox_over_a_line(postgresql, database_url, Cut.AFTER) as (inbox, line):
        inbox.append([a_row(b"a"), a_row(b"b", 1)], AT)

        assert line.cuts_count == 1
        assert kept(inbox) == [(1, b"before"), (2, b"a")]
        assert kept(inbox, 1) == [(1, b"b")]


def test_a_kept_commit_is_known_after_its_rows_went_on(
    monkeypatch: pytest.MonkeyPatch, postgresql: PostgresServer, database_url: str
) -> None:
    """Rows that the lake took and deleted before anyone could look still count as kept."""
    flushing = PostgresqlInbox(database_url, 3)

    def deleted_first(conninfo: str) -> inbox_postgresql.Connection:
        flushing.delete_upto(0, 2)
        return connected(conninfo)

    with inbox_over_a_line(postgresql, database_url, Cut.AFTER) as (inbox, line):
        connected = inbox_postgresql._connected
        monkeypatch.setattr(inbox_postgresql, "_connected", deleted_first)
        inbox.append([a_row(b"a")], AT)

        assert (line.cuts_count, kept(inbox), inbox.last_id(0)) == (1, [], 2)
    flushing.close()


@pytest.mark.parametrize("cut", [Cut.BEFORE, Cut.SILENT])
def test_a_commit_that_never_arrived_is_made_again(
    monkeypatch: pytest.MonkeyPatch, postgresql: PostgresServer, database_url: str, cut: Cut
) -> None:
    """When COMMIT is lost on its way the rows are kept by a second try, once and in order."""
    # The server by itself would end the silent session later.
    monkeypatch.setattr(inbox_postgresql, "FATE_SECONDS_MAX", 5)
    with inbox_over_a_line(postgresql, database_url, cut) as (inbox, line):
        inbox.append([a_row(b"a")], AT)

        assert line.cuts_count == 1
        assert kept(inbox) == [(1, b"before"), (2, b"a")]


def test_commits_that_never_arrive_keep_nothing(
    postgresql: PostgresServer, database_url: str
) -> None:
    """When the second COMMIT is lost too, the append says that nothing was kept, and it is so."""
    with inbox_over_a_line(postgresql, database_url, Cut.BEFORE) as (inbox, line):
        line.cuts_max = 2
        with pytest.raises(InboxUnavailableError, match="kept nothing"):
            inbox.append([a_row(b"a")], AT)

        assert line.cuts_count == 2
        assert kept(inbox) == [(1, b"before")]


def test_a_session_ended_at_its_commit_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
    inbox: PostgresqlInbox,
    postgresql: PostgresServer,
    database_url: str,
) -> None:
    """When the server ends the session just before COMMIT, the rows are kept by a second try."""
    places: list[str] = []

    def reached(place: str) -> None:
        places.append(place)
        if place == "inbox_postgresql.append.inserted" and places.count(place) == 1:
            cut_every_session(postgresql, database_url)

    monkeypatch.setattr(inbox_postgresql, "reached", reached)
    inbox.append([a_row(b"a")], AT)

    assert places.count("inbox_postgresql.append.inserted") == 2
    assert kept(inbox) == [(1, b"a")]


def test_a_commit_nobody_can_ask_about_is_unknown(
    monkeypatch: pytest.MonkeyPatch, postgresql: PostgresServer, database_url: str
) -> None:
    """When the server stays away after COMMIT was sent, nobody claims to know; its rows tell."""
    monkeypatch.setattr(inbox_postgresql, "FATE_SECONDS_MAX", 0.5)
    with inbox_over_a_line(postgresql, database_url, Cut.AFTER) as (inbox, line):
        line.stays_down = True
        with pytest.raises(CommitUnknownError, match="its rows will tell"):
            inbox.append([a_row(b"a")], AT)
        with pytest.raises(InboxUnavailableError, match="see that the server runs"):
            inbox.append([a_row(b"b")], AT)
        line.stays_down = False

        assert kept(inbox) == [(1, b"before"), (2, b"a")]


def test_a_server_that_refuses_to_write_is_told(
    inbox: PostgresqlInbox, postgresql: PostgresServer, database_url: str
) -> None:
    """Where nothing may be written an append keeps nothing, and works once it is allowed."""
    name = sql.Identifier(database_url.rpartition("/")[2])
    change = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = {}")
    postgresql.execute(change.format(name, sql.SQL("on")))
    cut_every_session(postgresql, database_url)
    with pytest.raises(InboxUnavailableError, match="lets this role write"):
        inbox.append([a_row(b"a")], AT)
    postgresql.execute(change.format(name, sql.SQL("off")))
    inbox.append([a_row(b"b")], AT)

    assert kept(inbox) == [(1, b"b")]


def test_a_shard_left_locked_is_told(monkeypatch: pytest.MonkeyPatch, database_url: str) -> None:
    """An append that can't get at its shard gives up, keeps nothing, and says so."""
    patient = inbox_postgresql.SESSION.replace("30s", "200ms")
    monkeypatch.setattr(inbox_postgresql, "SESSION", patient)
    with (
        closing(PostgresqlInbox(database_url, 1)) as inbox,
        psycopg.connect(database_url) as other,
    ):
        other.execute("SELECT last_id FROM inbox.shard FOR UPDATE")
        with pytest.raises(InboxUnavailableError, match="lock timeout"):
            inbox.append([a_row(b"a")], AT)
        other.rollback()
        inbox.append([a_row(b"b")], AT)

        assert kept(inbox) == [(1, b"b")]


def test_every_commit_reaches_the_disk(inbox: PostgresqlInbox) -> None:
    """Even where the server commits without waiting for the disk, the inbox waits."""
    assert inbox._value("SELECT current_setting('synchronous_commit')") == "on"
