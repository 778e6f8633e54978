"""The mark that says how far Lago has billed a subscription: a draft of nothing, never sent.

A subscription keeps its start, its anchor and its trial; what ended before the mark is Lago's.
"""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from catalog.billing_periods import BillingPeriod, billing_period_at, usage_interval
from catalog.plans import Plan
from catalog.store.accounts import account_of
from catalog.subscriptions import Subscription
from fusion_billing.lago_import.target import Target, new_id
from rating.closing import Billed, Closing
from rating.draft_store import insert_draft
from rating.invoice_draft import invoice_draft
from rating.plan_fee import trial_ends_at
from storage.tables import billing_run
from storage.tables import invoice_draft as draft_table


def open_period(one: Subscription, plan: Plan, zone: ZoneInfo, open_at: datetime) -> BillingPeriod:
    """Return the usage period of an instant, as if the subscription had not ended."""
    return billing_period_at(replace(one, terminated_at=None), usage_interval(plan), zone, open_at)


def billed_by_lago(
    one: Subscription, plan: Plan, zone: ZoneInfo, open_at: datetime, first_started_at: datetime
) -> Billed:
    """Return how far Lago has billed a subscription at an instant: all that was due by then.

    One that ended before the open period is billed to its end.
    """
    usage = open_period(one, plan, zone, open_at)
    if one.terminated_at is not None and one.terminated_at <= usage.start:
        return Billed(one.terminated_at, one.terminated_at)
    fee = billing_period_at(replace(one, terminated_at=None), plan.interval, zone, open_at)
    started_at = one.started_at or open_at
    fee_until = fee.start if started_at < fee.start else None
    if plan.is_pay_in_advance:
        trial_end = trial_ends_at(plan, first_started_at)
        due_at = max(fee.usage_start, min(trial_end, fee.usage_end))
        fee_until = fee.usage_end if due_at <= open_at else fee_until
    return Billed(usage.start if started_at < usage.start else None, fee_until)


def mark_billed(target: Target, one: Subscription, plan: Plan, billed: Billed) -> None:
    """Keep how far a subscription is billed by Lago; nothing where it is not."""
    until = billed.usage_until or one.started_at
    if until is None or billed == Billed():
        return
    zone = account_of(target.connection, one).zone(target.service)
    empty = Closing(one, until, zone.key)
    draft = replace(
        invoice_draft(empty, plan.amount_currency, [], target.at, is_live=False),
        usage_until=billed.usage_until,
        fee_until=billed.fee_until,
    )
    run_id = new_id()
    target.connection.execute(
        sa.insert(billing_run).values(
            id=run_id,
            service_code=target.service.code,
            cutoff_at=until,
            watermark=target.watermark,
            started_at=target.at,
            finished_at=target.at,
            drafts_count=1,
        )
    )
    insert_draft(target.connection, draft, run_id)


def first_closing_at(target: Target, one: Subscription) -> datetime | None:
    """Return when a subscription was first billed here, or marked as billed; None: never."""
    found: datetime | None = target.connection.scalar(
        sa.select(draft_table.c.closing_at)
        .where(draft_table.c.subscription_id == one.id)
        .order_by(draft_table.c.closing_at)
        .limit(1)
    )
    return found
