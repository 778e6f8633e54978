"""What Odoo's own clock bills of a draft, and what is left to an invoice of ours. Pure.

The fee is billed once, by one of the two: what the clock bills is what our invoice leaves out.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from rating.invoice_draft import DraftLine, InvoiceDraft
from rating.rated_line import LineKind

LESS = "Less what the subscription's own invoice of {day} bills"


class ShareStatus(StrEnum):
    """Who invoices the rest: we, on our own invoice, or the clock, on its next one, or has."""

    OURS = "ours"
    LEFT = "left"
    BILLED = "billed"


@dataclass(frozen=True, slots=True)
class ClockShare:
    """What was decided of one draft, before Odoo heard of it.

    `fee_cents` are what the clock bills on `day`; `own_cents` and `own_lines_count` are those of
    the one invoice that stands for the draft. `clock_move_id` is the clock's invoice once seen.
    """

    draft_id: str
    service_code: str
    order_id: int
    day: date
    status: ShareStatus
    fee_cents: int
    own_cents: int
    own_lines_count: int
    clock_move_id: int | None = None
    problem: str | None = None


def own_part(draft: InvoiceDraft, fee_cents: int, day: date) -> InvoiceDraft:
    """Return a draft without what the clock bills of it, so that both add up to the draft.

    The fee's lines go when the clock bills just that; a part of it is taken off in a line.
    """
    if not fee_cents:
        return draft
    due = sum(line.amount_cents for line in draft.lines if line.kind == LineKind.PLAN_FEE)
    if due == fee_cents:
        lines = tuple(line for line in draft.lines if line.kind != LineKind.PLAN_FEE)
    else:
        lines = (*draft.lines, _less(fee_cents, day))
    return replace(draft, lines=lines, amount_cents=draft.amount_cents - fee_cents)


def decided_share(
    draft: InvoiceDraft, order_id: int, day: date, fee_cents: int, *, is_left: bool
) -> ClockShare:
    """Return what is decided of a draft; what has no line of ours is left to the clock."""
    own = own_part(draft, fee_cents, day)
    status = ShareStatus.LEFT if is_left or not own.lines else ShareStatus.OURS
    return ClockShare(
        draft_id=draft.id,
        service_code=draft.service_code,
        order_id=order_id,
        day=day,
        status=status,
        fee_cents=fee_cents,
        own_cents=own.amount_cents,
        own_lines_count=len(own.lines),
    )


def _less(fee_cents: int, day: date) -> DraftLine:
    return DraftLine(
        rated_line_id="",
        kind=LineKind.PLAN_FEE,
        description=LESS.format(day=day.isoformat()),
        amount_cents=-fee_cents,
        charge_code=None,
        metric_code=None,
        quantity="1",
    )
