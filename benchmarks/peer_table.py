"""The peer's table: Lago's events on PostgreSQL, with the nine indexes each row is written to."""

from typing import Any, LiteralString, TypeAlias

import psycopg

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]

ORGANIZATION = "5f0a3f3c-6a52-4e63-9d2f-0a2b54c6d1aa"
TABLE: LiteralString = """
CREATE TABLE events (
    id uuid NOT NULL DEFAULT gen_random_uuid(), organization_id uuid NOT NULL, customer_id uuid,
    transaction_id text NOT NULL, code text NOT NULL, properties jsonb NOT NULL DEFAULT '{}',
    timestamp timestamp(6), created_at timestamp(6), updated_at timestamp(6),
    metadata jsonb NOT NULL DEFAULT '{}', subscription_id uuid, deleted_at timestamp(6),
    external_customer_id text, external_subscription_id text,
    precise_total_amount_cents numeric(40,15)
) WITH (autovacuum_vacuum_scale_factor = 0.005)"""
UNIQUE_INDEX: LiteralString = (
    "CREATE UNIQUE INDEX ON events (organization_id, external_subscription_id, transaction_id)"
)
LOOK_UP_INDEX: LiteralString = (
    "CREATE INDEX ON events (external_subscription_id, organization_id, code, timestamp) "
    "INCLUDE (properties) WHERE deleted_at IS NULL"
)
OTHER_INDEXES: tuple[LiteralString, ...] = (
    (
        "CREATE INDEX ON events (external_subscription_id, organization_id, timestamp) "
        "INCLUDE (code) WHERE deleted_at IS NULL"
    ),
    "CREATE INDEX ON events (created_at) WHERE deleted_at IS NULL",
    "CREATE INDEX ON events (organization_id, code)",
    "CREATE INDEX ON events (organization_id, created_at DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ON events (organization_id, timestamp DESC) WHERE deleted_at IS NULL",
    "CREATE INDEX ON events (organization_id, transaction_id) WHERE deleted_at IS NULL",
    "ALTER TABLE events ADD PRIMARY KEY (id)",
)
READ_INDEXES = (LOOK_UP_INDEX, UNIQUE_INDEX)
BILL_INDEXES = (*READ_INDEXES, OTHER_INDEXES[0])
ALL_INDEXES = (UNIQUE_INDEX, LOOK_UP_INDEX, *OTHER_INDEXES)


def create_table(connection: Connection) -> None:
    """Create the table without any index."""
    connection.execute(TABLE)


def create_indexes(connection: Connection, indexes: tuple[LiteralString, ...]) -> None:
    """Create some of its indexes."""
    for index in indexes:
        connection.execute(index)


def bytes_per_row(connection: Connection) -> float:
    """Return what a row takes, with its share of the indexes."""
    row = connection.execute(
        "SELECT pg_total_relation_size('events')::float8 / count(*) FROM events"
    ).fetchone()
    assert row is not None
    return float(row[0])
