"""What we remember of Odoo's ids: which partner an account bills to. Rows of the state database.

A link holds for one Odoo database only: the same number is another company elsewhere.
"""

from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.tables import odoo_link


class LinkKind(StrEnum):
    """What a link leads from: an account, or a client whom several accounts share."""

    ACCOUNT = "account"
    CLIENT = "client"


def linked_id(connection: sa.Connection, database: str, kind: LinkKind, key: str) -> int | None:
    """Return the Odoo id that a key is linked to, or None."""
    return connection.scalar(
        sa.select(odoo_link.c.odoo_id).where(
            odoo_link.c.odoo_database == database,
            odoo_link.c.kind == kind,
            odoo_link.c.key == key,
        )
    )


def keep_link(
    connection: sa.Connection, database: str, kind: LinkKind, key: str, odoo_id: int
) -> None:
    """Link a key to an Odoo id, in place of what it was linked to."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(
        insert(odoo_link)
        .values(odoo_database=database, kind=kind, key=key, odoo_id=odoo_id)
        .on_conflict_do_update(
            index_elements=["odoo_database", "kind", "key"], set_={"odoo_id": odoo_id}
        )
    )
