"""A closed period of two services beside a real Odoo, and everything the bridge does with it.

Known in the parent's memory, so that forked lives need only open the books.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.accounts import Account
from catalog.services import Service, ServiceMode
from catalog.store.accounts import accounts_by_id
from catalog.store.services import services
from odoo_bridge.change_feed.feed_report import FeedReport
from odoo_bridge.change_feed.reading import read_changes
from odoo_bridge.connection import OdooConnection
from odoo_bridge.invoices import SendRules, send_drafts
from odoo_bridge.orders.syncing import OrdersReport, sync_orders
from odoo_bridge.send_report import SendReport
from rating.draft_store import insert_draft
from rating.invoice_draft import InvoiceDraft, draft_id
from storage.state import State, open_state
from storage.tables import billing_run
from tests.odoo.ordering import AT, OrderBook
from tests.odoo_bridge.makers import CLOSING_AT, NOW, a_draft, a_line
from tests.real_parts import OdooDatabase

TORONTO = ZoneInfo("America/Toronto")
# Each of the first eights of clients has a charge that no earlier client had, and so a new product.
CLIENTS_PER_CHARGE = 8
CHARGES = 8


@dataclass
class PeriodWorld:
    """Books of two services: the first has orders and posts nothing, the second posts."""

    folder: Path
    tag: str
    services: Sequence[Service]
    posting: frozenset[str]
    accounts: dict[str, Account] = field(default_factory=dict)
    drafts: list[InvoiceDraft] = field(default_factory=list)

    def opened(self) -> State:
        """Open the books."""
        return open_state("", self.folder)

    def send(self, state: State, odoo: OdooConnection, limit: int = 1000) -> SendReport:
        """Send what waits."""
        rules = SendRules(posting_codes=self.posting)
        return send_drafts(
            *(state, odoo, self.accounts.__getitem__, lambda _code: TORONTO),
            now=NOW,
            rules=rules,
            limit=limit,
        )

    def sync(self, state: State, odoo: OdooConnection, limit: int = 1000) -> OrdersReport:
        """Make the orders of the first service."""
        at = AT + timedelta(minutes=1)
        return sync_orders(state, odoo, self.services[:1], at=at, limit=limit)

    def look(self, state: State, odoo: OdooConnection, *, sweep: bool = False) -> FeedReport:
        """Let the feed look once."""
        return read_changes(state, odoo, self.services, at=datetime.now(UTC), sweep=sweep)


def a_closed_period(
    inside: OdooDatabase, folder: Path, clients: int, lines_count: int = 2
) -> PeriodWorld:
    """Return books in which each client has used both services, nothing of it sent."""
    book = OrderBook(inside, folder, ServiceMode.LIVE)
    other = book.another_service()
    with book.state.read() as connection:
        known = [one for one in services(connection) if one.code in (book.tag, other.code)]
    known.sort(key=lambda one: one.code)
    world = PeriodWorld(folder, book.tag, known, frozenset({known[1].code}))
    for service in world.services:
        _use(world, book, service, clients, lines_count)
    book.state.close()
    return world


def _use(
    world: PeriodWorld, book: OrderBook, service: Service, clients: int, lines_count: int
) -> None:
    plan = book.plan("team", 4900, service=service)
    used = [book.subscribe(plan, f"client{number}") for number in range(clients)]
    with book.state.write() as connection:
        known = accounts_by_id(connection, service.code, {one.account_id for one in used})
        run_id = f"run-{service.code}"
        run = {"id": run_id, "service_code": service.code, "cutoff_at": NOW}
        run |= {"watermark": "", "started_at": NOW, "drafts_count": clients}
        connection.execute(sa.insert(billing_run).values(run))
        for number, one in enumerate(used):
            own = a_line(100 + number, 2, f"own{number // CLIENTS_PER_CHARGE % CHARGES}")
            more = [a_line(100 + number, place, f"c{place}") for place in range(3, lines_count + 1)]
            made = a_draft(known[one.account_id], lines=[a_line(4900, 1, None), own, *more])
            draft = replace(
                made,
                id=draft_id(one.id, CLOSING_AT),
                subscription_id=one.id,
                subscription_external_id=one.external_id,
            )
            insert_draft(connection, draft, run_id)
            world.drafts.append(draft)
    world.accounts |= known
