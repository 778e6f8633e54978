"""When each record of a database of Odoo was last written, asked of PostgreSQL itself."""

from typing import TypeAlias

import psycopg
from psycopg import sql

from tests.real_parts import OdooDatabase, OdooServer

# All tables but the log of who entered, which is Odoo's own.
STAMPED = """
    SELECT table_name FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name = 'write_date'
    AND table_name <> 'res_users_log' ORDER BY 1
"""
STAMP = "SELECT count(*), md5(string_agg(t.id || ' ' || t.write_date, ',' ORDER BY t.id)) FROM {} t"

Stamps: TypeAlias = dict[str, tuple[int, str | None]]


def stamps_of(server: OdooServer, inside: OdooDatabase) -> Stamps:
    """Return how many records each table has, and a digest of when each was written."""
    found: Stamps = {}
    with psycopg.connect(server.postgres.url(inside.database)) as connection:
        for (table,) in connection.execute(STAMPED).fetchall():
            named = sql.SQL(STAMP).format(sql.Identifier(table))
            (counted,) = connection.execute(named).fetchall()
            found[table] = counted
    return found


def changed(before: Stamps, after: Stamps) -> dict[str, object]:
    """Return the tables that are not as they were."""
    return {name: (before[name], after[name]) for name in after if before[name] != after[name]}
