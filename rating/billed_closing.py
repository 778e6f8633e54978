"""Closings that were billed, as their drafts keep them; and the periods that were not."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from catalog.billing_periods import BillingPeriod, begun_periods, usage_interval
from catalog.subscriptions import Subscription
from rating.closing import Billed, Closing, closing_of_text, closings
from rating.invoice_draft import DraftStatus
from rating.price_book import PriceBook
from storage.tables import billing_run, invoice_draft

IDS_IN_SQL_MAX = 500


@dataclass(frozen=True, slots=True)
class BilledClosing:
    """A closing with the draft that bills it and the watermark that its run pinned.

    A shadow was billed by another system.
    """

    draft_id: str
    closing: Closing
    watermark: str
    is_shadow: bool = False


def billed_closings(
    connection: sa.Connection, book: PriceBook, subscription_ids: Collection[str] | None = None
) -> Iterator[BilledClosing]:
    """Yield the billed closings of a service, or of some subscriptions, oldest first."""
    draft = invoice_draft.c
    wanted = (
        sa.select(
            draft.id,
            draft.subscription_id,
            draft.closing_at,
            draft.periods,
            draft.status,
            billing_run.c.watermark,
        )
        .join(billing_run, billing_run.c.id == draft.billing_run_id)
        .where(draft.service_code == book.service.code)
        .order_by(draft.closing_at, draft.id)
    )
    if subscription_ids is not None and len(subscription_ids) <= IDS_IN_SQL_MAX:
        wanted = wanted.where(draft.subscription_id.in_(subscription_ids))
    rows = connection.execute(wanted).all()
    subscriptions = {each.id: each for each in book.subscriptions}
    for row in rows:
        if subscription_ids is not None and row.subscription_id not in subscription_ids:
            continue
        subscription = subscriptions[row.subscription_id]
        if row.periods is not None:
            closing = closing_of_text(subscription, row.closing_at, row.periods)
        else:
            # Drafts of release 0.1.0 closed plan fee and usage of one period together.
            plan = book.plan_until(subscription, row.closing_at)
            every = closings(subscription, plan, book.zone(subscription), row.closing_at)
            closing = next(each for each in every if each.closing_at == row.closing_at)
        is_shadow = row.status == DraftStatus.SHADOW
        yield BilledClosing(row.id, closing, row.watermark, is_shadow)


def unbilled_periods(
    book: PriceBook, subscription: Subscription, until: datetime, billed: Billed
) -> Iterator[BillingPeriod]:
    """Yield the periods whose usage is not billed and that begin at or before `until`."""
    plan = book.plan_until(subscription, until)
    return begun_periods(
        subscription, usage_interval(plan), book.zone(subscription), until, billed.usage_until
    )
