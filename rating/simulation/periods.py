"""The periods that begin in a stretch of history, for many subscriptions at once. Pure.

Decides which periods are simulated: those that begin in the stretch, each as a whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod, billing_period_at, local_midnight
from catalog.plans import PlanInterval
from catalog.subscriptions import BillingTime, Subscription

LONGEST_PERIOD = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Stretch:
    """`[start, end)` of history, as UTC instants of local midnights of the service."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Say whether an instant lies in the stretch."""
        return self.start <= at < self.end

    def has_alive(self, subscription: Subscription) -> bool:
        """Say whether a subscription was active at some instant of the stretch."""
        started_at, ended_at = subscription.started_at, subscription.terminated_at
        if started_at is None or started_at >= self.end:
            return False
        return ended_at is None or (ended_at > self.start and ended_at > started_at)


def stretch_of_days(first_day: date, end_day: date, zone: ZoneInfo) -> Stretch:
    """Return the stretch from one local day up to another, which is not in it any more."""
    return Stretch(local_midnight(first_day, zone), local_midnight(end_day, zone))


class BegunPeriods:
    """The periods that begin in a stretch; subscriptions of one calendar share whole ones."""

    def __init__(self, stretch: Stretch) -> None:
        """Remember the stretch."""
        self._stretch = stretch
        self._shared: dict[tuple[str, PlanInterval, date | None], Sequence[BillingPeriod]] = {}

    def of(
        self, subscription: Subscription, interval: PlanInterval, zone: ZoneInfo
    ) -> Iterator[BillingPeriod]:
        """Yield a subscription's periods that begin in the stretch, oldest first."""
        started_at, ended_at = subscription.started_at, subscription.terminated_at
        if started_at is None:
            return
        for whole in self._whole(subscription, interval, zone):
            if whole.end <= started_at:
                continue
            if ended_at is not None and ended_at <= max(whole.start, started_at):
                return
            period = whole
            if started_at > whole.start or (ended_at is not None and ended_at < whole.end):
                at = max(whole.start, started_at)
                period = billing_period_at(subscription, interval, zone, at)
            if self._stretch.holds(period.usage_start):
                yield period

    def _whole(
        self, subscription: Subscription, interval: PlanInterval, zone: ZoneInfo
    ) -> Sequence[BillingPeriod]:
        """Return the periods that one would have who was always there."""
        anchor = None
        if subscription.billing_time is BillingTime.ANNIVERSARY:
            anchor = subscription.subscription_at.astimezone(zone).date()
        key = (zone.key, interval, anchor)
        if key not in self._shared:
            self._shared[key] = list(self._endless(subscription, interval, zone))
        return self._shared[key]

    def _endless(
        self, subscription: Subscription, interval: PlanInterval, zone: ZoneInfo
    ) -> Iterator[BillingPeriod]:
        stretch = self._stretch
        always = replace(
            subscription, started_at=stretch.start - 2 * LONGEST_PERIOD, terminated_at=None
        )
        period = billing_period_at(always, interval, zone, stretch.start)
        while period.start < stretch.end:
            yield period
            period = billing_period_at(always, interval, zone, period.end)
