"""The peer's approach: Lago's events table on PostgreSQL, read as Lago reads it.

Each subscription is a query of its own: look-up index, key test, regular expression, cast; a
sum or a maximum is followed by a second scan that counts. `at_once` is the best case instead:
one grouped query for all subscriptions.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from decimal import ROUND_CEILING, Decimal, localcontext
from typing import LiteralString

import polars as pl
import psycopg

from benchmarks.peer_table import (
    BILL_INDEXES,
    ORGANIZATION,
    READ_INDEXES,
    Connection,
    bytes_per_row,
    create_indexes,
    create_table,
)
from benchmarks.workload import MONTH_END, MONTH_SECONDS, MONTH_START
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
BUCKETS: LiteralString = (
    "SELECT code, jsonb_build_object() AS filters, max(created_at) FROM events "
    "WHERE organization_id = %(organization)s AND external_subscription_id = %(subscription)s "
    "AND deleted_at IS NULL AND timestamp >= %(start)s AND timestamp < %(end)s GROUP BY 1, 2"
)
COUNTED: LiteralString = "count(*)"
SUMMED: LiteralString = "sum((properties ->> 'value')::numeric)"
VALUE: LiteralString = "(properties ->> 'value')::numeric"
NEWEST: LiteralString = " ORDER BY timestamp DESC, created_at DESC LIMIT 1"
WEIGHTED_STEP = Decimal(1).scaleb(-20)
HIGHEST: LiteralString = "max((properties ->> 'value')::numeric)"
CHANGES: LiteralString = (
    "sum(CASE WHEN operation = before THEN 0 WHEN operation = 'add' THEN 1 ELSE -1 END)"
)


@contextmanager
def running_peer_if_any(
    usage: pl.DataFrame, *, for_bills: bool = False
) -> Iterator[tuple["Peer | None", list[str]]]:
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
        indexes = BILL_INDEXES if for_bills else READ_INDEXES
        _load(connection, usage, indexes)
        size = bytes_per_row(connection)
        yield (
            Peer(connection),
            [f"the peer keeps a row in {size:.0f} bytes, with {len(indexes)} indexes"],
        )


class Peer:
    """Answers the same questions as `quantities`, from its own table."""

    def __init__(self, connection: Connection) -> None:
        """Remember the open connection."""
        self._connection = connection

    def one_by_one(self, kind: AggregationType, subscriptions: Sequence[str]) -> dict[str, Decimal]:
        """Return the units of each subscription, asked as Lago asks."""
        return {name: self._units(kind, name) for name in subscriptions}

    def buckets(self, subscription: str) -> None:
        """Ask which codes a subscription used, as Lago does before it counts."""
        self._connection.execute(BUCKETS, _parameters(AggregationType.COUNT, subscription))

    def at_once(self, kind: AggregationType) -> dict[str, Decimal]:
        """Return the units of every subscription from one grouped query: the best case."""
        match kind:
            case AggregationType.UNIQUE_COUNT:
                query = _unique("", "external_subscription_id, ")
            case AggregationType.COUNT:
                query = "SELECT external_subscription_id, " + COUNTED + BASE
            case AggregationType.LATEST:
                return self._latest_at_once(kind)
            case AggregationType.WEIGHTED_SUM:
                return self._weighted_at_once(kind)
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
            case AggregationType.WEIGHTED_SUM:
                return _weighted(self._number(_level_seconds(ONE), parameters))
            case AggregationType.LATEST:
                newest = self._number("SELECT " + VALUE + BASE + ONE + NUMERIC + NEWEST, parameters)
                self._number("SELECT " + COUNTED + BASE + ONE, parameters)
                return newest
            case _:
                value = "SELECT " + _value(kind) + BASE + ONE + NUMERIC
                units = self._number(value, parameters)
                self._number("SELECT " + COUNTED + BASE + ONE, parameters)
                return units

    def _latest_at_once(self, kind: AggregationType) -> dict[str, Decimal]:
        query = (
            "SELECT DISTINCT ON (external_subscription_id) external_subscription_id, "
            + VALUE
            + BASE
            + NUMERIC
            + " ORDER BY external_subscription_id, timestamp DESC, created_at DESC"
        )
        rows = self._connection.execute(query, _parameters(kind, ""))
        return {name: Decimal(units) for name, units in rows.fetchall()}

    def _weighted_at_once(self, kind: AggregationType) -> dict[str, Decimal]:
        rows = self._connection.execute(_level_seconds_at_once(), _parameters(kind, ""))
        return {name: _weighted(Decimal(number)) for name, number in rows.fetchall()}

    def _number(self, query: LiteralString, parameters: dict[str, object]) -> Decimal:
        row = self._connection.execute(query, parameters).fetchone()
        assert row is not None
        return Decimal(row[0] or 0)


def _weighted(level_seconds: Decimal) -> Decimal:
    """Return a level's seconds as a share of the month, rounded up at 20 decimals (Lago)."""
    with localcontext(prec=60):
        units = level_seconds / Decimal(MONTH_SECONDS)
        return units.quantize(WEIGHTED_STEP, ROUND_CEILING)


def _level_seconds(narrowed: LiteralString) -> LiteralString:
    """Return Lago's query of a weighted sum, before its division."""
    return (
        "WITH changes AS ("  # noqa: S608 - LiteralString: constants only
        "SELECT %(start)s::timestamp AS timestamp, 0::numeric AS difference UNION ALL "
        "SELECT timestamp, " + VALUE + BASE + narrowed + NUMERIC + " UNION ALL "
        "SELECT %(end)s::timestamp, 0::numeric), levels AS ("
        "SELECT sum(difference) OVER (ORDER BY timestamp) AS level, extract(epoch FROM "
        "lead(timestamp, 1, %(end)s::timestamp) OVER (ORDER BY timestamp) - timestamp) AS seconds "
        "FROM changes) SELECT sum(CASE WHEN seconds = 0 THEN 0 ELSE level * seconds END) "
        "FROM levels"
    )


def _level_seconds_at_once() -> LiteralString:
    return (
        "WITH changes AS ("  # noqa: S608 - LiteralString: constants only
        "SELECT external_subscription_id, timestamp, " + VALUE + " AS difference"
        + BASE + NUMERIC + "), levels AS ("
        "SELECT external_subscription_id, sum(difference) OVER own AS level, extract(epoch FROM "
        "lead(timestamp, 1, %(end)s::timestamp) OVER own - timestamp) AS seconds FROM changes "
        "WINDOW own AS (PARTITION BY external_subscription_id ORDER BY timestamp)) "
        "SELECT external_subscription_id, sum(CASE WHEN seconds = 0 THEN 0 ELSE level * seconds "
        "END) FROM levels GROUP BY external_subscription_id"
    )  # fmt: skip


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


def _load(connection: Connection, usage: pl.DataFrame, indexes: tuple[LiteralString, ...]) -> None:
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
    create_indexes(connection, indexes)
    connection.execute("VACUUM ANALYZE events")
