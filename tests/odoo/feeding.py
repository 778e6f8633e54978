"""What people do to invoices in a real Odoo, and looks of the feed at it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import polars as pl

from catalog.lifecycle_event import LifecycleEvent
from catalog.store import lifecycle_events, services
from odoo_bridge.change_feed.feed_report import FeedReport
from odoo_bridge.change_feed.invoice_lines import invoiced_lines, ship_invoice_lines
from odoo_bridge.change_feed.reading import read_changes
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue
from rating.invoice_draft import InvoiceDraft
from storage.lake import Lake
from tests.odoo.house import House
from tests.odoo_bridge.makers import SERVICES, a_draft


@dataclass
class Feeding:
    """A test's house whose feed has looked once, with looks a minute apart."""

    house: House
    at: datetime

    def look(self, *, sweep: bool = False, odoo: OdooConnection | None = None) -> FeedReport:
        """Look once more, a minute later."""
        self.at += timedelta(minutes=1)
        state = self.house.books.state
        with state.read() as connection:
            known = services.services(connection)
        return read_changes(state, odoo or self.house.odoo, known, at=self.at, sweep=sweep)

    def kinds(self) -> list[str]:
        """Return the kinds of all that was told, in order of the services."""
        return [event.kind for event in self.events()]

    def events(self) -> list[LifecycleEvent]:
        """Return all that was told."""
        with self.house.books.state.read() as connection:
            return [one for code in SERVICES for one in lifecycle_events.after(connection, code, 0)]

    def bodies(self, kind: str) -> list[Mapping[str, OdooValue]]:
        """Return the objects of one kind of events."""
        return [msgspec.json.decode(one.body) for one in self.events() if one.kind == kind]

    def sent(self, *amounts_cents: int, name: str = "1") -> tuple[InvoiceDraft, int]:
        """Send a draft and return it with the invoice that Odoo made of it."""
        account = self.house.account(name)
        draft = self.house.books.add(account, a_draft(account, amounts_cents or (10_000,)))
        self.house.books.send(self.house.odoo)
        move_id = self.house.books.kept(draft).odoo_move_id
        assert move_id is not None
        return draft, move_id

    def post(self, move_id: int) -> None:
        """Let a person post an invoice."""
        self.house.inside.call("account.move", "action_post", [move_id])

    def pay(self, move_id: int, amount: OdooValue) -> None:
        """Let a person register a payment."""
        context = {"active_model": "account.move", "active_ids": [move_id]}
        register = "account.payment.register"
        asked = {"amount": amount, "payment_date": datetime.now(UTC).date().isoformat()}
        wizard = self.house.inside.call(register, "create", asked, context=context)
        self.house.inside.call(register, "action_create_payments", [wizard], context=context)

    def credit(self, move_id: int) -> int:
        """Let a person credit an invoice in full and post that."""
        reversal = "account.move.reversal"
        context = {"active_model": "account.move", "active_ids": [move_id]}
        journal = self.house.inside.call("account.move", "read", [move_id], ["journal_id"])[0]
        asked = {"reason": "Wrong", "journal_id": journal["journal_id"][0]}
        wizard = self.house.inside.call(reversal, "create", asked, context=context)
        made = self.house.inside.call(reversal, "reverse_moves", [wizard])
        self.post(int(made["res_id"]))
        return int(made["res_id"])

    def price(self, move_id: int, price: OdooValue) -> None:
        """Let a person change the price of the first line."""
        (move,) = self.house.inside.call("account.move", "read", [move_id], ["invoice_line_ids"])
        change = [(1, move["invoice_line_ids"][0], {"price_unit": price})]
        self.house.inside.call("account.move", "write", [move_id], {"invoice_line_ids": change})

    def lines(self, lake: Lake) -> pl.DataFrame:
        """Ship what waits, and return the lines that count."""
        ship_invoice_lines(self.house.books.state, lake)
        return invoiced_lines(lake).sort("move_id", "line_id").collect()
