"""When a subscription is billed, and for which days: in arrears, in advance, after changes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription
from rating.closing import (
    NOTHING_BILLED,
    Billed,
    Closing,
    closing_of_text,
    closing_text,
    closings,
)
from rating.rated_line import LineKind
from rating.rater import rated_fee_credit_line, rated_plan_fee_line
from tests.rating.makers import EPOCH, TORONTO, a_plan, a_scope, a_subscription

VANCOUVER, LONDON = ZoneInfo("America/Vancouver"), ZoneInfo("Europe/London")
ZONES = [TORONTO, VANCOUVER, LONDON, ZoneInfo("Asia/Tokyo"), ZoneInfo("Pacific/Auckland")]
ADVANCE = a_plan(is_pay_in_advance=True)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def billed_by(found: Sequence[Closing], before: Billed = NOTHING_BILLED) -> Billed:
    """Return how far some closings bill, one after the other."""
    for closing in found:
        billed = closing.billed
        before = Billed(
            billed.usage_until or before.usage_until, billed.fee_until or before.fee_until
        )
    return before


def cents(found: Sequence[Closing], plan: Plan, subscription: Subscription) -> list[int]:
    """Return the plan fee's cents of every closing, credits negative."""
    scope = a_scope(subscription=subscription, plan=plan)
    lines = []
    for closing in found:
        lines += [rated_fee_credit_line(scope, closing.credit)] if closing.credit else []
        lines += [rated_plan_fee_line(scope, closing.fee)] if closing.fee else []
    return [line.amount_cents for line in lines]


def test_in_arrears_fee_and_usage_close_together() -> None:
    """A month's fee and usage are due when it has ended, and not a moment before."""
    end = at("2026-02-01T05:00")

    assert (
        list(closings(a_subscription(), a_plan(), TORONTO, end - timedelta(microseconds=1))) == []
    )
    (closing,) = closings(a_subscription(), a_plan(), TORONTO, end)
    assert closing.closing_at == end
    assert closing.usage == closing.fee


def test_in_advance_the_fee_is_due_when_its_period_begins() -> None:
    """The start bills the first fee; each month's end bills its usage and the next month's fee."""
    first, second = closings(a_subscription(), ADVANCE, TORONTO, at("2026-02-10T00:00"))

    assert (first.closing_at, first.usage) == (EPOCH, None)
    assert first.fee is not None
    assert second.fee is not None
    assert second.usage is not None
    assert first.fee.usage_end == second.fee.usage_start == second.usage.usage_end


def test_a_trial_puts_off_the_fee_in_advance() -> None:
    """A fee in advance is due when the trial ends in its period."""
    trial_ends_at = EPOCH + timedelta(days=10)
    found = closings(a_subscription(), ADVANCE, TORONTO, trial_ends_at, trial_ends_at=trial_ends_at)

    assert [closing.closing_at for closing in found] == [trial_ends_at]


def test_what_was_paid_beyond_the_end_is_credited() -> None:
    """Ended on 20 January after paying the month: eleven of its days come back, once."""
    paid = list(closings(a_subscription(), ADVANCE, TORONTO, EPOCH))
    ended = a_subscription(terminated_at=at("2026-01-20T15:00"))
    later = list(closings(ended, ADVANCE, TORONTO, at("2026-02-10T00:00"), billed_by(paid)))

    assert cents(paid, ADVANCE, ended) == [100_00]
    assert cents(later, ADVANCE, ended) == [64_52 - 100_00]
    everything = billed_by([*paid, *later])
    assert list(closings(ended, ADVANCE, TORONTO, at("2027-01-01T00:00"), everything)) == []


def test_an_end_before_its_fee_was_billed_needs_no_credit() -> None:
    """A subscription ended before anything was billed owes its days, in advance or in arrears."""
    ended = a_subscription(terminated_at=at("2026-01-20T15:00"))
    in_advance = list(closings(ended, ADVANCE, TORONTO, at("2026-02-10T00:00")))
    in_arrears = list(closings(ended, a_plan(), TORONTO, at("2026-02-10T00:00")))

    assert cents(in_advance, ADVANCE, ended) == cents(in_arrears, a_plan(), ended) == [64_52]


def test_the_day_of_an_upgrade_is_billed_once() -> None:
    """The new plan bills the day on which it takes over, the old one up to the day before."""
    change = at("2026-01-20T15:00")
    old = a_subscription(terminated_at=change, is_followed=True)
    new = a_subscription(started_at=change)
    found = [next(closings(each, a_plan(), TORONTO, at("2026-02-01T05:00"))) for each in (old, new)]

    assert [closing.fee.fee_days for closing in found if closing.fee] == [19, 12]
    assert next(closing.usage.usage_end for closing in found if closing.usage) == change


def test_usage_of_a_year_can_close_every_month() -> None:
    """With monthly charges a yearly plan closes usage twelve times, and its fee once."""
    plan = a_plan(interval=PlanInterval.YEARLY, bills_charges_monthly=True)
    found = list(closings(a_subscription(), plan, TORONTO, at("2027-01-01T05:00")))

    assert [closing.usage is not None for closing in found] == [True] * 12
    assert [closing.fee is not None for closing in found] == [False] * 11 + [True]


@given(
    zones=st.lists(st.sampled_from(ZONES), min_size=1, max_size=6),
    steps=st.lists(st.integers(1, 80), min_size=6, max_size=6),
    billing_time=st.sampled_from(BillingTime),
    interval=st.sampled_from(PlanInterval),
    in_advance=st.booleans(),
)
def test_a_moved_customer_is_billed_without_gap_or_overlap(
    zones: list[ZoneInfo],
    steps: list[int],
    billing_time: BillingTime,
    interval: PlanInterval,
    in_advance: bool,  # noqa: FBT001 (drawn)
) -> None:
    """Whatever timezones an account has between bill runs, its usage windows tile its life."""
    subscription = a_subscription(billing_time=billing_time)
    plan = a_plan(interval=interval, is_pay_in_advance=in_advance)
    found: list[Closing] = []
    until = EPOCH
    for zone, days in zip(zones, steps, strict=False):
        until += timedelta(days=days)
        found += closings(subscription, plan, zone, until, billed_by(found))
    windows = [closing.usage for closing in found if closing.usage]

    assert not windows or windows[0].usage_start == EPOCH
    assert [one.usage_end for one in windows[:-1]] == [one.usage_start for one in windows[1:]]
    assert len({closing.closing_at for closing in found}) == len(found)


@pytest.mark.parametrize("zone", [VANCOUVER, LONDON])
def test_hours_between_two_midnights_belong_to_the_next_bill(zone: ZoneInfo) -> None:
    """A customer who moves after January was billed gets one bill for February, hours included."""
    january = list(closings(a_subscription(), a_plan(), TORONTO, at("2026-02-01T05:00")))
    moved = closings(a_subscription(), a_plan(), zone, at("2026-03-02T00:00"), billed_by(january))

    (february,) = moved
    assert february.usage is not None
    assert february.usage.usage_start == at("2026-02-01T05:00")
    assert cents([february], a_plan(), a_subscription()) == [100_00]


def test_a_changed_interval_bills_nothing_twice() -> None:
    """A plan that turns yearly in spring goes on where its months ended."""
    months = list(closings(a_subscription(), a_plan(), TORONTO, at("2026-04-10T00:00")))
    yearly = a_plan(interval=PlanInterval.YEARLY, version=2)
    (rest,) = closings(a_subscription(), yearly, TORONTO, at("2027-01-01T05:00"), billed_by(months))

    assert rest.usage is not None
    assert rest.usage.usage_start == months[-1].closing_at


def test_a_closing_survives_its_text() -> None:
    """What a draft keeps of a closing gives the same closing again."""
    ended = a_subscription(terminated_at=at("2026-01-20T15:00"))
    paid = closings(a_subscription(), ADVANCE, TORONTO, EPOCH)
    every = [
        *closings(ended, ADVANCE, TORONTO, at("2026-03-01T00:00"), billed_by(list(paid))),
        *closings(a_subscription(), a_plan(), TORONTO, at("2026-03-01T00:00")),
    ]

    for closing in every:
        again = closing_of_text(closing.subscription, closing.closing_at, closing_text(closing))
        assert again == closing


def test_a_credit_says_which_days_it_gives_back() -> None:
    """A credit is a negative line of the unused days."""
    paid = billed_by(list(closings(a_subscription(), ADVANCE, TORONTO, EPOCH)))
    ended = a_subscription(terminated_at=at("2026-01-20T15:00"))
    (closing,) = closings(ended, ADVANCE, TORONTO, at("2026-02-10T00:00"), paid)
    assert closing.credit is not None
    line = rated_fee_credit_line(a_scope(subscription=ended, plan=ADVANCE), closing.credit)

    assert line.kind is LineKind.PLAN_FEE_CREDIT
    assert line.description == "Team (unused days): January 21, 2026 to January 31, 2026"
    assert line.amount == Decimal(line.amount_cents) / 100
    assert replace(ended, terminated_at=None) == a_subscription()
