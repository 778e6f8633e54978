"""Makers of what Odoo reads of our moves, and of looks at it."""

from datetime import datetime, timedelta

from catalog.store import lifecycle_events, services
from odoo_bridge.change_feed.feed_report import FeedReport
from odoo_bridge.change_feed.reading import read_changes
from odoo_bridge.connection import OdooConnection
from odoo_bridge.odoo_value import OdooValue, from_odoo_instant
from tests.odoo_bridge.makers import NOW, SERVICES, Books

WRITTEN_AT = "2026-12-01 10:00:00"


def a_read(move_id: int, **changed: OdooValue) -> dict[str, OdooValue]:
    """Return a posted invoice of 100.00 and tax as Odoo reads it."""
    read = {
        "id": move_id,
        "name": f"INV/2026/{move_id:05}",
        "state": "posted",
        "move_type": "out_invoice",
        "payment_state": "not_paid",
        "sequence_number": move_id,
        "ref": False,
        "invoice_date": "2026-12-01",
        "invoice_date_due": "2026-12-31",
        "date": "2026-12-01",
        "currency_id": [4, "CAD"],
        "create_date": WRITTEN_AT,
        "write_date": WRITTEN_AT,
        "amount_untaxed": 100.0,
        "amount_tax": 0.0,
        "amount_total": 100.0,
        "amount_residual": 100.0,
        "reversed_entry_id": False,
        "x_fc_draft_id": False,
        "x_fc_account_id": "acct-1",
        "x_fc_service": "nexadesk",
        "invoice_line_ids": [move_id * 10],
    }
    return read | changed


def a_read_line(move_id: int, price: OdooValue = 100.0) -> dict[str, OdooValue]:
    """Return the line of such an invoice as Odoo reads it."""
    return {
        "id": move_id * 10,
        "move_id": [move_id, "INV"],
        "name": "Tokens: 5",
        "price_subtotal": price,
        "x_fc_rated_line_id": "line-1",
        "x_fc_metric_code": "tokens",
        "x_fc_quantity": "5",
    }


def look(
    books: Books, odoo: OdooConnection, minutes: int = 0, *, sweep: bool = False
) -> FeedReport:
    """Look once, some minutes after the first look."""
    with books.state.read() as connection:
        known = services.services(connection)
    at = NOW + timedelta(minutes=minutes)
    return read_changes(books.state, odoo, known, at=at, sweep=sweep)


def kinds(books: Books) -> list[str]:
    """Return the kinds of all that was told."""
    with books.state.read() as connection:
        return [
            event.kind for code in SERVICES for event in lifecycle_events.after(connection, code, 0)
        ]


def since(asked: OdooValue, transport: str) -> datetime:
    """Return from which instant on a poll asked."""
    domain = asked[2]["domain"] if transport == "json2" else asked[2][0]
    (told,) = [one[2] for one in domain if one[0] == "write_date"]
    return from_odoo_instant(told)
