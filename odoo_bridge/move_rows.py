"""An invoice draft as rows for `account.move.load`: exact text, one key per line. Pure.

Taxes are not sent: Odoo computes them from each line's product and the partner's province.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from catalog.money import amount_of_cents
from odoo_bridge.external_ids import invoice_external_id, line_external_id
from odoo_bridge.product_rows import ProductKey, product_key
from rating.invoice_draft import DraftLine, InvoiceDraft

NET_DAYS_DEFAULT = 30
LINES = "invoice_line_ids"
HEADER_COLUMNS = (
    *("id", "move_type", "partner_id/.id", "invoice_date", "invoice_date_due"),
    *("invoice_origin", "ref", "x_fc_draft_id", "x_fc_service", "x_fc_account_id"),
    *("reversed_entry_id/.id", "x_fc_corrects_draft_ids"),
)
LINE_COLUMNS = (
    *(f"{LINES}/id", f"{LINES}/product_id/.id", f"{LINES}/name", f"{LINES}/quantity"),
    *(f"{LINES}/price_unit", f"{LINES}/x_fc_rated_line_id", f"{LINES}/x_fc_metric_code"),
    *(f"{LINES}/x_fc_quantity", f"{LINES}/sale_line_ids/.id"),
)
COLUMNS = HEADER_COLUMNS + LINE_COLUMNS
NO_HEADER = ("",) * len(HEADER_COLUMNS)


@dataclass(frozen=True, slots=True)
class BillingTerms:
    """Where a draft's day begins and in how many days its invoice is due."""

    zone: ZoneInfo
    net_days: int = NET_DAYS_DEFAULT


class TiedOrder(Protocol):
    """The order that an invoice belongs to: its name, and the line of it that names invoices."""

    @property
    def name(self) -> str:
        """Return the order's name in Odoo."""

    @property
    def note_line_id(self) -> int:
        """Return the id of its note."""


class Corrected(Protocol):
    """What a credit note corrects: one invoice that it reverses, or none; all by name."""

    @property
    def move_id(self) -> int | None:
        """Return the id of the invoice that it reverses."""

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the corrected invoices are called."""

    @property
    def draft_ids(self) -> tuple[str, ...]:
        """Return the drafts of the corrected invoices."""


def to_odoo_rows(
    draft: InvoiceDraft,
    partner_id: int,
    product_ids: Mapping[ProductKey, int],
    terms: BillingTerms,
    order: TiedOrder | None = None,
    corrected: Corrected | None = None,
) -> list[tuple[str, ...]]:
    """Return the rows of a draft under COLUMNS: the first line's row carries the header.

    With an order, the invoice names it and its lines are tied to it. A credit note names what it
    corrects.
    """
    tied_to = str(order.note_line_id) if order else ""
    lines = [
        to_odoo_line(
            draft, number, line, product_ids[product_key(draft.service_code, line)], tied_to
        )
        for number, line in enumerate(draft.lines, 1)
    ]
    header = to_odoo_header(draft, partner_id, terms, order, corrected)
    headers = [header, *[NO_HEADER] * (len(lines) - 1)]
    return [header + line for header, line in zip(headers, lines, strict=True)]


def to_odoo_header(
    draft: InvoiceDraft,
    partner_id: int,
    terms: BillingTerms,
    order: TiedOrder | None = None,
    corrected: Corrected | None = None,
) -> tuple[str, ...]:
    """Return the header's cells; both dates are explicit, since Odoo's own depend on who asks."""
    invoice_date = closing_date(draft, terms.zone)
    origin = order.name if order else f"{draft.service_code} {draft.subscription_external_id}"
    names = corrected.names if corrected else ()
    reversed_id = corrected.move_id if corrected else None
    return (
        invoice_external_id(draft.id),
        move_type(draft),
        str(partner_id),
        invoice_date.isoformat(),
        (invoice_date + timedelta(days=terms.net_days)).isoformat(),
        ", ".join((origin, *names)),
        f"{draft.service_code} {draft.account_external_id}",
        draft.id,
        draft.service_code,
        draft.account_external_id,
        "" if reversed_id is None else str(reversed_id),
        ",".join(corrected.draft_ids) if corrected else "",
    )


def to_odoo_line(
    draft: InvoiceDraft, number: int, line: DraftLine, product_id: int, tied_to: str = ""
) -> tuple[str, ...]:
    """Return a line's cells: one times the rounded amount, so that Odoo has nothing to round.

    A credit note's amounts have the other sign.
    """
    cents = -line.amount_cents if is_credit(draft) else line.amount_cents
    return (
        line_external_id(draft.id, number),
        str(product_id),
        line.description,
        "1",
        amount_text(cents, draft.currency),
        line.rated_line_id,
        line.metric_code or "",
        line.quantity,
        tied_to,
    )


def is_credit(draft: InvoiceDraft) -> bool:
    """Say whether the customer gets money back."""
    return draft.amount_cents < 0


def move_type(draft: InvoiceDraft) -> str:
    """Return Odoo's kind of move: an invoice, or a credit note where the total is negative."""
    return "out_refund" if is_credit(draft) else "out_invoice"


def closing_date(draft: InvoiceDraft, zone: ZoneInfo) -> date:
    """Return the local day of a draft's closing."""
    return draft.closing_at.astimezone(zone).date()


def amount_text(amount_cents: int, currency: str) -> str:
    """Return cents as plain text in currency units, every decimal of the currency written."""
    return format(amount_of_cents(amount_cents, currency), "f")
