"""What we remember of orders in Odoo: intended, settled, parked. Rows of the state database."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from odoo_bridge.connection import OdooConnection
from odoo_bridge.orders.wanted_order import WantedOrder
from storage.odoo_tables import odoo_order
from storage.tables import invoice_draft, subscription


@dataclass(frozen=True, slots=True)
class OdooOrder:
    """An order as Odoo has it; invoices are tied to it by their lines naming the note."""

    order_id: int
    name: str
    note_line_id: int


@dataclass(frozen=True, slots=True)
class KeptOrder:
    """One row: no `order` is only intended, `settled_as` is what it was settled to say."""

    order: OdooOrder | None
    settled_as: str | None
    problem: str | None

    @property
    def is_in_hand(self) -> bool:
        """Say whether a run makes or changes it, or died over it: nobody knows what Odoo has."""
        return self.settled_as is None and self.problem is None


def order_of(
    connection: sa.Connection, odoo: OdooConnection, subscription_id: str
) -> OdooOrder | None:
    """Return the order that a subscription's invoices belong to, or None while it has none.

    Asks the state database only, never Odoo: fit to be called inside a transaction.
    """
    found = kept_order_of(connection, odoo, subscription_id)
    return None if found is None else found[1].order


def kept_order_of(
    connection: sa.Connection, odoo: OdooConnection, subscription_id: str
) -> tuple[str, KeptOrder] | None:
    """Return the name and the row of such an order, settled or only intended; None for none."""
    key = _first_subscription_id(connection, subscription_id)
    row = connection.execute(
        sa.select(odoo_order).where(
            odoo_order.c.odoo_database == odoo.settings.database,
            odoo_order.c.first_subscription_id == key,
        )
    ).one_or_none()
    return None if row is None else (key, _kept(row))


def kept_orders(
    connection: sa.Connection, database: str, service_code: str
) -> dict[str, KeptOrder]:
    """Return every order of a service in one database of Odoo, by its first subscription."""
    rows = connection.execute(
        sa.select(odoo_order).where(
            odoo_order.c.odoo_database == database, odoo_order.c.service_code == service_code
        )
    )
    return {row.first_subscription_id: _kept(row) for row in rows}


def hold_order(connection: sa.Connection, database: str, key: str) -> KeptOrder | None:
    """Return an order that nobody else takes in hand until this transaction ends; or None."""
    row = connection.execute(
        sa.select(odoo_order)
        .where(odoo_order.c.odoo_database == database, odoo_order.c.first_subscription_id == key)
        .with_for_update()
    ).one_or_none()
    return None if row is None else _kept(row)


def intend(connection: sa.Connection, database: str, wanted: WantedOrder, at: datetime) -> None:
    """Remember that an order is about to be made or changed, before Odoo hears of it."""
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    connection.execute(
        insert(odoo_order)
        .values(
            odoo_database=database,
            first_subscription_id=wanted.key,
            service_code=wanted.plan.service_code,
            subscription_id=wanted.succession.current.id,
            updated_at=at,
        )
        .on_conflict_do_update(
            index_elements=["odoo_database", "first_subscription_id"],
            set_={"problem": None, "settled_as": None, "updated_at": at},
        )
    )


def latest_closing(connection: sa.Connection, wanted: WantedOrder) -> datetime | None:
    """Return the last closing of which an order's subscriptions have a draft, or None."""
    ids = [one.id for one in wanted.succession.members]
    found: datetime | None = connection.scalar(
        sa.select(sa.func.max(invoice_draft.c.closing_at)).where(
            invoice_draft.c.subscription_id.in_(ids)
        )
    )
    return found


def settle(
    connection: sa.Connection,
    database: str,
    wanted: WantedOrder,
    order: OdooOrder | None,
    at: datetime,
) -> None:
    """Remember that Odoo has the order as it is wanted; None keeps what was known of it."""
    known = {} if order is None else {"order_id": order.order_id, "name": order.name}
    known |= {} if order is None else {"note_line_id": order.note_line_id}
    values = {
        "subscription_id": wanted.succession.current.id,
        "settled_as": wanted.settled_as,
        "problem": None,
        "updated_at": at,
    }
    _update(connection, database, wanted.key, known | values)


def park_order(
    connection: sa.Connection, database: str, wanted: WantedOrder, problem: str, at: datetime
) -> None:
    """Remember why an order is not as it is wanted; the next run tries again."""
    _update(connection, database, wanted.key, {"problem": problem, "updated_at": at})


def _update(connection: sa.Connection, database: str, key: str, values: dict[str, object]) -> None:
    connection.execute(
        sa.update(odoo_order)
        .where(odoo_order.c.odoo_database == database, odoo_order.c.first_subscription_id == key)
        .values(values)
    )


def _first_subscription_id(connection: sa.Connection, subscription_id: str) -> str:
    """Return the subscription that a succession goes back to."""
    key, seen = subscription_id, {subscription_id}
    while True:
        previous = connection.scalar(
            sa.select(subscription.c.previous_id).where(subscription.c.id == key)
        )
        if previous is None or previous in seen:
            return key
        key = previous
        seen.add(key)


def _kept(row: sa.Row[tuple[object, ...]]) -> KeptOrder:
    is_known = row.order_id is not None and row.note_line_id is not None
    order = OdooOrder(row.order_id, row.name, row.note_line_id) if is_known else None
    return KeptOrder(order, row.settled_as, row.problem)
