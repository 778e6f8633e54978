"""The peer's approach: Lago's events table on PostgreSQL, read as Lago reads it.

Each subscription is a query of its own: look-up index, key test, regular expression, cast; a
sum or a maximum is followed by a second scan that counts. `at_once` is the best case instead:
one grouped query for all subscriptions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, LiteralString

import polars as pl
import psycopg

from benchmarks.workload import MONTH_END, MONTH_START
from catalog.billable_metrics import AggregationType
from tests.real_parts import POSTGRES, running_postgres

ORGANIZATION = "5f0a3f3c-6a52-4e63-9d2f-0a2b54c6d1aa"
ROWS_PER_COPY = 100_000
TABLE: LiteralString = """
CREATE TABLE events (
    id uuid, organization_id uuid NOT NULL, customer_id uuid, transaction_id text NOT NULL,
    code text NOT NULL, properties jsonb NOT NULL DEFAULT '{}', timestamp timestamp(6),
    created_at timestamp(6), updated_at timestamp(6), metadata jsonb NOT NULL DEFAULT '{}',
    subscription_id uuid, deleted_at timestamp(6), external_customer_id text,
    external_subscription_id text, precise_total_amount_cents numeric(40,15)
)"""
COPY: LiteralString = (
    "COPY events (id, organization_id, transaction_id, code, properties, timestamp, created_at, "
    "updated_at, external_subscription_id) FROM STDIN WITH (FORMAT csv)"
)
INDEXES: tuple[LiteralString, ...] = (
    (
        "CREATE INDEX ON events (external_subscription_id, organization_id, code, timestamp) "
        "INCLUDE (properties) WHERE deleted_at IS NULL"
    ),
    "CREATE UNIQUE INDEX ON events (organization_id, external_subscription_id, transaction_id)",
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
def running_peer(usage: pl.DataFrame) -> Iterator["Peer"]:
    """Give the peer, loaded with the usage; PartMissingError when there is no PostgreSQL.

    Its files lie in memory and its commits don't wait for the disk, which flatters it.
    """
    with running_postgres(POSTGRES.find()) as server:
        server.create_database("peer")
        with psycopg.connect(server.url("peer"), autocommit=True) as connection:
            _load(connection, usage)
            yield Peer(connection)


class Peer:
    """Answers the same questions as `quantities`, from its own table."""

    def __init__(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
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


def _load(connection: "psycopg.Connection[tuple[Any, ...]]", usage: pl.DataFrame) -> None:
    connection.execute(TABLE)
    at = pl.col("occurred_at").dt.strftime("%Y-%m-%d %H:%M:%S%.6f")
    rows = usage.select(
        "event_id",
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
    for index in INDEXES:
        connection.execute(index)
    connection.execute("VACUUM ANALYZE events")
