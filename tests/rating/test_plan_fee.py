"""The plan fee: whole, by days, or nothing during a trial."""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.money import rounded_cents
from rating.plan_fee import plan_fee_days, plan_fee_price
from tests.rating.lago_cases import Case, lago_cases
from tests.rating.makers import EPOCH, TORONTO, a_plan, a_subscription

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
instants_of_january = st.timedeltas(timedelta(0), timedelta(days=31) - timedelta.resolution).map(
    lambda passed: EPOCH + passed
)


def lago_period(case: Case) -> BillingPeriod:
    """Return a case's period: both of its ends are inclusive, and its whole length is given."""
    zone = ZoneInfo(case["period"]["timezone"])
    start, last = (datetime.fromisoformat(case["period"][end]) for end in ("from", "to"))
    days = case["period"]["full_period_days"]
    is_whole_end = last.astimezone(zone).strftime("%H:%M:%S") == "23:59:59"
    end = last + timedelta(seconds=1) if is_whole_end else last
    fee_days = (last.astimezone(zone).date() - start.astimezone(zone).date()).days + 1
    theoretical_end = end if is_whole_end else end + timedelta(days=days)
    return BillingPeriod(start, theoretical_end, days, start, end, fee_days)


@pytest.mark.parametrize("case", lago_cases("subscription_fee"))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the plan fee give Lago's cents."""
    zone = ZoneInfo(case["period"]["timezone"])
    plan = a_plan(amount_cents=case["plan_amount_cents"], trial_period_days=Decimal(1))
    trial_end = datetime.fromisoformat(case.get("trial_end", "2000-01-01T00:00:00Z"))
    price = plan_fee_price(
        plan, lago_period(case), zone=zone, first_started_at=trial_end - timedelta(days=1)
    )

    assert case["expected"]["amount_cents"] == rounded_cents(price.amount, "CAD")
    if "precise_amount_cents" in case["expected"]:
        digits = Decimal(1).scaleb(-case["expected"]["digits"]["precise_amount_cents"])
        precise = (price.amount * 100).quantize(digits, ROUND_HALF_UP)
        assert Decimal(case["expected"]["precise_amount_cents"]) == precise


def test_a_whole_period_owes_the_whole_amount() -> None:
    """A full period owes the plan's amount, whatever the number of its days."""
    for month in range(1, 13):
        at = datetime(2026, month, 15, tzinfo=UTC)
        period = billing_period_at(a_subscription(), a_plan().interval, TORONTO, at)
        price = plan_fee_price(a_plan(), period, zone=TORONTO, first_started_at=EPOCH)
        assert price.amount == 100


@given(started_at=instants_of_january)
def test_a_part_owes_its_days(started_at: datetime) -> None:
    """A first month owes the local days from the start's day on, the start's day included."""
    subscription = a_subscription(started_at=started_at)
    period = billing_period_at(subscription, a_plan().interval, TORONTO, started_at)
    days = 32 - started_at.astimezone(TORONTO).day

    price = plan_fee_price(a_plan(), period, zone=TORONTO, first_started_at=started_at)

    assert rounded_cents(Decimal(10000 * days) / 3100, "CAD") == rounded_cents(price.amount, "CAD")


def test_a_share_of_days_has_sixty_digits() -> None:
    """The fee of 17 of 31 days is their exact share: no binary fraction comes near it."""
    subscription = a_subscription(started_at=datetime(2026, 1, 15, 5, tzinfo=UTC))
    started_at = subscription.started_at or EPOCH
    period = billing_period_at(subscription, a_plan().interval, TORONTO, started_at)

    amount = plan_fee_price(a_plan(), period, zone=TORONTO, first_started_at=started_at).amount

    assert abs(Fraction(amount) - Fraction(100 * 17, 31)) < Fraction(1, 10**57)


def test_leaving_on_the_day_of_arrival_owes_one_day() -> None:
    """The day of the start and the day of the termination are both billed, once."""
    subscription = a_subscription(
        started_at=datetime(2026, 1, 9, 15, tzinfo=UTC),
        terminated_at=datetime(2026, 1, 9, 20, tzinfo=UTC),
    )
    period = billing_period_at(
        subscription, a_plan().interval, TORONTO, subscription.started_at or EPOCH
    )
    days = plan_fee_days(a_plan(), period, zone=TORONTO, first_started_at=LONG_AGO)

    assert days == 1


def test_the_hour_of_leaving_does_not_matter() -> None:
    """Leaving at an earlier hour than that of the start still owes both days whole."""
    subscription = a_subscription(
        started_at=datetime(2026, 1, 10, 23, tzinfo=UTC),
        terminated_at=datetime(2026, 1, 20, 14, tzinfo=UTC),
    )
    started_at = subscription.started_at or EPOCH
    period = billing_period_at(subscription, a_plan().interval, TORONTO, started_at)

    assert plan_fee_days(a_plan(), period, zone=TORONTO, first_started_at=started_at) == 11


@pytest.mark.parametrize(
    ("trial_days", "fee_days"),
    [("0", 31), ("0.5", 31), ("1", 30), ("30", 1), ("30.5", 1), ("31", 0), ("365", 0)],
)
def test_a_trial_owes_nothing_until_its_last_day(trial_days: str, fee_days: int) -> None:
    """During the trial the plan is free; the local day on which it ends is billed."""
    plan = a_plan(trial_period_days=Decimal(trial_days))
    period = billing_period_at(a_subscription(), plan.interval, TORONTO, EPOCH)

    assert fee_days == plan_fee_days(plan, period, zone=TORONTO, first_started_at=EPOCH)


def test_a_trial_runs_from_the_first_start() -> None:
    """A change of plan begins a new subscription, not a new trial."""
    plan = a_plan(trial_period_days=Decimal(14))
    subscription = a_subscription(started_at=datetime(2026, 1, 20, 5, tzinfo=UTC))
    period = billing_period_at(
        subscription, plan.interval, TORONTO, datetime(2026, 1, 20, 6, tzinfo=UTC)
    )
    days = plan_fee_days(plan, period, zone=TORONTO, first_started_at=EPOCH)

    assert days == 12


def test_a_termination_during_the_trial_owes_nothing() -> None:
    """A subscription that ends before its trial does owes no plan fee."""
    plan = a_plan(trial_period_days=Decimal(14))
    subscription = a_subscription(terminated_at=datetime(2026, 1, 10, 5, tzinfo=UTC))
    period = billing_period_at(subscription, plan.interval, TORONTO, EPOCH)

    assert plan_fee_price(plan, period, zone=TORONTO, first_started_at=EPOCH).amount == 0


def test_a_termination_at_midnight_bills_the_day_that_begins() -> None:
    """Ending a trial or not, a termination exactly at local midnight bills that day (Lago)."""
    subscription = a_subscription(terminated_at=datetime(2026, 1, 10, 5, tzinfo=UTC))
    with_trial = a_plan(trial_period_days=Decimal(2))
    period = billing_period_at(subscription, with_trial.interval, TORONTO, EPOCH)

    assert plan_fee_days(a_plan(), period, zone=TORONTO, first_started_at=EPOCH) == 10
    assert plan_fee_days(with_trial, period, zone=TORONTO, first_started_at=EPOCH) == 8
