"""What a price book answers: timezones, versions, first starts, and which closings are due."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from aggregation.quantity import Selection, UsageWindow
from catalog.charge_terms import StandardTerms
from catalog.plans import ChargeFilter, PresentationKey
from rating.charge_window import charge_windows, closing_windows, presentation_window
from rating.closing import Billed, Closing
from rating.due_closings import due_closings
from rating.price_book import PriceBook
from tests.rating.laws.worlds import a_book
from tests.rating.makers import (
    EPOCH,
    TORONTO,
    a_charge,
    a_metric,
    a_period,
    a_plan,
    a_subscription,
)

TOKYO = ZoneInfo("Asia/Tokyo")
FEBRUARY = datetime(2026, 2, 1, 5, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
LARGE = ChargeFilter("filter-1", (("model", ("large",)),), StandardTerms(Decimal(2)))


def test_days_are_the_account_s_else_the_service_s() -> None:
    """An account without a timezone of its own has the days of its service."""
    book = a_book([a_subscription()], [], zone="Europe/London")
    own = {"account-1": replace(book.accounts["account-1"], timezone="Asia/Tokyo")}

    assert book.zone(a_subscription()).key == "Europe/London"
    assert replace(book, accounts=own).zone(a_subscription()) == TOKYO


def test_versions_are_those_in_force_just_before_the_end() -> None:
    """A version that begins at the end prices nothing of what ended then."""
    plan, metric = a_plan(), a_metric()
    plans = {plan.id: [plan, replace(plan, version=2, valid_from=FEBRUARY)]}
    metrics = {metric.id: [metric, replace(metric, version=2, valid_from=FEBRUARY)]}
    book = replace(a_book([], []), plans=plans, metrics=metrics)

    for end, version in ((FEBRUARY, 1), (FEBRUARY + timedelta.resolution, 2)):
        assert book.plan_until(a_subscription(), end).version == version
        assert book.metric_until("metric-1", end).version == version


def test_history_counts_where_some_version_of_a_metric_recurs() -> None:
    """One recurring version of one metric is enough to keep all usage."""
    recurring = a_metric(id="metric-2", recurring=True)

    assert not a_book([], [], [a_metric()]).counts_history
    assert a_book([], [], [a_metric(), recurring]).counts_history


def test_trials_run_from_the_first_start_of_an_external_id() -> None:
    """Whatever the order of subscriptions, the earliest start counts; one not started has none."""
    later = a_subscription(id="later", started_at=EPOCH + DAY)
    waiting = a_subscription(id="waiting", external_id="sub-2", started_at=None)
    for order in ([later, a_subscription(), waiting], [waiting, a_subscription(), later]):
        book = a_book(order, [])
        assert book.first_starts == {"sub-1": EPOCH}
        assert book.first_started_at(later) == EPOCH
        with pytest.raises(ValueError, match="subscription sub-2 has not started"):
            book.first_started_at(waiting)


def a_started_book() -> PriceBook:
    """Return a book of a monthly subscription in Tokyo, one billed in part, one not started."""
    found = a_book(
        [
            a_subscription(),
            a_subscription(id="subscription-2", external_id="sub-2"),
            a_subscription(id="waiting", external_id="sub-3", started_at=None),
        ],
        [a_plan()],
    )
    own = {"account-1": replace(found.accounts["account-1"], timezone="Asia/Tokyo")}
    return replace(found, accounts=own)


def test_due_is_what_no_draft_bills() -> None:
    """Each started subscription has its closings up to the instant, in its own timezone."""
    begun = datetime(2026, 1, 31, 15, tzinfo=UTC)
    due = due_closings(
        a_started_book(), MARCH, {"subscription-2": Billed(usage_until=begun, fee_until=begun)}
    )

    assert [(each.subscription.id, each.closing_at, each.timezone) for each in due] == [
        ("subscription-1", begun, "Asia/Tokyo"),
        ("subscription-1", datetime(2026, 2, 28, 15, tzinfo=UTC), "Asia/Tokyo"),
        ("subscription-2", datetime(2026, 2, 28, 15, tzinfo=UTC), "Asia/Tokyo"),
    ]
    assert due_closings(a_started_book(), begun - timedelta.resolution, {}) == []


def test_a_trial_puts_the_due_fee_off() -> None:
    """Of a plan in advance, the fee is due when the trial from the first start ends."""
    plan = a_plan(is_pay_in_advance=True, trial_period_days=Decimal(9))
    first = a_subscription(id="first", terminated_at=EPOCH + DAY)
    second = a_subscription(started_at=EPOCH + DAY)

    due = due_closings(a_book([second, first], [plan]), EPOCH + 20 * DAY, {})

    fees = [each.closing_at for each in due if each.subscription.id == second.id and each.fee]
    assert fees == [EPOCH + 9 * DAY]


def test_a_closing_asks_for_each_bucket_of_its_plan() -> None:
    """A filter and what it leaves are a window each, with all that decides what counts."""
    charge = a_charge(filters=(LARGE,), is_prorated=True, pricing_group_keys=("region",))
    plan, metric, period = a_plan(charges=(charge,)), a_metric(), a_period()
    book = a_book([a_subscription()], [plan], [metric])
    closing = Closing(a_subscription(), FEBRUARY, TORONTO.key, usage=period)

    windows = closing_windows(book, closing)

    assert windows == charge_windows(book, a_subscription(), plan, period, TORONTO.key)
    assert {window.charge.id for window in windows} == {"charge-1"}
    large = next(window.usage for window in windows if window.bucket.filter)
    assert large == UsageWindow(
        key=f"subscription-1/charge-1/filter-1/{EPOCH.isoformat()}",
        service_code="nexadesk",
        subscription_external_id="sub-1",
        metric=metric,
        start=EPOCH,
        end=FEBRUARY,
        selection=Selection((("model", ("large",)),)),
        is_prorated=True,
        period_days=31,
        timezone="America/Toronto",
    )
    rest = next(window.usage for window in windows if window.bucket.filter is None)
    assert (rest.key, rest.group_keys) == (
        f"subscription-1/charge-1/{EPOCH.isoformat()}",
        ("region",),
    )
    assert rest.selection.ignored == ((("model", ("large",)),),)


def test_a_closing_without_usage_asks_nothing() -> None:
    """A fee that is due in advance counts no usage."""
    book = a_book([a_subscription()], [a_plan(charges=(a_charge(),))], [a_metric()])

    assert closing_windows(book, Closing(a_subscription(), FEBRUARY, TORONTO.key)) == []


def test_the_split_for_display_is_a_question_of_its_own() -> None:
    """It groups by the keys that are priced and those that are shown, without single events."""
    shown = a_charge(
        pricing_group_keys=("region",),
        presentation_keys=(PresentationKey("user"),),
        is_pay_in_advance=True,
    )
    book, period = a_book([], [], [a_metric()]), a_period()
    plan = a_plan(charges=(shown, a_charge(id="charge-2")))

    first, second = charge_windows(book, a_subscription(), plan, period, TORONTO.key)

    assert presentation_window(second) is None
    assert first.usage.wants_event_values
    assert presentation_window(first) == structs.replace(
        first.usage,
        key=f"{first.usage.key}/presented",
        group_keys=("region", "user"),
        wants_event_values=False,
    )
