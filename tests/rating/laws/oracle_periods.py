"""Which days a subscription is billed for, day by day, as a patient reader of Lago's rules has it.

Shares no code with the product: a midnight is searched in steps of 15 minutes, a period is the
days from one day that begins a period to the next.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from catalog.plans import PlanInterval
from catalog.subscriptions import BillingTime, Subscription

DAY = timedelta(days=1)
QUARTER_HOUR = timedelta(minutes=15)
NEVER = datetime.max.replace(tzinfo=UTC)
MONTHS = {
    PlanInterval.MONTHLY: 1,
    PlanInterval.QUARTERLY: 3,
    PlanInterval.SEMIANNUAL: 6,
    PlanInterval.YEARLY: 12,
}


@dataclass(frozen=True)
class PlainPeriod:
    """A whole period in local days, and the part of it that a subscription lived."""

    first_day: date
    next_first_day: date
    whole_end: datetime
    start: datetime
    end: datetime
    fee_days: tuple[date, ...]

    @property
    def days(self) -> int:
        """Return the days of the whole period."""
        return (self.next_first_day - self.first_day).days


@lru_cache(maxsize=10_000)
def first_instant(zone: str, day: date) -> datetime:
    """Return when a local day has begun, for clocks that move by quarters of an hour."""
    at = datetime.combine(day, time(), tzinfo=UTC) - timedelta(hours=15)
    while at.astimezone(ZoneInfo(zone)).date() < day:
        at += QUARTER_HOUR
    return at


def local_day(zone: str, at: datetime) -> date:
    """Return the day on a local clock."""
    return at.astimezone(ZoneInfo(zone)).date()


def begins_a_period(
    subscription: Subscription, interval: PlanInterval, zone: str, day: date
) -> bool:
    """Say whether a period begins on a day; a missing day of a month is that month's last."""
    is_calendar = subscription.billing_time is BillingTime.CALENDAR
    anchor = date(2001, 1, 1) if is_calendar else local_day(zone, subscription.subscription_at)
    if interval is PlanInterval.WEEKLY:
        return day.weekday() == anchor.weekday()
    last = monthrange(day.year, day.month)[1]
    return (day.month - anchor.month) % MONTHS[interval] == 0 and day.day == min(anchor.day, last)


def plain_periods(
    subscription: Subscription, interval: PlanInterval, zone: str, until: datetime
) -> Iterator[PlainPeriod]:
    """Yield the periods lived that begin at or before an instant, oldest first."""
    started_at, ended_at = subscription.started_at, subscription.terminated_at or NEVER
    assert started_at is not None
    day = local_day(zone, started_at) + DAY
    while not (
        begins_a_period(subscription, interval, zone, day)
        and first_instant(zone, day) <= started_at
    ):
        day -= DAY
    while True:
        following = day + DAY
        while not begins_a_period(subscription, interval, zone, following):
            following += DAY
        whole_end = first_instant(zone, following)
        start, end = max(started_at, first_instant(zone, day)), min(ended_at, whole_end)
        if start >= end or start > until:
            return
        every = (day + DAY * number for number in range((following - day).days))
        owed = tuple(each for each in every if _is_owed(subscription, zone, each, whole_end))
        yield PlainPeriod(day, following, whole_end, start, end, owed)
        day = following


def _is_owed(subscription: Subscription, zone: str, day: date, whole_end: datetime) -> bool:
    """Say whether the fee is due for a day: from the day of the start to the day of the end.

    The day on which another plan takes over is that plan's.
    """
    started_at, ended_at = subscription.started_at, subscription.terminated_at
    assert started_at is not None
    if day < local_day(zone, started_at):
        return False
    if ended_at is None or ended_at >= whole_end:
        return True
    last = local_day(zone, ended_at)
    return day < last if subscription.is_followed else day <= last
