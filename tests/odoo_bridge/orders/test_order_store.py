"""What is remembered of orders: intended, settled, found by any of its subscriptions."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store.plans import add_plan
from catalog.store.subscriptions import add_subscription
from odoo_bridge.connection import OdooConnection, OdooSettings
from odoo_bridge.orders.order_store import (
    OdooOrder,
    intend,
    kept_orders,
    order_of,
    park_order,
    settle,
)
from storage import tables
from storage.state import State
from tests.odoo_bridge.makers import Books, an_account
from tests.odoo_bridge.orders.makers import AT, ENDED, a_plan, a_subscription, wanted

ODOO = OdooConnection(OdooSettings("http://127.0.0.1:1", "books", "bridge", "x"))
OTHER = OdooConnection(OdooSettings("http://127.0.0.1:1", "other", "bridge", "x"))
ORDER = OdooOrder(5, "S00005", 9)
FIRST = a_subscription("one", status=ENDED)
SECOND = a_subscription("two", "one", plan_code="solo")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """Provide a state database with two subscriptions, the second following the first."""
    books = Books(tmp_path)
    account = asdict(an_account("acme")) | {"id": "a"}
    with books.state.write() as connection:
        connection.execute(sa.insert(tables.account).values(account))
        add_plan(connection, a_plan("team"))
        add_plan(connection, a_plan("solo"))
        add_subscription(connection, FIRST)
        add_subscription(connection, SECOND)
    yield books.state
    books.state.close()


def test_an_order_is_found_by_each_of_its_subscriptions(state: State) -> None:
    """Invoices of the earlier and of the later plan belong to one order, in one database only."""
    order = wanted(FIRST, SECOND)
    with state.write() as connection:
        intend(connection, "books", order, AT)
        intended = order_of(connection, ODOO, "two")
        settle(connection, "books", order, ORDER, AT)

        assert intended is None
        assert order_of(connection, ODOO, "one") == order_of(connection, ODOO, "two") == ORDER
        assert order_of(connection, OTHER, "two") is None
        assert order_of(connection, ODOO, "unknown") is None


def test_a_problem_forgets_nothing(state: State) -> None:
    """A parked order keeps its place in Odoo, to be settled anew, which clears the problem."""
    order = wanted(FIRST, SECOND)
    with state.write() as connection:
        intend(connection, "books", order, AT)
        settle(connection, "books", order, ORDER, AT)
        intend(connection, "books", order, AT)
        park_order(connection, "books", order, "no", AT)
        parked = kept_orders(connection, "books", "nexadesk")["one"]
        settle(connection, "books", order, None, AT)
        settled = kept_orders(connection, "books", "nexadesk")["one"]

    assert (parked.order, parked.problem, parked.settled_as) == (ORDER, "no", None)
    assert not parked.is_in_hand
    assert (settled.order, settled.problem) == (ORDER, None)
    assert settled.settled_as == order.settled_as
