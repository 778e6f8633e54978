"""An invoice or a credit note as it was seen last, and what its next sight tells. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from odoo_bridge.answers.move import (
    CREDIT_NOTE,
    INVOICE,
    MOVE_FIELDS,
    OPEN_STATES,
    SETTLED_STATES,
    Move,
)
from odoo_bridge.answers.move import from_odoo_move as to_move
from odoo_bridge.odoo_value import OdooValue

FEED_FIELDS = [*MOVE_FIELDS, "x_fc_service", "date", "invoice_line_ids"]
# What we made and have not looked at since; what is not in Odoo any more. All else is Odoo's word.
SENT, DELETED = "sent", "deleted"
DRAFT, POSTED, CANCELLED = "draft", "posted", "cancel"
NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SeenMove:
    """What Odoo said of one move; amounts in cents, the last five are our own memory.

    `lines_revision` counts the readings of its lines into the lake, 0 for none.
    """

    move_id: int
    service_code: str
    account_external_id: str
    draft_id: str | None
    move_type: str
    state: str
    payment_state: str
    name: str
    currency: str
    untaxed_cents: int
    total_cents: int
    residual_cents: int
    lines_count: int
    invoice_date: str | None
    due_date: str | None
    accounting_date: str | None
    reversed_id: int | None
    written_at: datetime = NEVER
    lines_revision: int = 0
    is_creation_told: bool = False
    is_overdue_told: bool = False
    accepted_cents: int | None = None

    @property
    def is_invoice(self) -> bool:
        """Say whether it is an invoice, not a credit note."""
        return self.move_type == INVOICE

    @property
    def is_mirrored(self) -> bool:
        """Say whether the lake has lines of it that count."""
        return self.lines_revision > 0


@dataclass(frozen=True, slots=True)
class Sight:
    """One reading of one move: what the feed compares, and the whole of it."""

    seen: SeenMove
    move: Move


def from_odoo_feed(read: OdooValue) -> Sight:
    """Return a move from what Odoo reads for FEED_FIELDS; one made in Odoo names no service."""
    move = to_move(read)
    seen = SeenMove(
        move_id=move.move_id,
        service_code=str(read["x_fc_service"] or ""),
        account_external_id=move.account_external_id,
        draft_id=move.draft_id or None,
        move_type=str(read["move_type"]),
        state=move.state,
        payment_state=move.payment_state,
        name=move.name,
        currency=move.currency,
        untaxed_cents=move.untaxed_cents,
        total_cents=move.total_cents,
        residual_cents=move.residual_cents,
        lines_count=len(read["invoice_line_ids"]),
        invoice_date=str(read["invoice_date"]) if read["invoice_date"] else None,
        due_date=str(read["invoice_date_due"]) if read["invoice_date_due"] else None,
        accounting_date=str(read["date"]) if read["date"] else None,
        reversed_id=move.reversed_id,
        written_at=move.updated_at,
    )
    return Sight(seen, move)


def with_memory(seen: SeenMove, before: SeenMove | None) -> SeenMove:
    """Return a sight with what we remember of the move, so that only Odoo's words can differ."""
    if before is None:
        return seen
    return replace(
        seen,
        draft_id=seen.draft_id or before.draft_id,
        lines_revision=before.lines_revision,
        is_creation_told=before.is_creation_told,
        is_overdue_told=before.is_overdue_told,
        accepted_cents=before.accepted_cents,
    )


def says_the_same(seen: SeenMove, before: SeenMove | None) -> bool:
    """Say whether a move was only touched."""
    if before is None:
        return False
    return replace(with_memory(seen, before), written_at=before.written_at) == before


def is_overdue(seen: SeenMove, today: date) -> bool:
    """Say whether an invoice's due day is over while it is owed; Odoo writes nothing then."""
    is_owed = seen.state == POSTED and seen.payment_state in OPEN_STATES
    late = seen.due_date is not None and seen.due_date < today.isoformat()
    return seen.is_invoice and is_owed and late


def kinds_of(before: SeenMove | None, after: SeenMove, today: date) -> list[str]:
    """Return the kinds of what happened between two sights, in the order of an invoice's life.

    Lago's words. A look may come late: whatever lies between is told, too.
    """
    if after.move_type == CREDIT_NOTE:
        is_new = after.state == POSTED and not after.is_creation_told
        return ["credit_note.created"] if is_new else []
    known = before if before is not None and before.state != SENT else None
    happened = (
        ("drafted", known is None and after.state == DRAFT),
        ("created", after.state == POSTED and not after.is_creation_told),
        ("payment_status_updated", _paid(after) != _paid(known)),
        ("payment_overdue", is_overdue(after, today) and not after.is_overdue_told),
        ("voided", after.state == CANCELLED and _state(known) != CANCELLED),
        ("deleted", after.state == DELETED and _state(before) != DELETED),
    )
    return [f"invoice.{word}" for word, has_happened in happened if has_happened]


def told(seen: SeenMove, today: date) -> SeenMove:
    """Return a move with what has now been told of it remembered."""
    return replace(
        seen,
        is_creation_told=seen.is_creation_told or seen.state == POSTED,
        is_overdue_told=is_overdue(seen, today),
    )


def needs_mirror(before: SeenMove | None, after: SeenMove) -> bool:
    """Say whether the lake must hear: of a posted move that is new or changed, or posted no more.

    A payment changes no line.
    """
    if after.state != POSTED:
        return before is not None and before.is_mirrored and before.state == POSTED
    return before is None or not before.is_mirrored or _lines(before) != _lines(after)


def _lines(seen: SeenMove) -> tuple[object, ...]:
    amounts = (seen.untaxed_cents, seen.total_cents, seen.lines_count)
    return (*amounts, seen.state, seen.name, seen.invoice_date, seen.accounting_date)


def _paid(seen: SeenMove | None) -> str:
    """Return how far an invoice is paid: Enterprise's `in_payment` is paid, and so is credited."""
    if seen is None:
        return "not_paid"
    return "paid" if seen.payment_state in SETTLED_STATES else seen.payment_state


def _state(seen: SeenMove | None) -> str:
    return "" if seen is None else seen.state
