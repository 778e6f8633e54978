"""The clock's invoice once it is there: held against the draft, and marked with our keys.

Its amounts are Odoo's and stay; only `x_fc_` fields are written, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.money import rounded_cents
from odoo_bridge.answers.move import cents_of
from odoo_bridge.clock.one_time_lines import MOVE_LINE, OneTimeLine
from odoo_bridge.clock.order_clock import BilledFee
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from odoo_bridge.readback import READ_FIELDS, OdooInvoice, from_odoo_move
from rating.invoice_draft import InvoiceDraft

MODEL = "account.move"


@dataclass(frozen=True, slots=True)
class ClockInvoice:
    """The invoice that stands for a draft, and the cents it should have: people may add lines."""

    invoice: OdooInvoice
    expected_cents: int

    @property
    def untaxed_cents(self) -> int:
        """Return the cents that it has."""
        return rounded_cents(self.invoice.amount_untaxed, self.invoice.currency)


def clock_invoice(
    odoo: OdooConnection, draft: InvoiceDraft, lines: Sequence[OneTimeLine], fee: BilledFee
) -> ClockInvoice:
    """Return the invoice that bills a draft's one-time lines, else its fee; ours are read off it.

    Raises NeedsHuman when several invoices bill the one-time lines.
    """
    ids = [line_id for line in lines for line_id in line.invoice_line_ids]
    there = [["id", "in", ids], ["parent_state", "!=", "cancel"]]
    billed = (
        odoo.call(MOVE_LINE, "search_read", there, ["move_id", "price_subtotal"]) if ids else []
    )
    move_ids = {int(line["move_id"][0]) for line in billed} or {fee.move_id or 0}
    if len(move_ids) > 1 or len(billed) != len(lines):
        raise NeedsHuman(
            f"the one-time lines of this draft are on invoices {sorted(move_ids)} in Odoo, which "
            "should be one with each of them once: correct them there, then send again"
        )
    (move_id,) = move_ids
    held = from_odoo_move(odoo.call(MODEL, "read", [move_id], READ_FIELDS)[0])
    part = sum(cents_of(line["price_subtotal"], draft.currency) for line in billed) + fee.cents
    other_cents = rounded_cents(held.amount_untaxed, held.currency) - part
    return ClockInvoice(held, other_cents + draft.amount_cents)


def mark(
    odoo: OdooConnection, draft: InvoiceDraft, move_id: int, *, stands_for_draft: bool
) -> None:
    """Write our keys on the clock's invoice, so that it is found and followed as ours."""
    keys = {
        "x_fc_service": draft.service_code,
        "x_fc_account_id": draft.account_external_id,
        "x_fc_subscription_id": draft.subscription_external_id,
    }
    keys |= {"x_fc_draft_id": draft.id} if stands_for_draft else {}
    odoo.call(MODEL, "write", [move_id], keys)


def mark_lines(odoo: OdooConnection, own: InvoiceDraft, lines: Sequence[OneTimeLine]) -> None:
    """Write on the clock's lines which rated line each bills."""
    for line, told in zip(lines, own.lines, strict=True):
        keys = {"x_fc_rated_line_id": told.rated_line_id, "x_fc_quantity": told.quantity}
        keys |= {"x_fc_metric_code": told.metric_code or ""}
        odoo.call(MOVE_LINE, "write", list(line.invoice_line_ids), keys)
