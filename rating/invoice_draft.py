"""An invoice draft: what we propose to bill one subscription at one closing. Decided, not sent."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from rating.closing import Closing, closing_text
from rating.rated_line import RatedLine

DRAFT_NAMESPACE = uuid.UUID("0d2f3a57-44f4-5c0c-9d8f-7a1d6a1b5a10")


class DraftStatus(StrEnum):
    """Where a draft stands: waiting, nothing to bill, in Odoo, or waiting for a human.

    A shadow was made while another system billed its service: it is never sent.
    """

    DRAFT = "draft"
    SHADOW = "shadow"
    EMPTY = "empty"
    SENT = "sent"
    PARKED = "parked"


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One line of the invoice: cents that are already rounded, and the rated line behind them.

    One of late usage names the draft that it corrects.
    """

    rated_line_id: str
    kind: str
    description: str
    amount_cents: int
    charge_code: str | None
    metric_code: str | None
    quantity: str
    corrects_draft_id: str | None = None


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """One invoice of one service for one account; `id` is the same whoever computes it."""

    id: str
    service_code: str
    account_id: str
    account_external_id: str
    subscription_id: str
    subscription_external_id: str
    closing_at: datetime
    status: DraftStatus
    currency: str
    amount_cents: int
    lines: tuple[DraftLine, ...]
    rated_at: datetime
    sent_at: datetime | None = None
    odoo_move_id: int | None = None
    problem: str | None = None
    usage_until: datetime | None = None
    fee_until: datetime | None = None
    periods: str | None = None


def draft_id(subscription_id: str, closing_at: datetime) -> str:
    """Return the id of the only draft there can be for a subscription at a closing."""
    return str(uuid.uuid5(DRAFT_NAMESPACE, f"{subscription_id} {closing_at.isoformat()}"))


def invoice_draft(
    closing: Closing,
    currency: str,
    rated: Sequence[RatedLine],
    rated_at: datetime,
    *,
    is_live: bool = True,
) -> InvoiceDraft:
    """Return the draft of a closing: its non-zero lines, whose cents add up to its amount."""
    subscription, billed = closing.subscription, closing.billed
    lines = tuple(
        _draft_line(line) for line in rated if line.amount_cents != 0 and line.is_invoiceable
    )
    return InvoiceDraft(
        id=draft_id(subscription.id, closing.closing_at),
        service_code=subscription.service_code,
        account_id=subscription.account_id,
        account_external_id=subscription.account_external_id,
        subscription_id=subscription.id,
        subscription_external_id=subscription.external_id,
        closing_at=closing.closing_at,
        status=(DraftStatus.DRAFT if is_live else DraftStatus.SHADOW)
        if lines
        else DraftStatus.EMPTY,
        currency=currency,
        amount_cents=sum(line.amount_cents for line in lines),
        lines=lines,
        rated_at=rated_at,
        usage_until=billed.usage_until,
        fee_until=billed.fee_until,
        periods=closing_text(closing),
    )


def _draft_line(line: RatedLine) -> DraftLine:
    return DraftLine(
        rated_line_id=line.id,
        kind=line.kind,
        description=line.description,
        amount_cents=line.amount_cents,
        charge_code=line.charge_code,
        metric_code=line.metric_code,
        quantity=format(line.quantity, "f"),
        corrects_draft_id=line.corrects_draft_id,
    )
