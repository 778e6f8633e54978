"""The peer's way in: Lago's insert into its events table, durable, from several connections.

A batch is one statement with a row for each event, refused rows left out; a single event is a
statement of its own. Each is a transaction that waits for the disk.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import LiteralString

import msgspec
import psycopg

from benchmarks.machine import (
    client_cores,
    family_cpu_microseconds,
    on_cores,
    server_cores,
)
from benchmarks.peer_table import (
    ALL_INDEXES,
    ORGANIZATION,
    Connection,
    bytes_per_row,
    create_indexes,
    create_table,
)
from benchmarks.raw_client import Answered
from tests.real_parts import POSTGRES, PostgresServer, running_postgres

CONNECTIONS = 8
COLUMNS: LiteralString = (
    "INSERT INTO events (organization_id, transaction_id, code, properties, timestamp, "
    "created_at, updated_at, metadata, external_subscription_id) VALUES "
)
ROW: LiteralString = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
END: LiteralString = " ON CONFLICT DO NOTHING RETURNING id"
METADATA = '{"ip_address": "10.0.0.1", "user_agent": "lago-python-client"}'
Event = dict[str, object]
Rows = tuple[LiteralString, int, list[object]]


@contextmanager
def running_writer() -> Iterator["Writer"]:
    """Give the peer on a server whose commits are durable; it has the server's core alone."""
    with ExitStack() as opened:
        with on_cores(server_cores()):
            server = opened.enter_context(running_postgres(POSTGRES.find(), keeps_promises=True))
        server.create_database("peer")
        connections = [
            opened.enter_context(psycopg.connect(server.url("peer"), autocommit=True))
            for _ in range(CONNECTIONS)
        ]
        create_table(connections[0])
        create_indexes(connections[0], ALL_INDEXES)
        yield Writer(server, connections)


@dataclass(frozen=True, slots=True)
class Writer:
    """Several connections to one table, each used by one thread."""

    server: PostgresServer
    connections: Sequence[Connection]

    def insert(self, groups: Sequence[Sequence[Event]], *, connections: int) -> Answered:
        """Insert each group with one statement and return how long each took."""
        waiting = [_rows(group) for group in groups]
        taken: list[float] = []
        refused: list[int] = []
        threads = [
            threading.Thread(target=_insert_all, args=(connection, waiting, taken, refused))
            for connection in self.connections[:connections]
        ]
        with on_cores(client_cores()):
            pid = _postmaster(self.server)
            cpu, started = family_cpu_microseconds(pid), time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            seconds = time.perf_counter() - started
            cpu = family_cpu_microseconds(pid) - cpu
        assert not refused
        assert len(taken) == len(groups)
        return Answered(seconds, taken, cpu)

    def total(self) -> tuple[int, Decimal]:
        """Return the number of rows and the sum of their values."""
        row = (
            self.connections[0]
            .execute("SELECT count(*), sum((properties ->> 'value')::numeric) FROM events")
            .fetchone()
        )
        assert row is not None
        return int(row[0]), Decimal(row[1])

    def bytes_per_row(self) -> float:
        """Return what a row takes, with its share of the indexes."""
        return bytes_per_row(self.connections[0])


def _insert_all(
    connection: Connection, waiting: list[Rows], taken: list[float], refused: list[int]
) -> None:
    """Insert what waits until nothing does; a list's pop and append are safe between threads."""
    while True:
        try:
            statement, count, parameters = waiting.pop()
        except IndexError:
            return
        started = time.perf_counter()
        kept = connection.execute(statement, parameters).fetchall()
        taken.append(time.perf_counter() - started)
        refused.extend([count - len(kept)] if len(kept) != count else [])


def _rows(group: Sequence[Event]) -> Rows:
    at = datetime.now(UTC).replace(tzinfo=None)
    parameters: list[object] = []
    for event in group:
        seconds = event["timestamp"]
        assert isinstance(seconds, int)
        parameters += [
            ORGANIZATION,
            event["transaction_id"],
            event["code"],
            msgspec.json.encode(event["properties"]).decode(),
            datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None),
            at,
            at,
            METADATA,
            event["external_subscription_id"],
        ]
    rows: LiteralString = ", ".join([ROW] * len(group))
    return COLUMNS + rows + END, len(group), parameters


def _postmaster(server: PostgresServer) -> int:
    return int((server.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
