"""The inbox in PostgreSQL: many processes append to its shards, each shard's rows in commit order.

The row of a shard is locked from the moment a position is taken to the end of the commit, and
shards are locked in ascending order: positions become visible in order, and nobody deadlocks.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import count
from time import monotonic, sleep
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from storage.fault_points import reached
from storage.inbox_row import (
    CommitUnknownError,
    InboxRow,
    InboxUnavailableError,
    NewRow,
    epoch_microseconds,
    instant_or_none,
    packed_bodies,
    rows_enough,
    unpacked_rows,
)
from storage.patience import PATIENCE

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
Got = TypeVar("Got")

FATE_SECONDS_MAX = 15.0
FATE_PAUSE_SECONDS = 0.2
ROWS_PER_FETCH = 16
# The connection failed, the server went down, or it cut a process off that stood still too long.
LOST = ("08", "57P", "25P03")
CREATION_LOCK = 0x66_62_69_6E_62_6F_78
# The promise needs a commit that is on disk, and a shard must not stay locked by a frozen host.
SESSION = """
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'
UNION ALL SELECT set_config('lock_timeout', '30s', false)
UNION ALL SELECT set_config('idle_in_transaction_session_timeout', '10s', false)
"""
# Bodies are compressed already; positions are updated in place; rows come and go all the time.
TABLES = """
CREATE SCHEMA IF NOT EXISTS inbox;
CREATE TABLE inbox.shard (
    shard integer PRIMARY KEY,
    last_id bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE inbox.waiting (
    shard integer,
    id bigint,
    events_count integer NOT NULL,
    kept_at bigint NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (shard, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE inbox.waiting ALTER body SET STORAGE EXTERNAL;
"""


class PostgresqlInbox:
    """Shards of one inbox in PostgreSQL tables (schema `inbox`), shared by many processes."""

    def __init__(self, dsn: str, shard_count: int) -> None:
        """Open the inbox, or create it; ValueError when it has another number of shards."""
        self.shard_count = shard_count
        self._conninfo = make_conninfo("", **{**PATIENCE, **conninfo_to_dict(dsn)})
        self._appending, self._asking = _Line(self._conninfo), _Line(self._conninfo)
        found = self._ask(lambda connection: _created_shard_count(connection, shard_count))
        if found != shard_count:
            self.close()
            raise ValueError(
                f"the inbox was made with {found} shards, not {shard_count}: a subscription must "
                f"stay in its shard, so keep {found}"
            )

    def append(self, rows: Sequence[NewRow], at: datetime) -> None:
        """Keep rows in one durable commit; an error other than CommitUnknownError: none kept."""
        for row in rows:
            self._expect_shard(row.shard)
        values = list(zip(rows, packed_bodies(rows), strict=True))
        if values:
            self._append(values, epoch_microseconds(at))
            reached("inbox_postgresql.append.committed")

    def read(self, shard: int, after: int, events_max: int) -> list[InboxRow]:
        """Return the oldest rows beyond `after`; DamagedInboxError at one that is torn."""
        self._expect_shard(shard)
        return unpacked_rows(
            shard, self._ask(lambda connection: _found(connection, shard, after, events_max))
        )

    def last_id(self, shard: int) -> int:
        """Return the position of the newest row the shard ever kept; 0 when there was none."""
        self._expect_shard(shard)
        return int(self._value("SELECT last_id FROM inbox.shard WHERE shard = %s", shard))

    def start_beyond(self, shard: int, mark: int) -> None:
        """Make sure that no row of the shard will ever get a position up to `mark`."""
        self._expect_shard(shard)
        sql = "UPDATE inbox.shard SET last_id = %s WHERE shard = %s AND last_id < %s"
        self._ask(lambda connection: connection.execute(sql, [mark, shard, mark]))

    def delete_upto(self, shard: int, mark: int) -> None:
        """Forget the shard's rows that the lake has committed."""
        self._expect_shard(shard)
        sql = "DELETE FROM inbox.waiting WHERE shard = %s AND id <= %s"
        reached("inbox_postgresql.delete.begun")
        self._ask(lambda connection: connection.execute(sql, [shard, mark]))
        reached("inbox_postgresql.delete.deleted")

    def waiting_count(self, shard: int | None = None) -> int:
        """Return the number of events that are not in the lake yet, of one shard or of all."""
        sql = (
            "SELECT coalesce(sum(events_count), 0) FROM inbox.waiting "
            "WHERE shard = coalesce(%s::integer, shard)"
        )
        return int(self._value(sql, shard))

    def oldest_at(self, shard: int | None = None) -> datetime | None:
        """Return when the oldest waiting row was kept; None when nothing waits."""
        sql = "SELECT min(kept_at) FROM inbox.waiting WHERE shard = coalesce(%s::integer, shard)"
        return instant_or_none(self._value(sql, shard))

    def bytes_waiting(self) -> int:
        """Return the bytes of all waiting bodies as they are stored, compressed."""
        return int(self._value("SELECT coalesce(sum(octet_length(body)), 0) FROM inbox.waiting"))

    def close(self) -> None:
        """Close the connections."""
        self._appending.close()
        self._asking.close()

    def _append(
        self, values: Sequence[tuple[NewRow, bytes]], kept_at: int, tries_left: int = 2
    ) -> None:
        transaction = None
        try:
            with self._appending.held() as connection:
                reached("inbox_postgresql.append.begun")
                transaction = _insert(connection, values, kept_at)
                reached("inbox_postgresql.append.inserted")
                connection.commit()
        except psycopg.Error as error:
            # A COMMIT without an answer may yet have been carried out.
            if transaction is not None and self._is_kept(transaction):
                return
            if tries_left == 1 or not _is_lost(error):
                raise _unavailable(error) from error
            # A connection is lost when the server was restarted: the next one may be fine.
            self._append(values, kept_at, tries_left - 1)

    def _is_kept(self, transaction: str) -> bool:
        """Ask the server on a fresh connection what became of a transaction."""
        deadline = monotonic() + FATE_SECONDS_MAX
        why = "the server does not know it"
        while monotonic() < deadline:
            try:
                with closing(_connected(self._conninfo)) as fresh:
                    fate = _fate(fresh, transaction)
            except psycopg.Error as error:
                why = str(error)
            else:
                if fate in {"committed", "aborted"}:
                    return fate == "committed"
            sleep(FATE_PAUSE_SECONDS)
        raise CommitUnknownError(
            f"PostgreSQL did not answer a commit, and what became of it cannot be asked ({why}): "
            "bring the server back and open the inbox anew, its rows will tell"
        )

    def _value(self, sql: str, *parameters: object) -> Any:  # noqa: ANN401 - as the server types it
        row = self._ask(lambda connection: connection.execute(sql, parameters).fetchone())
        return row[0] if row else None

    def _ask(self, ask: Callable[[Connection], Got], tries_left: int = 2) -> Got:
        """Run one transaction that may be repeated, on a new connection if the old one is lost."""
        try:
            with self._asking.held() as connection, connection.transaction():
                return ask(connection)
        except psycopg.Error as error:
            if tries_left == 1 or not _is_lost(error):
                raise _unavailable(error) from error
            return self._ask(ask, tries_left - 1)

    def _expect_shard(self, shard: int) -> None:
        if not 0 <= shard < self.shard_count:
            raise ValueError(f"the inbox has shards 0 to {self.shard_count - 1}, not {shard}")


class _Line:
    """One connection, held by one thread at a time; opened when needed and again once it broke."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._guard = threading.Lock()
        self._connection: Connection | None = None
        self._is_closed = False

    @contextmanager
    def held(self) -> Iterator[Connection]:
        """Give the connection; whatever goes wrong meanwhile, the next holder gets a new one."""
        with self._guard:
            if self._is_closed:
                raise psycopg.InterfaceError("the inbox has been closed")
            if self._connection is None:
                self._connection = _connected(self._conninfo)
            try:
                yield self._connection
            except BaseException:
                self._connection.close()
                self._connection = None
                raise

    def close(self) -> None:
        """Close the connection for good."""
        with self._guard:
            self._is_closed = True
            if self._connection is not None:
                self._connection.close()


def _connected(conninfo: str) -> Connection:
    connection = psycopg.connect(conninfo, autocommit=True)
    try:
        connection.execute(SESSION)
        connection.autocommit = False
    except BaseException:
        connection.close()
        raise
    return connection


def _created_shard_count(connection: Connection, shard_count: int) -> int:
    """Create tables and shards unless another process did; return how many shards there are."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [CREATION_LOCK])
    known = connection.execute("SELECT to_regclass('inbox.waiting') IS NOT NULL").fetchone()
    if known is None or not known[0]:
        connection.execute(TABLES)
        connection.execute(
            "INSERT INTO inbox.shard SELECT generate_series(0, %s - 1), 0", [shard_count]
        )
    row = connection.execute("SELECT count(*) FROM inbox.shard").fetchone()
    return int(row[0]) if row else 0


def _insert(connection: Connection, values: Sequence[tuple[NewRow, bytes]], kept_at: int) -> str:
    """Insert rows in a transaction that stays open, and return the transaction's id."""
    locked = connection.execute(
        "SELECT shard, last_id, pg_current_xact_id()::text FROM inbox.shard "
        "WHERE shard = ANY(%s) ORDER BY shard FOR UPDATE",
        [sorted({row.shard for row, _ in values})],
    ).fetchall()
    positions = {shard: count(last_id + 1) for shard, last_id, _ in locked}
    connection.cursor().executemany(
        "INSERT INTO inbox.waiting (shard, id, events_count, kept_at, body) "
        "VALUES (%s, %s, %s, %s, %b)",
        [
            (row.shard, next(positions[row.shard]), row.events_count, kept_at, body)
            for row, body in values
        ],
    )
    connection.execute(
        "UPDATE inbox.shard SET last_id = taken.upto "
        "FROM unnest(%s::integer[], %s::bigint[]) AS taken(number, upto) WHERE shard = number",
        [list(positions), [next(position) - 1 for position in positions.values()]],
    )
    return str(locked[0][2])


def _found(
    connection: Connection, shard: int, after: int, events_max: int
) -> list[tuple[int, int, bytes]]:
    with connection.cursor("inbox_rows") as cursor:
        cursor.itersize = ROWS_PER_FETCH
        cursor.execute(
            "SELECT id, events_count, body FROM inbox.waiting "
            "WHERE shard = %s AND id > %s ORDER BY id",
            [shard, after],
            binary=True,
        )
        return rows_enough(cursor, events_max)


def _fate(connection: Connection, transaction: str) -> str | None:
    """Return committed, aborted, or in progress; then the session that left it open is ended."""
    row = connection.execute("SELECT pg_xact_status(%s::xid8)", [transaction]).fetchone()
    fate = row[0] if row else None
    if fate == "in progress":
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_xid = (%s::xid8)::xid",
            [transaction],
        )
    return fate


def _is_lost(error: BaseException | None) -> bool:
    """Say whether the connection, not the statement, is at fault."""
    if not isinstance(error, psycopg.Error):
        return False
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError)
    return error.sqlstate.startswith(LOST)


def _unavailable(error: psycopg.Error) -> InboxUnavailableError:
    return InboxUnavailableError(
        f"the inbox in PostgreSQL cannot be used ({str(error).strip()}), this call kept "
        "nothing: see that the server runs, has disk space and lets this role write"
    )
