"""Simulations in numbers: periods, plain sums, limits, and the order of the report."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.aggregator import quantities
from aggregation.quantity import UsageWindow
from catalog.accounts import Account
from catalog.billable_metrics import AggregationType
from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.errors import ValidationFailed
from catalog.plans import PlanInterval
from catalog.services import Service
from catalog.subscriptions import BillingTime, Subscription
from rating.price_book import PriceBook
from rating.simulation.due import due_by_month, months_of, simulation_world
from rating.simulation.periods import BegunPeriods, Stretch, stretch_of_days
from rating.simulation.plan import lacking_cents
from rating.simulation.report import (
    Change,
    Paid,
    account_rows,
    currency_totals,
    month_rows,
)
from rating.simulation.simulation import COMMAND_LIMITS, HTTP_LIMITS, SimulationLimits, check_size
from rating.simulation.usage import Cell, plain_rows
from rating.true_up import true_up_price
from storage.lake_tables import USAGE
from tests.rating.makers import EPOCH, TORONTO, a_metric, a_period, a_plan, a_subscription

ALL = pl.lit(value=True)
HOUR = timedelta(hours=1)
STRETCH = stretch_of_days(date(2026, 2, 1), date(2026, 6, 15), TORONTO)
hours = st.integers(0, 24 * 220)
KINDS = {
    "calls": AggregationType.COUNT,
    "peak": AggregationType.MAX,
    "tokens": AggregationType.SUM,
}
happenings = st.tuples(
    st.sampled_from(["sub-1", "sub-2"]),
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 30),
    st.integers(-(10**6), 10**6).map(lambda n: Decimal(n).scaleb(-3)),
)
cells = st.tuples(
    st.sampled_from(["sub-1", "sub-2", "sub-3"]), st.integers(0, 20), st.integers(1, 12)
)


def one_by_one(
    subscription: Subscription, interval: PlanInterval, stretch: Stretch
) -> list[BillingPeriod]:
    """Return the periods that begin in a stretch, each asked for on its own."""
    assert subscription.started_at is not None
    found = []
    period = billing_period_at(subscription, interval, TORONTO, subscription.started_at)
    while not period.is_empty and period.usage_start < stretch.end:
        if stretch.holds(period.usage_start):
            found.append(period)
        period = billing_period_at(subscription, interval, TORONTO, period.end)
    return found


@given(
    hours, st.none() | st.integers(1, 24 * 200), st.sampled_from(PlanInterval),
    st.sampled_from(BillingTime),
)  # fmt: skip
def test_shared_periods_are_the_subscription_s_own(
    start: int, life: int | None, interval: PlanInterval, billing_time: BillingTime
) -> None:
    """Whoever shares a calendar, each subscription has the periods that it has alone."""
    started_at = EPOCH + start * HOUR
    subscription = a_subscription(
        billing_time=billing_time,
        subscription_at=started_at,
        started_at=started_at,
        terminated_at=None if life is None else started_at + life * HOUR,
    )
    always = a_subscription(billing_time=billing_time, subscription_at=started_at)
    begun = BegunPeriods(STRETCH)
    shared = list(begun.of(always, interval, TORONTO))

    assert list(begun.of(subscription, interval, TORONTO)) == one_by_one(
        subscription, interval, STRETCH
    )
    assert shared == one_by_one(always, interval, STRETCH)


def test_a_period_belongs_to_the_stretch_in_which_it_begins() -> None:
    """A period that began before is left out, one that ends after is there as a whole."""
    stretch = stretch_of_days(date(2026, 1, 15), date(2026, 2, 15), TORONTO)

    (february,) = BegunPeriods(stretch).of(a_subscription(), PlanInterval.MONTHLY, TORONTO)

    assert (february.days, february.fee_days) == (28, 28)
    assert february.usage_end > stretch.end


@pytest.mark.parametrize(
    ("started", "ended", "is_alive"),
    [(None, None, False), (0, None, True), (0, 10, False), (0, 11, True), (19, None, True),
     (20, None, False), (12, 12, False)],
)  # fmt: skip
def test_who_is_alive_in_a_stretch(
    *, started: int | None, ended: int | None, is_alive: bool
) -> None:
    """Alive is who was active at some instant of the days 10 to 20, the last not included."""
    stretch = Stretch(EPOCH + timedelta(days=10), EPOCH + timedelta(days=20))
    subscription = a_subscription(
        started_at=None if started is None else EPOCH + timedelta(days=started),
        terminated_at=None if ended is None else EPOCH + timedelta(days=ended),
    )
    assert stretch.has_alive(subscription) is is_alive


@pytest.mark.parametrize(
    ("in_advance", "usage_versions", "fee_versions"),
    [(False, [1, 1, 2, 2], [1, 1, 2, 2]), (True, [1, 1, 2, 2], [1, 1, 1, 2])],
    ids=["arrears", "advance"],
)
def test_each_period_has_the_version_in_force(
    *, in_advance: bool, usage_versions: list[int], fee_versions: list[int]
) -> None:
    """Old usage is priced by the version at a period's end, a fee by that of when it is due."""
    first = a_plan(is_pay_in_advance=in_advance)
    second = replace(first, version=2, valid_from=EPOCH + timedelta(days=70))
    service = Service("service-1", "nexadesk", "NexaDesk", TORONTO.key, "CAD", EPOCH)
    account = Account("account-1", "nexadesk", "acme", EPOCH, EPOCH)
    book = PriceBook(service, [a_subscription()], {account.id: account},
                     {first.id: [first, second]}, {})  # fmt: skip
    stretch = stretch_of_days(date(2026, 1, 1), date(2026, 5, 1), TORONTO)

    due = due_by_month(simulation_world(book, a_plan(id="draft", amount_cents=0), stretch))

    months = list(due.values())
    assert list(due) == [date(2026, month, 1) for month in range(1, 5)]
    assert [month.usage[0].plan.version for month in months] == usage_versions
    assert [month.fees[0].plan.version for month in months] == fee_versions
    assert all(month.usage[1].plan.id == "draft" for month in months)


def test_prices_of_their_own_are_not_the_plans() -> None:
    """A draft for one plan leaves prices that were agreed apart alone; a draft for all does not."""
    plan, own = a_plan(), replace(a_plan(id="own"), parent_id="plan-1")
    service = Service("service-1", "nexadesk", "NexaDesk", TORONTO.key, "CAD", EPOCH)
    plain, agreed = a_subscription(), replace(a_subscription(), id="agreed", plan_id="own")
    book = PriceBook(service, [plain, agreed], {}, {plan.id: [plan], "own": [own]}, {})

    def simulated(plan_code: str | None) -> list[str]:
        world = simulation_world(book, a_plan(id="draft"), STRETCH, plan_code)
        return [each.id for each in world.subscriptions]

    assert simulated(plan.code) == [plain.id]
    assert simulated(None) == [plain.id, "agreed"]


def frame_of(events: Sequence[tuple[str, str, int, Decimal]]) -> pl.LazyFrame:
    """Return events as the lake keeps them."""
    rows = [
        {
            "service": "nexadesk", "subscription_id": name, "metric_code": code,
            "occurred_at": EPOCH + day * 24 * HOUR, "transaction_id": str(number),
            "value": None if code == "calls" else value, "content_digest": number,
            "shard": 0, "inbox_id": number, "sequence": 0,
        }
        for number, (name, code, day, value) in enumerate(events)
    ]  # fmt: skip
    absent = dict.fromkeys(USAGE.polars_schema)
    return pl.LazyFrame([absent | row for row in rows], schema=USAGE.polars_schema)


@given(st.lists(happenings, max_size=12), st.lists(cells, min_size=1, max_size=4))
def test_plain_rows_are_the_aggregator_s_quantities(
    events: list[tuple[str, str, int, Decimal]], drawn: list[tuple[str, int, int]]
) -> None:
    """Sums, counts and highest values are the aggregator's, for any windows, also overlapping."""
    usage = frame_of(events)
    asked = [
        Cell(name, EPOCH + day * 24 * HOUR, EPOCH + (day + length) * 24 * HOUR)
        for name, day, length in drawn
    ]
    windows = [
        UsageWindow(str(cell * len(KINDS) + place), "nexadesk", each.subscription_external_id,
                    a_metric(id=code, code=code, aggregation_type=kind), each.start, each.end)
        for cell, each in enumerate(asked)
        for place, (code, kind) in enumerate(KINDS.items())
    ]  # fmt: skip
    counted = quantities(usage, windows, ALL)

    rows = plain_rows(usage, "nexadesk", KINDS, asked)

    for key, quantity in counted.items():
        units, events_count = rows.get(int(key), (Decimal(0), 0))
        assert (units, events_count) == (quantity.units, quantity.events_count)


def test_nothing_asked_is_nothing_answered() -> None:
    """Without windows or metrics no row is read."""
    assert not plain_rows(frame_of([]), "nexadesk", KINDS, [])
    assert not plain_rows(frame_of([]), "nexadesk", {}, [Cell("sub-1", EPOCH, EPOCH + HOUR)])


@given(
    st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 30),
    st.sampled_from(["CAD", "JPY"]),
)  # fmt: skip
def test_what_lacks_to_a_minimum_is_the_true_up(
    minimum: int, used: int, days_missed: int, currency: str
) -> None:
    """Cents missing are those of the billed true-up line, for whole and for cut periods."""
    period = replace(a_period(), fee_days=31 - days_missed)
    price = true_up_price(
        minimum, used, days=period.fee_days, period_days=period.days, currency=currency
    )
    exponent = 0 if currency == "JPY" else 2
    expected = int(price.amount.scaleb(exponent) + Decimal("0.5"))
    assert lacking_cents(minimum, used, period, currency) == expected


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [("2026-01-01", "2026-01-02", 1), ("2026-01-31", "2026-02-01", 1), ("2026-01-31",
     "2026-02-02", 2), ("2025-12-15", "2027-01-15", 14)],
)  # fmt: skip
def test_months_touched_by_a_stretch(first: str, last: str, count: int) -> None:
    """A stretch touches every month that has one of its days."""
    found = list(months_of(date.fromisoformat(first), date.fromisoformat(last)))
    assert len(found) == count
    assert found[0] == date.fromisoformat(first).replace(day=1)


@pytest.mark.parametrize("limits", [HTTP_LIMITS, COMMAND_LIMITS], ids=["http", "command"])
@pytest.mark.parametrize("name", ["accounts", "months", "rows"])
def test_every_size_has_a_limit(limits: SimulationLimits, name: str) -> None:
    """At the limit a simulation is computed, one past it is refused by name."""
    sizes = dict.fromkeys(("accounts_count", "months_count", "rows_count"), 0)
    most: int = getattr(limits, f"{name}_max")
    check_size(limits, **sizes | {f"{name}_count": most})

    with pytest.raises(ValidationFailed) as refusal:
        check_size(limits, **sizes | {f"{name}_count": most + 1})
    assert list(refusal.value.details or {}) == [name]


def changes_of(rows: Mapping[tuple[str, int, str], tuple[int, int]]) -> dict[Paid, Change]:
    return {
        Paid(account, date(2026, month, 1), currency): Change(*cents)
        for (account, month, currency), cents in rows.items()
    }


def test_the_report_is_in_order() -> None:
    """By currency, who pays more first; sums by account and currency, never across currencies."""
    rows = month_rows(changes_of({
        ("acme", 1, "CAD"): (100, 90), ("acme", 2, "CAD"): (100, 150), ("beta", 1, "CAD"): (10, 40),
        ("beta", 1, "USD"): (0, 70), ("zeta", 1, "CAD"): (5, 5),
    }))  # fmt: skip
    accounts = account_rows(rows)

    assert [(row.account_external_id, row.month.month, row.currency) for row in rows] == [
        ("acme", 2, "CAD"), ("beta", 1, "CAD"), ("zeta", 1, "CAD"), ("acme", 1, "CAD"),
        ("beta", 1, "USD"),
    ]  # fmt: skip
    assert [(row.account_external_id, row.change) for row in accounts] == [
        ("acme", Change(200, 240)), ("beta", Change(10, 40)), ("zeta", Change(5, 5)),
        ("beta", Change(0, 70)),
    ]  # fmt: skip
    cad, usd = currency_totals(accounts)
    assert (cad.change, cad.accounts_paying_more, cad.accounts_paying_the_same) == (
        Change(215, 285), 2, 1,
    )  # fmt: skip
    assert (usd.change, usd.accounts_paying_less) == (Change(0, 70), 0)


def test_a_stretch_is_of_local_days() -> None:
    """Its ends are local midnights of the service, in winter and in summer."""
    stretch = stretch_of_days(date(2026, 1, 1), date(2026, 7, 1), ZoneInfo("America/Toronto"))
    assert stretch == Stretch(
        datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 7, 1, 4, tzinfo=UTC)
    )
