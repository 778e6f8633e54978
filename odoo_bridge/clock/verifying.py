"""Looks whether Odoo's clock has billed the fees that our invoices left to it."""

from dataclasses import replace
from datetime import datetime, timedelta

from catalog.money import amount_of_cents
from odoo_bridge.clock.clock_invoice import mark
from odoo_bridge.clock.order_clock import OrderClock, order_clock
from odoo_bridge.clock.share import ClockShare
from odoo_bridge.clock.share_store import expected_shares, keep_share
from odoo_bridge.connection import OdooConnection
from odoo_bridge.faults import NeedsHuman
from rating.draft_store import draft_of_id
from rating.invoice_draft import InvoiceDraft
from storage.state import State

SHARES_MAX = 500
# Odoo's cron runs once a day; it may be a day late before anybody is told.
PATIENCE = timedelta(days=2)


def unbilled_fees(state: State, odoo: OdooConnection, at: datetime) -> list[str]:
    """Return what is wrong with fees that the clock was to bill; those it billed are settled."""
    database = odoo.settings.database
    problems = []
    with state.read() as connection:
        expected = expected_shares(connection, database, SHARES_MAX)
        drafts = [draft_of_id(connection, share.draft_id) for share in expected]
    for share, draft in zip(expected, drafts, strict=True):
        if draft is None:
            continue
        looked = _looked_at(odoo, share, draft, at)
        if looked != share:
            with state.write() as connection:
                keep_share(connection, database, looked, at)
        if looked.problem is not None:
            problems.append(looked.problem)
    return problems


def _looked_at(
    odoo: OdooConnection, share: ClockShare, draft: InvoiceDraft, at: datetime
) -> ClockShare:
    try:
        clock = order_clock(odoo, share.order_id, share.day, draft.currency)
    except NeedsHuman as gone:
        return replace(share, problem=_told(share, draft, gone.words))
    problem = fee_fault(share, draft, clock, at)
    if problem is None and clock.billed.move_id is not None:
        mark(odoo, draft, clock.billed.move_id, stands_for_draft=False)
        return replace(share, clock_move_id=clock.billed.move_id, problem=None)
    return replace(share, problem=problem)


def fee_fault(
    share: ClockShare, draft: InvoiceDraft, clock: OrderClock, at: datetime
) -> str | None:
    """Return what is wrong with a fee that was left to the clock, or None. Pure."""
    if clock.billed.move_id is not None:
        if clock.billed.cents == share.fee_cents:
            return None
        found = amount_of_cents(clock.billed.cents, draft.currency)
        words = f"Odoo billed {found:f}: credit or bill the difference in Odoo"
        return _told(share, draft, words)
    if not clock.is_due:
        words = f"order {clock.name} went past that day without billing it: bill it in Odoo"
        return _told(share, draft, words)
    if at.date() - share.day > PATIENCE:
        words = (
            clock.problem or "Odoo's recurring invoices have not run: look at its scheduled actions"
        )
        return _told(share, draft, words)
    return None


def _told(share: ClockShare, draft: InvoiceDraft, words: str) -> str:
    due = amount_of_cents(share.fee_cents, draft.currency)
    return (
        f"{draft.service_code} {draft.subscription_external_id}: the fee of {share.day}, "
        f"{due:f} {draft.currency}, was left to Odoo's own clock; {words}"
    )
