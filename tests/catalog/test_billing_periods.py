"""Billing periods: half-open local calendar windows, without gap and without overlap."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.billing_periods import (
    BillingPeriod,
    billing_period_at,
    ended_periods,
    fee_days_after,
    fee_window,
    local_days,
    local_midnight,
)
from catalog.plans import PlanInterval
from catalog.subscriptions import BillingTime, Subscription
from tests.rating.lago_cases import Case, lago_cases
from tests.rating.makers import TORONTO, a_subscription

TICK = timedelta(microseconds=1)
MONTHLY = PlanInterval.MONTHLY

zones = st.sampled_from(
    [
        "UTC",
        "America/Toronto",
        "America/Sao_Paulo",  # no midnight on the day summer begins
        "America/Havana",  # midnight twice on the day summer ends
        "America/St_Johns",  # clocks changed at 00:01
        "Pacific/Apia",  # 30 December 2011 does not exist
        "Australia/Lord_Howe",  # half an hour of summer time
        "Africa/Cairo",
        "Asia/Kathmandu",
        "Europe/London",
    ]
).map(ZoneInfo)
instants = st.timedeltas(timedelta(0), timedelta(days=32 * 365)).map(
    lambda passed: datetime(1999, 1, 1, tzinfo=UTC) + passed
)
intervals = st.sampled_from(PlanInterval)
billing_times = st.sampled_from(BillingTime)


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    """Draw a subscription that starts up to 400 days after its anniversary day."""
    subscription_at = draw(instants)
    return a_subscription(
        billing_time=draw(billing_times),
        subscription_at=subscription_at,
        started_at=subscription_at + draw(st.timedeltas(timedelta(0), timedelta(days=400))),
    )


def at(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text)


def starts(subscription: Subscription, interval: PlanInterval, count: int) -> list[date]:
    """Return the first days of the first periods of a subscription, in UTC."""
    zone = ZoneInfo("UTC")
    periods = [billing_period_at(subscription, interval, zone, subscription.subscription_at)]
    for _ in range(count - 1):
        periods.append(billing_period_at(subscription, interval, zone, periods[-1].end))
    return [period.start.date() for period in periods]


def lago_subscription(case: Case) -> Subscription:
    """Return a case's subscription."""
    terminated_at = case.get("terminated_at")
    return a_subscription(
        billing_time=BillingTime(case["billing_time"]),
        subscription_at=at(case["subscription_at"]),
        started_at=at(case["started_at"]),
        terminated_at=terminated_at and at(terminated_at),
    )


def lago_bounds(case: Case) -> dict[str, datetime]:
    """Return the bounds that our periods give for a case, with Lago's inclusive ends."""
    fee, usage = (lago_period(case, bounds) for bounds in ("fee", "usage"))
    fee_start, fee_end = fee_window(fee, ZoneInfo(case["timezone"]))
    return {
        "from_datetime": fee_start,
        "to_datetime": (fee_end - TICK).replace(microsecond=0),
        "charges_from_datetime": usage.usage_start,
        "charges_to_datetime": inclusive_end(usage),
    }


def inclusive_end(period: BillingPeriod) -> datetime:
    """Return the last instant of the usage in whole seconds; a termination instant as it is."""
    if period.usage_end < period.end:
        return period.usage_end
    return (period.usage_end - TICK).replace(microsecond=0)


def lago_period(case: Case, bounds: str) -> BillingPeriod:
    """Return the period a case asks for: the current one, or the one a billing run bills.

    A run bills the period just ended; the fee in advance, and everything after a termination,
    is of the current one.
    """
    subscription, zone = lago_subscription(case), ZoneInfo(case["timezone"])
    monthly = bounds == "usage" and case.get("bill_charges_monthly")
    interval = MONTHLY if monthly else PlanInterval(case["interval"])
    period = billing_period_at(subscription, interval, zone, at(case["at"]))
    in_advance = bounds == "fee" and case["pay_in_advance"]
    if case["current_usage"] or in_advance or subscription.terminated_at:
        return period
    return billing_period_at(subscription, interval, zone, period.start - TICK)


@pytest.mark.parametrize("case", lago_cases("period"))
def test_lago_has_the_same_bounds(case: Case) -> None:
    """Lago's own test cases of periods give Lago's bounds, its ends made half-open."""
    actual = lago_bounds(case)

    assert case["expected"] == {
        field: actual[field].isoformat().replace("+00:00", "Z") for field in case["expected"]
    }


@pytest.mark.parametrize("case", lago_cases("day_count"))
def test_lago_counts_the_same_days(case: Case) -> None:
    """Lago's own test cases of day counts give Lago's days, its end made half-open."""
    end = at(case["to"]) + timedelta(seconds=1)

    assert case["expected"]["days"] == local_days(at(case["from"]), end, ZoneInfo(case["timezone"]))


@given(subscription=subscriptions(), interval=intervals, zone=zones, moment=instants)
def test_a_period_contains_its_instant(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, moment: datetime
) -> None:
    """The period at an instant contains it, and is the period at each of its own instants."""
    period = billing_period_at(subscription, interval, zone, moment)

    assert period.start <= moment < period.end
    assert period == billing_period_at(subscription, interval, zone, period.start)
    assert period == billing_period_at(subscription, interval, zone, period.end - TICK)


@given(subscription=subscriptions(), interval=intervals, zone=zones, moment=instants)
def test_periods_tile_time(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, moment: datetime
) -> None:
    """Each period begins at the instant the one before ends, whatever the clocks do."""
    period = billing_period_at(subscription, interval, zone, moment)

    assert period.end == billing_period_at(subscription, interval, zone, period.end).start
    assert period.start == billing_period_at(subscription, interval, zone, period.start - TICK).end


@given(
    subscription=subscriptions(),
    interval=intervals,
    zone=zones,
    life=st.timedeltas(timedelta(0), timedelta(days=800)),
)
def test_ended_periods_tile_the_life_of_a_subscription(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, life: timedelta
) -> None:
    """From start to termination every instant is in exactly one ended period, none is empty."""
    started_at = subscription.started_at or subscription.subscription_at
    ended = a_subscription(
        billing_time=subscription.billing_time,
        subscription_at=subscription.subscription_at,
        started_at=started_at,
        terminated_at=started_at + life,
    )
    until = started_at + life
    periods = list(ended_periods(ended, interval, zone, until))

    bounds = [started_at, *(period.usage_end for period in periods)]
    assert bounds[:-1] == [period.usage_start for period in periods]
    assert bounds[-1] == until
    assert all(period.usage_start < period.usage_end for period in periods)
    assert periods[:-1] == list(ended_periods(ended, interval, zone, until - TICK))


@given(subscription=subscriptions(), interval=intervals, zone=zones)
def test_only_the_first_period_of_a_running_subscription_is_partial(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo
) -> None:
    """All periods after the first are whole, and their fee is for all their days."""
    started_at = subscription.started_at or subscription.subscription_at
    until = started_at + timedelta(days=800)
    periods = list(ended_periods(subscription, interval, zone, until))

    assert all(one.end == other.start for one, other in pairwise(periods))
    assert all(period.fee_days == period.days for period in periods[1:])
    assert all(1 <= period.fee_days <= period.days for period in periods)
    assert (
        not periods or until < billing_period_at(subscription, interval, zone, periods[-1].end).end
    )


@given(subscription=subscriptions(), interval=intervals, zone=zones, moment=instants)
def test_a_period_has_the_days_of_its_kind(
    subscription: Subscription, interval: PlanInterval, zone: ZoneInfo, moment: datetime
) -> None:
    """A period has as many local days as the calendar allows its interval."""
    days = {
        PlanInterval.WEEKLY: range(7, 8),
        PlanInterval.MONTHLY: range(28, 32),
        PlanInterval.QUARTERLY: range(89, 93),
        PlanInterval.SEMIANNUAL: range(180, 185),
        PlanInterval.YEARLY: range(365, 367),
    }

    assert billing_period_at(subscription, interval, zone, moment).days in days[interval]


@given(zone=zones, day=st.dates(date(1999, 1, 1), date(2031, 1, 1)))
def test_a_day_begins_with_its_first_instant(zone: ZoneInfo, day: date) -> None:
    """At local midnight the day has begun, and an instant before it had not."""
    begins = local_midnight(day, zone)

    assert begins.astimezone(zone).date() >= day
    assert (begins - TICK).astimezone(zone).date() < day


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00:00Z"),
        ("America/Havana", date(2026, 11, 1), "2026-11-01T04:00:00Z"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00:00Z"),
        ("America/Toronto", date(1919, 3, 31), "1919-03-31T04:30:00Z"),
        ("America/Toronto", date(2026, 3, 8), "2026-03-08T05:00:00Z"),
    ],
)
def test_a_day_without_midnight_begins_when_the_clock_has_jumped(
    zone: str, day: date, expected: str
) -> None:
    """Where midnight is skipped or comes twice, the day begins with its first instant."""
    assert at(expected) == local_midnight(day, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("interval", "expected"),
    [
        (PlanInterval.WEEKLY, ["2025-12-29", "2026-01-05", "2026-01-12"]),
        (PlanInterval.MONTHLY, ["2026-01-01", "2026-02-01", "2026-03-01"]),
        (PlanInterval.QUARTERLY, ["2026-01-01", "2026-04-01", "2026-07-01"]),
        (PlanInterval.SEMIANNUAL, ["2026-01-01", "2026-07-01", "2027-01-01"]),
        (PlanInterval.YEARLY, ["2026-01-01", "2027-01-01", "2028-01-01"]),
    ],
)
def test_calendar_periods_follow_the_calendar(interval: PlanInterval, expected: list[str]) -> None:
    """Weeks begin on Monday, the others on the first day of a month, quarter, half or year."""
    subscription = a_subscription(subscription_at=at("2026-01-03T12:00:00Z"))

    assert [date.fromisoformat(day) for day in expected] == starts(subscription, interval, 3)


def test_a_missing_anniversary_day_is_clamped_for_that_period_only() -> None:
    """The 31st is the 28th in February and the 31st again in March; leap days likewise."""
    monthly, yearly = (
        a_subscription(billing_time=BillingTime.ANNIVERSARY, subscription_at=at(f"{day}T12:00:00Z"))
        for day in ("2026-01-31", "2024-02-29")
    )

    assert starts(monthly, MONTHLY, 3) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]
    assert starts(yearly, PlanInterval.YEARLY, 5)[1::3] == [date(2025, 2, 28), date(2028, 2, 29)]


def test_a_clock_set_back_across_midnight_does_not_reopen_a_period() -> None:
    """St. John's went from 00:01 on the 29th back to the 28th: the new period had begun."""
    st_johns = ZoneInfo("America/St_Johns")
    subscription = a_subscription(
        billing_time=BillingTime.ANNIVERSARY,
        subscription_at=at("2006-09-29T12:00:00Z"),
        started_at=at("2006-09-29T12:00:00Z"),
    )
    moment = at("2006-10-29T03:00:00Z")

    assert moment.astimezone(st_johns).date() == date(2006, 10, 28)
    assert at("2006-10-29T02:30:00Z") == (
        billing_period_at(subscription, MONTHLY, st_johns, moment).start
    )


def test_a_skipped_midnight_adds_no_day() -> None:
    """Days up to a day that begins at 01:00 are whole days."""
    sao_paulo = ZoneInfo("America/Sao_Paulo")

    assert local_days(at("2018-11-01T03:00:00Z"), at("2018-11-04T03:00:00Z"), sao_paulo) == 3


def test_days_of_the_clock_change_are_days() -> None:
    """A month whose clocks change has its calendar days, and an hour less or more."""
    march = billing_period_at(a_subscription(), MONTHLY, TORONTO, at("2026-03-15T00:00:00Z"))

    assert (march.days, march.fee_days) == (31, 31)
    assert march.end - march.start == timedelta(days=31, hours=-1)


def test_start_and_termination_days_both_owe_the_fee() -> None:
    """Fee days run from the local day of the start to the local day of the termination."""
    subscription = a_subscription(
        started_at=at("2026-01-10T23:00:00Z"), terminated_at=at("2026-01-21T04:30:00Z")
    )
    period = billing_period_at(subscription, MONTHLY, TORONTO, at("2026-01-15T00:00:00Z"))

    assert period.fee_days == 11
    assert fee_window(period, TORONTO) == (at("2026-01-10T05:00:00Z"), at("2026-01-21T05:00:00Z"))
    assert fee_days_after(period, TORONTO, at("2026-01-20T05:00:00Z")) == 1
    assert fee_days_after(period, TORONTO, at("2026-01-21T04:30:00Z")) == 0


def test_a_termination_at_the_turn_of_periods_opens_no_new_one() -> None:
    """Ended at the very end of a period, a subscription has no empty period after it."""
    end = at("2026-02-01T05:00:00Z")
    subscription = a_subscription(terminated_at=end)
    (only,) = ended_periods(subscription, MONTHLY, TORONTO, at("2027-01-01T00:00:00Z"))

    assert (only.usage_end, only.fee_days) == (end, 31)


def test_a_period_after_the_termination_is_empty() -> None:
    """A period outside the subscription's life has bounds, but no usage and no fee days."""
    subscription = a_subscription(terminated_at=at("2026-01-20T00:00:00Z"))
    period = billing_period_at(subscription, MONTHLY, TORONTO, at("2026-03-20T00:00:00Z"))

    assert period.is_empty
    assert (period.usage_start, period.usage_end, period.fee_days) == (period.start,) * 2 + (0,)


def test_a_subscription_that_has_not_started_has_no_periods() -> None:
    """A pending subscription has ended no period, and asking for its current one is an error."""
    pending = a_subscription(started_at=None)
    moment = at("2026-03-20T00:00:00Z")

    assert not list(ended_periods(pending, MONTHLY, TORONTO, moment))
    with pytest.raises(ValueError, match="has not started"):
        billing_period_at(pending, MONTHLY, TORONTO, moment)


@pytest.mark.parametrize(
    ("zone", "start", "end", "days"),
    [
        # Half past ten at night, to a midnight and to a minute after it.
        ("America/Toronto", "2026-01-10T03:30:00Z", "2026-01-11T05:00:00Z", 2),
        ("America/Toronto", "2026-01-10T03:30:00Z", "2026-01-10T05:01:00Z", 1),
        ("Asia/Tokyo", "2026-01-09T15:00:00Z", "2026-01-10T15:01:00Z", 2),
        ("Asia/Tokyo", "2026-01-09T16:00:00Z", "2026-01-10T15:00:00Z", 1),
    ],
)
def test_days_are_counted_on_the_local_clock(zone: str, start: str, end: str, days: int) -> None:
    """What the clock shows at both ends decides, wherever the computer that counts stands."""
    assert local_days(at(start), at(end), ZoneInfo(zone)) == days


@given(zone=zones, day=st.integers(0, 30), hour=st.integers(0, 23))
def test_fee_days_left_are_local_days(zone: ZoneInfo, day: int, hour: int) -> None:
    """On each day of a month, whatever the zone and hour, that day and those after it are left."""
    january = billing_period_at(
        a_subscription(started_at=at("2020-01-01T00:00:00Z")),
        MONTHLY,
        zone,
        at("2027-01-15T12:00Z"),
    )
    local = datetime(2027, 1, 1 + day, hour, 30, tzinfo=zone)

    assert fee_days_after(january, zone, local.astimezone(UTC)) == 31 - day


@pytest.mark.parametrize(("zone", "days"), [("America/Toronto", 23), ("Asia/Tokyo", 22)])
def test_the_fee_begins_on_the_local_day_of_the_start(zone: str, days: int) -> None:
    """Half past three in the night of Greenwich is still the 9th in Toronto, the 10th in Tokyo."""
    started_at = at("2026-01-10T03:30:00Z")
    subscription = a_subscription(started_at=started_at)

    assert billing_period_at(subscription, MONTHLY, ZoneInfo(zone), started_at).fee_days == days
