"""Billing periods: half-open local calendar windows of a subscription, as UTC instants.

Decides which days a period has and which of them are billed; knows no price and no clock.
The rules are Lago's, with its inclusive ends made half-open.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription

ONE_DAY = timedelta(days=1)
DAYS_PER_WEEK = 7
MONTHS_PER_YEAR = 12
MONTHS_OF = {
    PlanInterval.MONTHLY: 1,
    PlanInterval.QUARTERLY: 3,
    PlanInterval.SEMIANNUAL: 6,
    PlanInterval.YEARLY: 12,
}
# The farthest that midnight can move when a customer's timezone changes, and an hour of slack.
MIDNIGHT_MOVES_MAX = timedelta(hours=27)
# A Monday that is also the first day of a year, so that calendar weeks, months, quarters,
# half-years and years can all be counted from it.
CALENDAR_ANCHOR = date(2001, 1, 1)


@dataclass(frozen=True, slots=True)
class BillingPeriod:
    """`[start, end)` of the whole theoretical period, and `days`, its length in local days.

    `usage_start` is not before the subscription's start instant and `usage_end` not after its
    termination instant; `fee_days` counts the local days for which the plan fee is due.
    A period outside the subscription's life has `usage_start == usage_end` and no fee days.
    """

    start: datetime
    end: datetime
    days: int
    usage_start: datetime
    usage_end: datetime
    fee_days: int

    @property
    def is_empty(self) -> bool:
        """Say whether no instant of the period belongs to the subscription."""
        return self.usage_start >= self.usage_end


def billing_period_at(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, at: datetime
) -> BillingPeriod:
    """Return the period that contains the instant `at`, in days of `zone`.

    Calendar periods begin on Monday, on the 1st, or in January (April, July, October); anniversary
    periods on the local day of `subscription_at`, clamped to the month's last day for that period
    only (31 January, 28 February, 31 March).
    """
    anchor = _anchor_day(subscription, zone)
    number = _period_number(anchor, interval, at.astimezone(zone).date())
    # Where a clock is set back across midnight, the local date returns to yesterday although
    # today's period has begun: instants decide, not dates.
    if at >= local_midnight(_start_day(anchor, interval, number + 1), zone):
        number += 1
    return _numbered_period(subscription, interval, zone, number)


def usage_interval(plan: Plan) -> PlanInterval:
    """Return how often a plan's usage is billed: monthly inside a longer interval where it asks."""
    is_long = plan.interval in (PlanInterval.SEMIANNUAL, PlanInterval.YEARLY)
    return PlanInterval.MONTHLY if is_long and plan.bills_charges_monthly else plan.interval


def unbilled_period_at(
    subscription: Subscription,
    interval: PlanInterval,
    zone: ZoneInfo,
    at: datetime,
    billed_until: datetime | None,
) -> BillingPeriod:
    """Return the period that contains `at`, beginning where the last one billed ended.

    A changed timezone moves midnight, and with it every period: nothing between the last bill and
    the next is left out or billed twice (Lago). What is left of a period that was billed but for
    such hours belongs to the next one.
    """
    period = billing_period_at(subscription, interval, zone, at)
    if billed_until is None or at < billed_until:
        return period
    if period.end - billed_until < MIDNIGHT_MOVES_MAX:
        period = billing_period_at(subscription, interval, zone, period.end)
    is_next = period.usage_start - billed_until < MIDNIGHT_MOVES_MAX
    return _beginning(subscription, zone, period, billed_until) if is_next else period


def ended_periods(
    subscription: Subscription,
    interval: PlanInterval,
    zone: ZoneInfo,
    until: datetime,
    billed_until: datetime | None = None,
) -> Iterator[BillingPeriod]:
    """Yield every period ended or cut by termination at or before `until`, oldest first.

    Begins with the period in which the subscription started, or after what was billed; a
    subscription that has not started has none. An empty period is not yielded.
    """
    for period in _periods(subscription, interval, zone, billed_until):
        if period.usage_end > until:
            return
        yield period


def begun_periods(
    subscription: Subscription,
    interval: PlanInterval,
    zone: ZoneInfo,
    until: datetime,
    billed_until: datetime | None = None,
) -> Iterator[BillingPeriod]:
    """Yield every period that begins at or before `until`, oldest first, as `ended_periods`."""
    for period in _periods(subscription, interval, zone, billed_until):
        if period.usage_start > until:
            return
        yield period


def _periods(
    subscription: Subscription,
    interval: PlanInterval,
    zone: ZoneInfo,
    billed_until: datetime | None,
) -> Iterator[BillingPeriod]:
    """Yield the periods of a subscription that are not billed; without end while it lives."""
    if subscription.started_at is None:
        return
    start = subscription.started_at if billed_until is None else billed_until
    period = unbilled_period_at(subscription, interval, zone, start, billed_until)
    while not period.is_empty:
        yield period
        period = billing_period_at(subscription, interval, zone, period.end)


def fee_window(period: BillingPeriod, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return `[start, end)` of the days the plan fee is for, as UTC instants of local midnights.

    Whole days: from the local day of the start to the local day of the termination, both billed.
    """
    day = period.usage_start.astimezone(zone).date()
    return local_midnight(day, zone), local_midnight(day + ONE_DAY * period.fee_days, zone)


def fee_days_after(period: BillingPeriod, zone: ZoneInfo, at: datetime) -> int:
    """Return how many of the period's fee days are left at `at`; the day begun counts (Lago)."""
    if at >= period.usage_end:
        return 0
    first_day = max(period.start, period.usage_start).astimezone(zone).date()
    passed = (at.astimezone(zone).date() - first_day).days
    return min(period.fee_days, max(period.fee_days - passed, 0))


def local_days(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """Return the days of `[start, end)` on the local clock, a day begun counting as a whole one.

    Lago's count: a day of 23 or 25 hours is still one day.
    """
    elapsed = _wall_clock(end, zone) - _wall_clock(start, zone)
    return -(-elapsed // ONE_DAY)


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the first instant of a local day, in UTC.

    Where daylight saving time skips midnight, the day begins when the clock has jumped.
    """
    midnight = datetime.combine(day, time(), tzinfo=zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
        return instant
    return _first_instant(day, zone, midnight.replace(fold=1).astimezone(UTC), instant)


def _first_instant(day: date, zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """Bisect, to the second, for the instant in `(before, after]` at which `day` has begun."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).date() >= day:
            after = middle
        else:
            before = middle
    return after


def _wall_clock(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return what the local clock shows, without zone; the first instant of a day shows 00:00."""
    local = instant.astimezone(zone)
    if local_midnight(local.date(), zone) == instant:
        return datetime.combine(local.date(), time())
    return local.replace(tzinfo=None)


def _anchor_day(subscription: Subscription, zone: ZoneInfo) -> date:
    """Return a local day on which a period would begin if all months were long enough."""
    if subscription.billing_time is BillingTime.CALENDAR:
        return CALENDAR_ANCHOR
    return subscription.subscription_at.astimezone(zone).date()


def _start_day(anchor: date, interval: PlanInterval, number: int) -> date:
    """Return the first day of the period that is `number` periods after the anchor's."""
    if interval is PlanInterval.WEEKLY:
        return anchor + timedelta(days=DAYS_PER_WEEK * number)
    months = _month_number(anchor) + MONTHS_OF[interval] * number
    year, month = divmod(months, MONTHS_PER_YEAR)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def _period_number(anchor: date, interval: PlanInterval, day: date) -> int:
    """Return the number of the period that holds a local day; the anchor begins number 0."""
    if interval is PlanInterval.WEEKLY:
        return (day - anchor).days // DAYS_PER_WEEK
    number = (_month_number(day) - _month_number(anchor)) // MONTHS_OF[interval]
    return number if _start_day(anchor, interval, number) <= day else number - 1


def _month_number(day: date) -> int:
    """Return the months since the year 0."""
    return day.year * MONTHS_PER_YEAR + day.month - 1


def _numbered_period(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, number: int
) -> BillingPeriod:
    """Return a period by its number, cut to the subscription's life."""
    if subscription.started_at is None:
        raise ValueError(f"subscription {subscription.external_id} has not started: no periods")
    anchor = _anchor_day(subscription, zone)
    first_day = _start_day(anchor, interval, number)
    next_day = _start_day(anchor, interval, number + 1)
    start, end = local_midnight(first_day, zone), local_midnight(next_day, zone)
    whole = BillingPeriod(start, end, (next_day - first_day).days, start, end, fee_days=0)
    return _beginning(subscription, zone, whole, max(start, subscription.started_at))


def _beginning(
    subscription: Subscription, zone: ZoneInfo, period: BillingPeriod, usage_start: datetime
) -> BillingPeriod:
    """Return a period from an instant on, up to the subscription's termination.

    The day of a termination is billed; when another plan follows on that day, by the other plan
    (Lago).
    """
    usage_end = max(usage_start, min(period.end, subscription.terminated_at or period.end))
    first_day = period.start.astimezone(zone).date()
    fee_from = max(first_day, usage_start.astimezone(zone).date())
    fee_to = period.end.astimezone(zone).date() - ONE_DAY
    if usage_end < period.end:
        fee_to = max(fee_from, usage_end.astimezone(zone).date())
        if subscription.is_followed:
            fee_to -= ONE_DAY
    return replace(
        period,
        usage_start=usage_start,
        usage_end=usage_end,
        fee_days=(fee_to - fee_from).days + 1 if usage_start < usage_end else 0,
    )
