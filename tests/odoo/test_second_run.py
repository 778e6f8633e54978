"""A second run of anything leaves every record of a real Odoo 19 as it was, to the microsecond."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from catalog.store.services import services
from fusion_billing.billing import bill_services
from fusion_billing.catalogue import new_id
from fusion_billing.house import House
from fusion_billing.odoo import odoo_of, read_feed, send_waiting
from odoo_bridge.catalogue.reading import read_catalogue
from odoo_bridge.connection import OdooConnection
from odoo_bridge.fields import setup
from odoo_bridge.orders.syncing import sync_orders
from rating.invoice_draft import DraftStatus
from storage.feed_tables import odoo_move, odoo_move_mark
from storage.odoo_tables import odoo_order
from storage.tables import invoice_draft, odoo_link
from tests.odoo.rated_house import CLOSED_AT, a_rated_house
from tests.odoo.stamps import Stamps, changed, stamps_of
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase, OdooServer

pytestmark = pytest.mark.xdist_group("odoo")

CLIENTS = 3
FORGOTTEN = (odoo_move, odoo_move_mark, odoo_order, odoo_link)


@dataclass
class Bridge:
    """A house that billed three clients, beside an Odoo that nobody else uses."""

    house: House
    code: str
    inside: OdooDatabase
    odoo: OdooConnection
    server: OdooServer

    def run_everything(self) -> int:
        """Set up, read the catalogue, order, bill, send and post, feed; count what was sent."""
        house, state = self.house, self.house.state
        setup(entered(self.inside), dry_run=False)
        with state.read() as connection:
            known = services(connection)
        read_catalogue(state, self.odoo, known, at=CLOSED_AT, new_id=new_id)
        orders = sync_orders(state, self.odoo, known, at=CLOSED_AT)
        assert not orders.has_problems, orders
        bill_services(house, at=CLOSED_AT)
        report = send_waiting(state, self.odoo, house.settings, at=CLOSED_AT)
        assert (report.parked, report.stopped_by) == (0, None), report
        read_feed(state, self.odoo, at=CLOSED_AT + timedelta(minutes=1), sweep=True)
        return report.sent

    def forget(self) -> None:
        """Lose all that we remember of Odoo, as a restored backup of ours would."""
        with self.house.state.write() as connection:
            for table in FORGOTTEN:
                connection.execute(sa.delete(table))
            unsent = {"status": DraftStatus.DRAFT, "odoo_move_id": None}
            connection.execute(invoice_draft.update().values(unsent))

    def stamps(self) -> Stamps:
        """Return when each record of Odoo was written."""
        return stamps_of(self.server, self.inside)


@pytest.fixture
def bridge(
    odoo_server: OdooServer, integration_user: OdooDatabase, odoo_database: OdooDatabase,
    tmp_path: Path,
) -> Iterator[Bridge]:  # fmt: skip
    """Give such a house, with a plan that people keep in Odoo as well."""
    setup(entered(odoo_database), dry_run=False)
    chance = random.Random(5)
    with a_rated_house(tmp_path, integration_user, CLIENTS, chance) as (house, code):
        product = {"name": "Team", "type": "service", "list_price": 49.0, "x_fc_service": code}
        odoo_database.call("product.template", "create", product | {"x_fc_plan_code": "team"})
        odoo = odoo_of(house.settings)
        assert odoo is not None
        yield Bridge(house, code, odoo_database, odoo, odoo_server)


def test_a_second_run_of_anything_writes_nothing(bridge: Bridge) -> None:
    """Setup, catalogue, orders, bills, sending, posting and feed write once, even if forgotten."""
    assert bridge.run_everything() == CLIENTS
    first = bridge.stamps()
    assert bridge.run_everything() == 0
    second = bridge.stamps()
    bridge.forget()
    bridge.run_everything()
    third = bridge.stamps()

    assert first["sale_order"][0] == CLIENTS
    assert changed(first, second) == {}
    assert changed(first, third) == {}
