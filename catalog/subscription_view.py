"""A subscription together with what an answer shows beside it. Pure."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod
from catalog.plans import Plan
from catalog.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class SubscriptionView:
    """A subscription, its plan's newest version, and the period running now, if it is active.

    `previous_plan_code` is the plan it came from; `successor` takes over from it later.
    """

    subscription: Subscription
    plan: Plan
    zone: ZoneInfo
    period: BillingPeriod | None
    previous_plan_code: str | None = None
    successor: Subscription | None = None
