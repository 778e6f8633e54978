"""Which invoices in Odoo a credit corrects; a posted one is never rewritten.

One posted invoice behind every line becomes the credit note's `reversed_entry_id`; posting then
reconciles the two. Where there are several, or a draft, the credit note only names them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from odoo_bridge.connection import OdooConnection
from odoo_bridge.move_rows import is_credit
from odoo_bridge.odoo_value import OdooValue
from rating.invoice_draft import DraftLine, InvoiceDraft
from rating.rated_line import LineKind
from storage.state import State
from storage.tables import invoice_draft

MODEL = "account.move"
READ_FIELDS = ["name", "state", "move_type", "currency_id"]
POSTED, INVOICE = "posted", "out_invoice"


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a credit note corrects: the one invoice that it reverses, and all by name and draft."""

    move_id: int | None = None
    names: tuple[str, ...] = ()
    draft_ids: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Return what a report says of it; nothing where nothing is corrected."""
        if not self.draft_ids:
            return ""
        named = ", ".join(self.names) or "an invoice that Odoo has not got"
        if self.move_id is not None:
            return f"; it reverses {named}"
        return f"; it corrects {named} and reverses no single posted invoice: match it in Odoo"


NO_REVERSAL = Reversal()


def reversal_of(state: State, odoo: OdooConnection, draft: InvoiceDraft) -> Reversal:
    """Return what a draft's credit note corrects; asks Odoo for credits of known invoices only."""
    if not is_credit(draft):
        return NO_REVERSAL
    with state.read() as connection:
        corrected = [corrected_draft_id(connection, draft, line) for line in draft.lines]
        draft_ids = tuple(sorted({one for one in corrected if one is not None}))
        move_ids = _move_ids(connection, draft_ids)
    moves = odoo.call(MODEL, "read", sorted(move_ids), READ_FIELDS) if move_ids else []
    names = tuple(sorted(_name(move) for move in moves))
    is_whole = None not in corrected and len(draft_ids) == 1
    can_reverse = is_whole and len(moves) == 1 and _is_reversible(moves[0], draft)
    return Reversal(int(moves[0]["id"]) if can_reverse else None, names, draft_ids)


def corrected_draft_id(
    connection: sa.Connection, draft: InvoiceDraft, line: DraftLine
) -> str | None:
    """Return the draft that a line corrects: of late usage as it says, of a fee the one paid."""
    if line.kind == LineKind.PLAN_FEE_CREDIT:
        return _paid_draft_id(connection, draft)
    return line.corrects_draft_id


def paid_until(periods: str | None) -> datetime | None:
    """Return until when the fee was paid that a closing cuts off, from its periods as kept."""
    told = msgspec.json.decode(periods) if periods else {}
    credit = told.get("credit")
    return msgspec.convert(credit["paid"]["end"], datetime) if credit else None


def _paid_draft_id(connection: sa.Connection, draft: InvoiceDraft) -> str | None:
    until = paid_until(draft.periods)
    if until is None:
        return None
    paid = (
        sa.select(invoice_draft.c.id)
        .where(
            invoice_draft.c.subscription_id == draft.subscription_id,
            invoice_draft.c.fee_until == until,
            invoice_draft.c.id != draft.id,
        )
        .order_by(invoice_draft.c.closing_at.desc())
        .limit(1)
    )
    return connection.scalar(paid)


def _move_ids(connection: sa.Connection, draft_ids: Collection[str]) -> set[int]:
    found = sa.select(invoice_draft.c.odoo_move_id).where(
        invoice_draft.c.id.in_(draft_ids), invoice_draft.c.odoo_move_id.is_not(None)
    )
    return set(connection.scalars(found))


def _is_reversible(move: OdooValue, draft: InvoiceDraft) -> bool:
    is_posted = move["state"] == POSTED and move["move_type"] == INVOICE
    return is_posted and str(move["currency_id"][1]) == draft.currency


def _name(move: OdooValue) -> str:
    named = str(move["name"] or "")
    return named if named not in {"", "/"} else f"draft invoice #{move['id']}"
