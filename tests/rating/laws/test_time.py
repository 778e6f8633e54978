"""Time: usage windows tile a life, and a change of plan bills every day and event once."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from catalog.billable_metrics import AggregationType
from catalog.billing_periods import billing_period_at
from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription
from rating.charge_window import closing_windows
from rating.price_book import PriceBook
from rating.rated_line import LineKind, RatedLine
from tests.aggregation.makers import EVERYTHING, an_event, frame
from tests.laws import LAW
from tests.rating.laws.billing import Bill, due_closings, priced
from tests.rating.laws.oracle_periods import DAY, first_instant, local_day, plain_periods
from tests.rating.laws.price_lists import intervals
from tests.rating.laws.worlds import HOUR, ODD, ZONES, a_book, bill_runs, dated, instants
from tests.rating.makers import EPOCH, a_charge, a_metric, a_plan, a_subscription

# Clocks that skip or repeat midnight, move by half an hour, or lose a whole day (Apia, 2011).
MORE_ZONES = (
    *ZONES, "America/St_Johns", "America/Sao_Paulo", "America/Asuncion", "Asia/Beirut",
    "America/Havana", "Atlantic/Azores", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati",
)  # fmt: skip
LATEST = datetime(2027, 1, 1, tzinfo=UTC)
starts = st.timedeltas(timedelta(0), timedelta(days=17 * 365)).map(
    lambda passed: datetime(2009, 1, 1, tzinfo=UTC) + passed
)
lives = st.none() | st.timedeltas(timedelta(microseconds=1), timedelta(days=500))
counted_calls = a_metric(aggregation_type=AggregationType.COUNT, field_name=None)


@LAW
@given(
    zone=st.sampled_from(MORE_ZONES),
    interval=st.sampled_from(PlanInterval),
    billing_time=st.sampled_from(BillingTime),
    started_at=starts,
    life=lives,
    steps=st.lists(st.integers(1, 300), min_size=1, max_size=3),
)
def test_usage_windows_tile_the_life(
    zone: str,
    interval: PlanInterval,
    billing_time: BillingTime,
    started_at: datetime,
    life: timedelta | None,
    steps: list[int],
) -> None:
    """Windows begin with the life, touch each other, and end with it, in any zone and interval."""
    subscription = a_subscription(
        billing_time=billing_time,
        subscription_at=started_at,
        started_at=started_at,
        terminated_at=None if life is None else started_at + life,
    )
    plan = a_plan(interval=interval, charges=(a_charge(),))
    book = a_book([subscription], [plan], [counted_calls], zone)
    runs = [started_at + timedelta(days=sum(steps[: number + 1])) for number in range(len(steps))]
    due = due_closings(book, runs)
    windows = [window.usage for each in due for window in closing_windows(book, each)]

    ended = [
        period
        for period in plain_periods(subscription, interval, zone, runs[-1])
        if period.end <= runs[-1]
    ]
    assert [(one.start, one.end) for one in windows] == [(one.start, one.end) for one in ended]
    bounds = [started_at, *(window.end for window in windows)]
    assert [window.start for window in windows] == bounds[:-1]
    for bound in bounds[1:]:
        is_midnight = first_instant(zone, local_day(zone, bound)) == bound
        assert is_midnight or bound == subscription.terminated_at


@st.composite
def changed_plans(draw: st.DrawFn, *, trial: bool = False) -> tuple[PriceBook, str]:
    """Draw a subscription whose plan changes once or twice, and its timezone.

    An upgrade takes over at once, a downgrade when the period ends.
    """
    zone = draw(st.sampled_from(ZONES))
    charge = a_charge(metric_code=counted_calls.code)
    days = Decimal(draw(st.integers(1, 60))) if trial else Decimal(0)
    plans = [
        a_plan(
            id=f"plan-{number}",
            code=f"plan-{number}",
            interval=draw(intervals),
            amount_cents=draw(st.sampled_from([100_00, 77_77])),
            is_pay_in_advance=draw(st.booleans()),
            trial_period_days=days,
            charges=(charge,),
        )
        for number in range(draw(st.integers(2, 3)))
    ]
    started_at = EPOCH + draw(st.integers(0, 24 * 30)) * HOUR + draw(st.sampled_from(ODD))
    first = a_subscription(
        id="subscription-0",
        plan_id="plan-0",
        billing_time=draw(st.sampled_from(BillingTime)),
        subscription_at=started_at,
        started_at=started_at,
    )
    found = [first]
    for number, plan in enumerate(plans[1:], 1):
        last = found.pop()
        change_at = _change(draw, last, plans[number - 1], zone)
        following = replace(
            last, id=f"subscription-{number}", plan_id=plan.id, started_at=change_at
        )
        found += [replace(last, terminated_at=change_at, is_followed=True), following]
    return a_book(found, plans, [counted_calls], zone), zone


def _change(draw: st.DrawFn, last: Subscription, plan: Plan, zone: str) -> datetime:
    assert last.started_at is not None
    moment = last.started_at + draw(st.integers(1, 24 * 40)) * HOUR + draw(st.sampled_from(ODD))
    if draw(st.booleans()):
        return moment
    if draw(st.booleans()):
        return max(first_instant(zone, local_day(zone, moment)), last.started_at + HOUR)
    return billing_period_at(last, plan.interval, ZoneInfo(zone), moment).end


def fee_bills(book: PriceBook, runs: Sequence[datetime]) -> list[Bill]:
    """Return the bills of a book of which nothing is used."""
    free = {key: [replace(plan, charges=())] for key, (plan,) in book.plans.items()}
    without_charges = replace(book, plans=free)
    return priced(without_charges, due_closings(without_charges, runs), {})


def billed_days(line: RatedLine, zone: str) -> Iterator[date]:
    """Yield the local days a line of the plan fee is for."""
    day, end = local_day(zone, line.period_start), local_day(zone, line.period_end)
    while day < end:
        yield day
        day += DAY


@LAW
@given(changed_plans(), bill_runs)
def test_a_change_of_plan_bills_every_day_once(
    world: tuple[PriceBook, str], runs: tuple[datetime, ...]
) -> None:
    """No local day's fee is left out or billed twice; what was paid too much is given back."""
    book, zone = world
    days: Counter[date] = Counter()
    for bill in fee_bills(book, runs):
        for line in bill.lines:
            sign = -1 if line.kind is LineKind.PLAN_FEE_CREDIT else 1
            for day in billed_days(line, zone):
                days[day] += sign
    started_at = book.subscriptions[0].started_at
    assert started_at is not None
    owed = {day: count for day, count in days.items() if count}

    assert set(owed.values()) <= {1}
    if owed:
        assert min(owed) == local_day(zone, started_at)
        assert len(owed) == (max(owed) - min(owed)).days + 1


def upgraded_after_a_trial() -> tuple[PriceBook, str]:
    """Return a trial of 1 January, and an upgrade on the 2nd at one o'clock: the 2nd is owed once.

    The old plan's days are counted from the trial's end to the change, and the change's own day
    is the new plan's.
    """
    plans = [
        a_plan(id=f"plan-{number}", trial_period_days=Decimal(1), charges=()) for number in (0, 1)
    ]
    change_at = EPOCH + timedelta(hours=25)
    old = a_subscription(id="old", plan_id="plan-0", terminated_at=change_at, is_followed=True)
    new = a_subscription(id="new", plan_id="plan-1", started_at=change_at)
    return a_book([old, new], plans), "America/Toronto"


@LAW
@given(changed_plans(trial=True), bill_runs)
@example(upgraded_after_a_trial(), (LATEST,))
def test_after_a_trial_every_day_is_billed_once(
    world: tuple[PriceBook, str], runs: tuple[datetime, ...]
) -> None:
    """Whatever plans follow each other, the days from the trial's end on are billed, once each."""
    book, zone = world
    trial_days = int(book.plans["plan-0"][0].trial_period_days)
    first_start = book.first_started_at(book.subscriptions[0])
    first_day = local_day(zone, first_start + timedelta(days=trial_days))
    expected, found = 0, Decimal(0)
    for subscription in book.subscriptions:
        (plan,) = book.plans[subscription.plan_id]
        if not plan.is_pay_in_advance:
            for period in plain_periods(subscription, plan.interval, zone, LATEST):
                if period.end <= LATEST:
                    expected += len([day for day in period.fee_days if day >= first_day])
    for bill in fee_bills(book, [*runs, LATEST]):
        if not book.plan_until(bill.closing.subscription, LATEST).is_pay_in_advance:
            found += sum((_days(line) for line in bill.lines), Decimal(0))

    assert found == expected


def _days(line: RatedLine) -> Decimal:
    """Return the days a fee's line says it bills."""
    step = line.steps[0]
    return Decimal(line.period_days) if step.rule == "whole period" else step.units


@given(changed_plans(), bill_runs, st.lists(instants, max_size=8))
def test_a_change_of_plan_bills_every_event_once(
    world: tuple[PriceBook, str], runs: tuple[datetime, ...], moments: list[datetime]
) -> None:
    """Each event between the start and the last closing is in one bill, at whatever instant."""
    book, _ = world
    changes = [each.started_at for each in book.subscriptions if each.started_at]
    moments += [*changes, *(at - timedelta(microseconds=1) for at in changes)]
    rows = [dated(an_event(number, 0), at) for number, at in enumerate(moments)]
    windows = [
        structs.replace(window.usage, wants_event_values=True)
        for each in due_closings(book, runs)
        for window in closing_windows(book, each)
    ]
    counted = quantities(frame(rows), windows, EVERYTHING)
    ids = Counter(one for each in counted.values() for one in each.event_ids or ())
    closed = max((window.end for window in windows), default=changes[0])

    assert ids == Counter(
        str(row["transaction_id"])
        for row, at in zip(rows, moments, strict=True)
        if changes[0] <= at < closed
    )
