"""A closing: the moment a subscription is billed, for which usage and for which plan fee."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod, billing_period_at, ended_periods
from catalog.plans import Plan
from catalog.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Closing:
    """One billing moment; either period may be absent, never both."""

    subscription: Subscription
    closing_at: datetime
    usage_period: BillingPeriod | None
    fee_period: BillingPeriod | None


def closings(
    subscription: Subscription, plan: Plan, zone: ZoneInfo, until: datetime
) -> Iterator[Closing]:
    """Yield every closing up to `until` (included), oldest first.

    In arrears a closing bills fee and usage of the period just ended. In advance it bills the
    usage of the period just ended and the fee of the one that begins (Lago's rule).
    """
    if subscription.started_at is None:
        return
    ended = ended_periods(subscription, plan.interval, zone, until)
    if not plan.pay_in_advance:
        for period in ended:
            yield Closing(subscription, period.usage_end, period, period)
        return
    # A fee in advance is decided when its period begins: a termination that comes later, or a
    # late run, must not change it.
    endless = replace(subscription, terminated_at=None)
    started_at = subscription.started_at
    if started_at <= until:
        first = billing_period_at(endless, plan.interval, zone, started_at)
        yield Closing(subscription, started_at, None, first)
    for period in ended:
        following = None
        if period.usage_end == period.end != subscription.terminated_at:
            following = billing_period_at(endless, plan.interval, zone, period.end)
        yield Closing(subscription, period.usage_end, period, following)
