"""An invoice as apps see it: a draft of ours, or what Odoo holds for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.accounts import Account
from odoo_bridge.answers.invoice_query import InvoiceStatus, PaymentStatus
from odoo_bridge.answers.move import (
    CREDIT_NOTE,
    OPEN_STATES,
    AppliedTax,
    Move,
    Settlement,
)
from odoo_bridge.move_rows import closing_date
from rating.invoice_draft import InvoiceDraft

STATUS_OF_STATE = {
    "draft": InvoiceStatus.DRAFT,
    "posted": InvoiceStatus.FINALIZED,
    "cancel": InvoiceStatus.VOIDED,
}


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice of a service; amounts in cents, tax as Odoo computed it.

    `paid_cents` came in payments, `offset_cents` by credit notes; `due_cents` is still owed.
    A draft that Odoo has not got has no move and no tax; a move that we did not make, no draft.
    """

    lago_id: str
    number: str
    sequential_id: int
    status: InvoiceStatus
    payment_status: PaymentStatus
    is_overdue: bool
    currency: str
    issuing_date: date | None
    due_date: date | None
    untaxed_cents: int
    tax_cents: int
    total_cents: int
    due_cents: int
    paid_cents: int
    offset_cents: int
    created_at: datetime
    updated_at: datetime
    account: Account | None
    taxes: Sequence[AppliedTax] = ()
    draft: InvoiceDraft | None = None
    move: Move | None = None

    @property
    def net_days(self) -> int:
        """Return the days from issue to the due date."""
        if self.issuing_date is None or self.due_date is None:
            return 0
        return max((self.due_date - self.issuing_date).days, 0)


def invoice_of_draft(
    draft: InvoiceDraft, account: Account | None, zone: ZoneInfo, net_days: int
) -> Invoice:
    """Return a draft as the invoice that it will be; `zone` is its service's."""
    issuing_date = closing_date(draft, zone)
    return Invoice(
        lago_id=draft.id,
        number=draft_number(draft.service_code),
        sequential_id=0,
        status=InvoiceStatus.DRAFT,
        payment_status=PaymentStatus.PENDING,
        is_overdue=False,
        currency=draft.currency,
        issuing_date=issuing_date,
        due_date=issuing_date + timedelta(days=net_days),
        untaxed_cents=draft.amount_cents,
        tax_cents=0,
        total_cents=draft.amount_cents,
        due_cents=draft.amount_cents,
        paid_cents=0,
        offset_cents=0,
        created_at=draft.rated_at,
        updated_at=draft.sent_at or draft.rated_at,
        account=account,
        draft=draft,
    )


def invoice_of_move(
    move: Move,
    lago_id: str,
    *,
    service_code: str,
    today: date,
    account: Account | None,
    taxes: Sequence[AppliedTax] = (),
    settled: Sequence[Settlement] = (),
    draft: InvoiceDraft | None = None,
) -> Invoice:
    """Return what Odoo holds as an invoice; `today` decides whether it is overdue."""
    offset_cents = sum(one.amount_cents for one in settled if one.other_kind == CREDIT_NOTE)
    due_cents = 0 if move.is_settled else move.residual_cents
    is_late = move.due_date is not None and move.due_date < today
    return Invoice(
        lago_id=lago_id,
        number=move.name or draft_number(service_code),
        sequential_id=move.number,
        status=STATUS_OF_STATE[move.state],
        payment_status=PaymentStatus.SUCCEEDED if move.is_settled else PaymentStatus.PENDING,
        is_overdue=move.is_posted and is_late and move.payment_state in OPEN_STATES,
        currency=move.currency,
        issuing_date=move.invoice_date,
        due_date=move.due_date,
        untaxed_cents=move.untaxed_cents,
        tax_cents=move.tax_cents,
        total_cents=move.total_cents,
        due_cents=due_cents,
        paid_cents=max(move.total_cents - due_cents - offset_cents, 0),
        offset_cents=offset_cents,
        created_at=move.created_at,
        updated_at=move.updated_at,
        account=account,
        taxes=taxes,
        draft=draft,
        move=move,
    )


def draft_number(service_code: str) -> str:
    """Return what stands for the number of an invoice that has none yet."""
    return f"{service_code.upper()}-DRAFT"
