"""The plan fee: whole for a whole period, by days for a part of one, nothing during a trial."""

from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod, fee_days_after
from catalog.money import MONEY_CONTEXT, amount_of_cents
from catalog.plans import Plan
from rating.rated_line import Price, Step

MICROSECONDS_PER_DAY = 86_400_000_000


def plan_fee_price(
    plan: Plan, period: BillingPeriod, *, zone: ZoneInfo, first_started_at: datetime
) -> Price:
    """Return the plan's amount × fee days / period days, in currency units (Lago's plan fee).

    The trial runs from `first_started_at`, the first start under the subscription's external id
    (a change of plan does not restart it); the local day on which it ends is billed.
    """
    days = plan_fee_days(plan, period, zone=zone, first_started_at=first_started_at)
    whole_amount = amount_of_cents(plan.amount_cents, plan.amount_currency)
    if days == period.days:
        return Price(
            whole_amount, (Step("whole period", Decimal(1), whole_amount, None, whole_amount),)
        )
    with localcontext(MONEY_CONTEXT):
        amount = whole_amount * days / period.days
    rule = f"days of a period of {period.days}"
    return Price(amount, (Step(rule, Decimal(days), None, None, amount),))


def plan_fee_days(
    plan: Plan, period: BillingPeriod, *, zone: ZoneInfo, first_started_at: datetime
) -> int:
    """Return the local days of the period for which the plan fee is due, after any trial."""
    if not plan.trial_period_days:
        return period.fee_days
    return fee_days_after(period, zone, trial_ends_at(plan, first_started_at))


def trial_ends_at(plan: Plan, first_started_at: datetime) -> datetime:
    """Return the instant at which the trial ends."""
    with localcontext(MONEY_CONTEXT):
        microseconds = plan.trial_period_days * MICROSECONDS_PER_DAY
    return first_started_at + timedelta(microseconds=int(microseconds))
