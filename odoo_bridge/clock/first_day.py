"""From which day on Odoo's clock may bill a subscription's fee: the first whole one to come. Pure.

Parts of a period, and what is over already, are billed by our own invoices.
"""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from catalog.billing_periods import billing_period_at
from catalog.plans import Plan
from catalog.subscriptions import Subscription
from rating.plan_fee import trial_ends_at


def first_clock_day(
    subscription: Subscription,
    plan: Plan,
    zone: ZoneInfo,
    *,
    first_started_at: datetime,
    after: datetime | None = None,
) -> date:
    """Return the local day of the first closing (after an instant) that bills a whole fee.

    That is a period's end in arrears, its begin in advance; `first_started_at` begins the trial.
    """
    started_at = subscription.started_at or subscription.subscription_at
    if plan.trial_period_days:
        started_at = max(started_at, trial_ends_at(plan, first_started_at))
    first = billing_period_at(subscription, plan.interval, zone, started_at)
    is_whole = first.start.astimezone(zone).date() == started_at.astimezone(zone).date()
    if not plan.is_pay_in_advance and not is_whole:
        # What is left of the period comes first, by days.
        first = billing_period_at(subscription, plan.interval, zone, first.end)
    ends = [first.end]
    if after is not None:
        ends.append(billing_period_at(subscription, plan.interval, zone, after).end)
    return max(ends).astimezone(zone).date()
