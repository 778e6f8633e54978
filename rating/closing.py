"""A closing: the moment a subscription is billed, for the period that ended then. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod, ended_periods
from catalog.plans import Plan
from catalog.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Closing:
    """One billing moment: plan fee and usage of a period just ended (Lago's arrears)."""

    subscription: Subscription
    period: BillingPeriod

    @property
    def closing_at(self) -> datetime:
        """Return the end of the period, or the termination that cut it."""
        return self.period.usage_end


def closings(
    subscription: Subscription, plan: Plan, zone: ZoneInfo, until: datetime
) -> Iterator[Closing]:
    """Yield every closing up to `until` (included), oldest first."""
    for period in ended_periods(subscription, plan.interval, zone, until):
        yield Closing(subscription, period)
