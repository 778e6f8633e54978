"""The products as last read: rows of the state database, one for each, and how far was read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from odoo_bridge.catalogue.product import CatalogueProduct, SeenProduct
from storage.odoo_tables import odoo_catalogue_mark, odoo_product

_DECODER = msgspec.json.Decoder(CatalogueProduct)


@dataclass(frozen=True, slots=True)
class CatalogueMark:
    """The newest `write_date` that was read, by Odoo's clock, and when all was read, by ours."""

    read_until: datetime
    swept_at: datetime


def seen_products(connection: sa.Connection, database: str) -> dict[int, SeenProduct]:
    """Return every product of a database that says, or said, something of a catalogue."""
    rows = connection.execute(
        sa.select(odoo_product).where(odoo_product.c.odoo_database == database)
    )
    return {
        row.product_id: SeenProduct(
            product=_DECODER.decode(row.body),
            changed_at=row.changed_at,
            problem=row.problem,
            problem_since=row.problem_since,
            noted_at=row.noted_at,
        )
        for row in rows
    }


def keep_seen(connection: sa.Connection, database: str, seen: Iterable[SeenProduct]) -> None:
    """Write products over their rows."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    for one in seen:
        values = {
            "body": msgspec.json.encode(one.product).decode(),
            "changed_at": one.changed_at,
            "problem": one.problem,
            "problem_since": one.problem_since,
            "noted_at": one.noted_at,
        }
        connection.execute(
            insert(odoo_product)
            .values(odoo_database=database, product_id=one.product.product_id, **values)
            .on_conflict_do_update(index_elements=["odoo_database", "product_id"], set_=values)
        )


def forget_seen(connection: sa.Connection, database: str, product_ids: Collection[int]) -> None:
    """Delete the rows of products that are gone, or say nothing any more."""
    connection.execute(
        sa.delete(odoo_product).where(
            odoo_product.c.odoo_database == database, odoo_product.c.product_id.in_(product_ids)
        )
    )


def catalogue_mark(connection: sa.Connection, database: str) -> CatalogueMark | None:
    """Return how far a database was read, or None when it never was."""
    row = connection.execute(
        sa.select(odoo_catalogue_mark).where(odoo_catalogue_mark.c.odoo_database == database)
    ).one_or_none()
    return None if row is None else CatalogueMark(row.read_until, row.swept_at)


def keep_mark(connection: sa.Connection, database: str, mark: CatalogueMark) -> None:
    """Remember how far a database was read."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    values = {"read_until": mark.read_until, "swept_at": mark.swept_at}
    connection.execute(
        insert(odoo_catalogue_mark)
        .values(odoo_database=database, **values)
        .on_conflict_do_update(index_elements=["odoo_database"], set_=values)
    )
