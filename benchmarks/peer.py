"""The peer's approach: Lago's events table on PostgreSQL, read as Lago reads it.

Each subscription is a query of its own: look-up index, key test, regular expression, cast; a
sum or a maximum is followed by a second scan that counts. `at_once` is the best case instead:
one grouped query for all subscriptions.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import LiteralString

import polars as pl
import psycopg

from benchmarks.peer_table import (
    ORGANIZATION,
    READ_INDEXES,
    Connection,
    bytes_per_row,
    create_indexes,
    create_table,
)
from benchmarks.workload import MONTH_END, MONTH_START
from catalog.billable_metrics import AggregationType
from tests.real_parts import POSTGRES, PartMissingError, running_postgres

ROWS_PER_COPY = 100_000
COPY: LiteralString = (
    "COPY events (organization_id, transaction_id, code, properties, timestamp, created_at, "
    "updated_at, external_subscription_id) FROM STDIN WITH (FORMAT csv)"
)
BASE: LiteralString = (
    " FROM events WHERE organization_id = %(organization)s AND code = %(code)s "
    "AND deleted_at IS NULL AND timestamp >= %(start)s AND timestamp < %(end)s"
)
NUMERIC: LiteralString = (
    " AND properties ? 'value' AND properties ->> 'value' ~ '^-?\\d+(\\.\\d+)?$'"
)
ONE: LiteralString = " AND external_subscription_id = %(subscription)s"
COUNTED: LiteralString = "count(*)"
SUMMED: LiteralString = "sum((properties ->> 'value')::numeric)"
HIGHEST: LiteralString = "max((properties ->> 'value')::numeric)"
CHANGES: LiteralString = (
    "sum(CASE WHEN operation = before THEN 0 WHEN operation = 'add' THEN 1 ELSE -1 END)"
)


@contextmanager
def running_peer_if_any(usage: pl.DataFrame) -> Iterator[tuple["Peer | None", list[str]]]:
    """Give the peer loaded with the usage, or None where there is no PostgreSQL, and words.

    Its files lie in memory and its commits don't wait for the disk, which flatters it.
    """
    with ExitStack() as opened:
        try:
            server = opened.enter_context(running_postgres(POSTGRES.find()))
        except PartMissingError as missing:
            yield None, [f"the peer is left out: {missing.reason}; to have it: {missing.command}"]
            return
        server.create_database("peer")
        connection = opened.enter_context(psycopg.connect(server.url("peer"), autocommit=True))
        _load(connection, usage)
        size = bytes_per_row(connection)
        yield Peer(connection), [f"the peer keeps a row in {size:.0f} bytes, with two indexes"]


class Peer:
    """Answers the same questions as `quantities`, from its own table."""

    def __init__(self, connection: Connection) -> None:
        """Remember the open connection."""
        self._connection = connection

    def one_by_one(self, kind: AggregationType, subscriptions: Sequence[str]) -> dict[str, Decimal]:
        """Return the units of each subscription, asked as Lago asks."""
        return {name: self._units(kind, name) for name in subscriptions}

    def at_once(self, kind: AggregationType) -> dict[str, Decimal]:
        """Return the units of every subscription from one grouped query: the best case."""
        match kind:
            case AggregationType.UNIQUE_COUNT:
                query = _unique("", "external_subscription_id, ")
            case AggregationType.COUNT:
                query = "SELECT external_subscription_id, " + COUNTED + BASE
            case _:
                query = "SELECT external_subscription_id, " + _value(kind) + BASE + NUMERIC
        rows = self._connection.execute(
            query + " GROUP BY external_subscription_id", _parameters(kind, "")
        )
        return {name: Decimal(units) for name, units in rows.fetchall()}

    def _units(self, kind: AggregationType, subscription: str) -> Decimal:
        parameters = _parameters(kind, subscription)
        match kind:
            case AggregationType.UNIQUE_COUNT:
                return self._number(_unique(ONE, ""), parameters)
            case AggregationType.COUNT:
                return self._number("SELECT " + COUNTED + BASE + ONE, parameters)
            case _:
                value = "SELECT " + _value(kind) + BASE + ONE + NUMERIC
                units = self._number(value, parameters)
                self._number("SELECT " + COUNTED + BASE + ONE, parameters)
                return units

    def _number(self, query: LiteralString, parameters: dict[str, object]) -> Decimal:
        row = self._connection.execute(query, parameters).fetchone()
        assert row is not None
        return Decimal(row[0] or 0)


def _value(kind: AggregationType) -> LiteralString:
    return SUMMED if kind is AggregationType.SUM else HIGHEST


def _unique(narrowed: LiteralString, group: LiteralString) -> LiteralString:
    return (
        "WITH event_values AS (SELECT "  # noqa: S608 - LiteralString: constants only
        + group
        + "timestamp, properties ->> 'value' AS property, "
        "coalesce(properties ->> 'operation_type', 'add') AS operation" + BASE + narrowed + "), "
        "changes AS (SELECT " + group + "operation, lag(operation, 1, 'remove') OVER "
        "(PARTITION BY " + group + "property ORDER BY timestamp) AS before FROM event_values) "
        "SELECT " + group + CHANGES + " FROM changes"
    )


def _parameters(kind: AggregationType, subscription: str) -> dict[str, object]:
    return {
        "organization": ORGANIZATION,
        "code": str(kind),
        "subscription": subscription,
        "start": MONTH_START.replace(tzinfo=None),
        "end": MONTH_END.replace(tzinfo=None),
    }


def _load(connection: Connection, usage: pl.DataFrame) -> None:
    create_table(connection)
    at = pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    rows = usage.select(
        pl.lit(ORGANIZATION).alias("organization_id"),
        "transaction_id",
        "metric_code",
        "properties",
        at.alias("timestamp"),
        at.alias("created_at"),
        at.alias("updated_at"),
        "subscription_id",
    )
    with connection.cursor().copy(COPY) as copy:
        for piece in rows.iter_slices(ROWS_PER_COPY):
            copy.write(piece.write_csv(include_header=False))
    create_indexes(connection, READ_INDEXES)
    connection.execute("VACUUM ANALYZE events")
