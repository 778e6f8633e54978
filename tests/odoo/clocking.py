"""A live service beside our stand-in for Enterprise, its drafts, and a clock that tests wind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from catalog.services import InvoiceStyle
from catalog.store.accounts import accounts_by_id
from catalog.subscriptions import Subscription
from odoo_bridge.connection import OdooConnection
from odoo_bridge.invoices import SendRules, send_drafts
from odoo_bridge.odoo_value import OdooValue
from odoo_bridge.send_report import SendReport
from rating.draft_store import draft_of_id
from rating.invoice_draft import DraftLine, DraftStatus, InvoiceDraft, draft_id
from storage import tables
from storage.state import State
from tests.odoo.ordering import AT, OrderBook
from tests.odoo_bridge.makers import a_line, an_id
from tests.real_parts import OdooDatabase

STUB = "sale_subscription_stub"
DAY = "2026-11-01"
# The first instant of that day in Toronto.
CLOSING_AT = datetime(2026, 11, 1, 4, tzinfo=UTC)
SENT_AT = datetime(2026, 11, 1, 5, tzinfo=UTC)
MOVE_FIELDS = [
    *("name", "state", "amount_untaxed", "amount_tax", "x_fc_draft_id", "x_fc_service"),
    *("invoice_origin", "invoice_line_ids", "write_date", "move_type"),
]


def bill(admin: OdooDatabase) -> None:
    """Let Odoo's clock make its recurring invoices."""
    name = (STUB, "cron_recurring_invoices")
    context = {"active_test": False}
    _, cron = admin.call("ir.model.data", "check_object_reference", *name, context=context)
    admin.call("ir.cron", "method_direct_trigger", [cron])


@dataclass
class Clocked:
    """One subscription with its order; `style` says how its service's usage is invoiced."""

    book: OrderBook
    style: InvoiceStyle
    running: Subscription

    @property
    def order_id(self) -> int:
        """Return the order's id in Odoo."""
        (order,) = self.book.orders()
        return int(order["id"])

    def wind(self, day: str = DAY) -> None:
        """Set the day on which Odoo's clock bills next."""
        values = {"next_invoice_date": day}
        self.book.inside.call("sale.order", "write", [self.order_id], values)

    def draft(
        self,
        fee_cents: int = 4_900,
        usage_cents: Sequence[int] = (1_234,),
        closing_at: datetime = CLOSING_AT,
    ) -> InvoiceDraft:
        """Keep a draft of a fee and usage, closed on the day."""
        running = self.running
        lines = [a_line(fee_cents, 1, charge_code=None)] if fee_cents else []
        lines += [a_line(cents, number) for number, cents in enumerate(usage_cents, 2)]
        made = InvoiceDraft(
            id=draft_id(running.id, closing_at),
            service_code=running.service_code,
            account_id=running.account_id,
            account_external_id=running.account_external_id,
            subscription_id=running.id,
            subscription_external_id=running.external_id,
            closing_at=closing_at,
            status=DraftStatus.DRAFT,
            currency="CAD",
            amount_cents=sum(line.amount_cents for line in lines),
            lines=tuple(lines),
            rated_at=AT,
            usage_until=closing_at,
            fee_until=closing_at,
        )
        with self.book.state.write() as connection:
            run: dict[str, object] = {
                "id": an_id(f"run {made.id}"),
                "service_code": made.service_code,
            }
            run |= {"cutoff_at": AT, "watermark": "", "started_at": AT, "drafts_count": 1}
            connection.execute(sa.insert(tables.billing_run).values(run))
            values: dict[str, object] = {
                name: getattr(made, name) for name in InvoiceDraft.__slots__
            }
            values |= {"lines": _text(made.lines), "billing_run_id": run["id"]}
            connection.execute(sa.insert(tables.invoice_draft).values(values))
        return made

    def send(self, odoo: OdooConnection, at: datetime = SENT_AT) -> SendReport:
        """Send what waits."""
        code = self.running.service_code
        return send_drafts_of(self.book.state, code, self.style, odoo, at)

    def kept(self, draft: InvoiceDraft) -> InvoiceDraft:
        """Return a draft as it is now."""
        with self.book.state.read() as connection:
            found = draft_of_id(connection, draft.id)
        assert found is not None
        return found

    def moves(self) -> list[OdooValue]:
        """Return every invoice of this test's client, oldest first."""
        (order,) = self.book.orders()
        mine = [["partner_id", "=", order["partner_id"][0]], ["move_type", "!=", "entry"]]
        return list(
            self.book.inside.call("account.move", "search_read", mine, MOVE_FIELDS, order="id")
        )

    def amounts(self) -> list[float]:
        """Return the untaxed amounts of every invoice."""
        return [move["amount_untaxed"] for move in self.moves()]

    def one_time_lines(self) -> list[tuple[float, float, float]]:
        """Return quantity, price and invoiced quantity of the order's lines of usage."""
        mine = [["order_id", "=", self.order_id], ["x_fc_rated_line_id", "!=", False]]
        fields = ["product_uom_qty", "price_unit", "qty_invoiced"]
        found: list[Mapping[str, float]] = self.book.inside.call(
            "sale.order.line", "search_read", mine, fields, order="id"
        )
        return [tuple(line[name] for name in fields) for line in found]  # type: ignore[misc] # three


def send_drafts_of(
    state: State, code: str, style: InvoiceStyle, odoo: OdooConnection, at: datetime = SENT_AT
) -> SendReport:
    """Send what waits of a service."""
    with state.read() as connection:
        accounts = accounts_by_id(connection, code)
    codes = frozenset({code}) if style is InvoiceStyle.COMBINED else frozenset()
    return send_drafts(
        *(state, odoo, accounts.__getitem__),
        lambda _code: ZoneInfo("America/Toronto"),
        now=at,
        rules=SendRules(combined_codes=codes),
    )


def _text(lines: tuple[DraftLine, ...]) -> str:
    return msgspec.json.encode(lines).decode()
