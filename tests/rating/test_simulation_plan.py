"""A plan made ready for a simulation bills what the plan bills, and asks each question once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import EVERY_ROW, Selection, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from catalog.charge_terms import DynamicTerms, GraduatedTerms, PackageTerms, StandardTerms
from catalog.money import MONEY_CONTEXT
from catalog.plans import Charge, Plan
from catalog.services import Service
from rating.price_book import PriceBook
from rating.rater import plan_fee_cents, rated_true_up_line
from rating.simulation.plan import Question, ReadyBucket, ReadyPlans, fee_cents, lacking_cents
from tests.rating.makers import (
    EPOCH,
    TORONTO,
    a_charge,
    a_metric,
    a_period,
    a_plan,
    a_scope,
    a_subscription,
)
from tests.rating.test_rater import TEN_THEN_ONE

TOKENS = a_metric()
CALLS = a_metric(id="metric-2", code="calls", aggregation_type=AggregationType.COUNT)
STANDARD = StandardTerms(Decimal("0.5"))
TEN_FREE = PackageTerms(Decimal(7), package_size=5, free_units=10)
# As many digits as would be rounded up by a shorter context.
LONG_FLAT = Decimal("9999999999999999999999999.99499999")
LATER = EPOCH + timedelta(days=40)
trials = st.sampled_from([Decimal(0), Decimal(5), Decimal(60)])
starts = st.just(EPOCH) | st.timedeltas(timedelta(0), timedelta(days=30)).map(
    lambda passed: EPOCH + passed
)
currencies = st.sampled_from(["CAD", "JPY"])


def a_book(*metrics: BillableMetric) -> PriceBook:
    """Return a book of versions of metrics."""
    service = Service("service-1", "nexadesk", "NexaDesk", TORONTO.key, "CAD", EPOCH)
    versions: dict[str, list[BillableMetric]] = {}
    for metric in metrics:
        versions.setdefault(metric.id, []).append(metric)
    return PriceBook(service, [], {}, {}, versions)


def buckets(*charges: Charge, metrics: Sequence[BillableMetric] = (TOKENS,)) -> list[ReadyBucket]:
    """Return the ready buckets of a plan's charges."""
    ready = ReadyPlans(a_book(*metrics)).until(a_plan(charges=charges), LATER)
    return list(ready.buckets)


def of_calls(**changes: object) -> Charge:
    """Return a charge on calls."""
    return a_charge(STANDARD, id="charge-2", metric_id="metric-2", metric_code="calls", **changes)


@given(starts, st.integers(0, 10**6), trials, currencies)
def test_a_simulated_fee_is_the_billed_one(
    started_at: datetime, amount_cents: int, trial_days: Decimal, currency: str
) -> None:
    """Whole, by days or within a trial, a plan's fee is simulated to the cent as it is billed."""
    plan = a_plan(amount_cents=amount_cents, amount_currency=currency, trial_period_days=trial_days)
    subscription = a_subscription(started_at=started_at)
    period = a_period(started_at, subscription)
    scope = a_scope(plan=plan, subscription=subscription, first_started_at=started_at)

    assert fee_cents(plan, period, TORONTO, started_at) == plan_fee_cents(scope, period)


@given(starts, st.integers(0, 10**5), st.integers(0, 10**5), currencies)
def test_a_simulated_minimum_is_the_billed_one(
    started_at: datetime, minimum_cents: int, used_cents: int, currency: str
) -> None:
    """What fees lack to a minimum is simulated to the cent as it is billed."""
    plan, charge = a_plan(amount_currency=currency), a_charge(min_amount_cents=minimum_cents)
    subscription = a_subscription(started_at=started_at)
    period = a_period(started_at, subscription)
    line = rated_true_up_line(
        a_scope(plan=plan, subscription=subscription), period, charge, used_cents
    )

    assert lacking_cents(minimum_cents, used_cents, period, currency) == line.amount_cents


def test_equal_questions_are_asked_once() -> None:
    """Charges on one metric share a question; another metric or proration asks another."""
    ready = ReadyPlans(a_book(TOKENS, CALLS))
    charges = (a_charge(), a_charge(id="charge-3"), of_calls(), a_charge(is_prorated=True))
    plan = ready.until(a_plan(charges=charges), LATER)
    again = ready.until(a_plan(id="plan-2", charges=charges[2:]), LATER)

    assert [bucket.question for bucket in plan.buckets] == [0, 0, 1, 2]
    assert [bucket.question for bucket in again.buckets] == [1, 2]
    assert ready.questions == [
        Question(TOKENS, EVERY_ROW, (), is_prorated=False),
        Question(CALLS, EVERY_ROW, (), is_prorated=False),
        Question(TOKENS, EVERY_ROW, (), is_prorated=True),
    ]


def test_a_plan_is_made_ready_once_for_each_version_of_its_metrics() -> None:
    """Months with the same versions share one ready plan; a new version makes another."""
    second = replace(TOKENS, version=2, valid_from=LATER)
    ready, plan = ReadyPlans(a_book(TOKENS, second)), a_plan(charges=(a_charge(),))
    january, february = (ready.until(plan, EPOCH + timedelta(days=days)) for days in (31, 32))
    spring = ready.until(plan, LATER + timedelta(days=1))

    assert january is february is ready.until(plan, EPOCH + timedelta(days=31))
    assert spring is not january
    assert [each.metric.version for each in ready.questions] == [1, 2]
    assert ready.until(replace(plan, version=2), EPOCH + timedelta(days=31)) is not january


def test_plain_sums_are_priced_as_they_are_counted() -> None:
    """Sums and counts of a period's own rows have a price of units, each metric in its place."""
    ready = ReadyPlans(a_book(TOKENS, CALLS))
    plan = ready.until(a_plan(charges=(a_charge(STANDARD), of_calls())), LATER)

    tokens, calls = plan.buckets
    assert ready.plain_metrics == {"tokens": AggregationType.SUM, "calls": AggregationType.COUNT}
    assert (tokens.metric_place, calls.metric_place) == (0, 1)
    with localcontext(MONEY_CONTEXT):
        assert [each.of_units and each.of_units(Decimal(3), 1) for each in plan.buckets] == [
            150
        ] * 2


def test_only_the_aggregator_counts_what_is_not_plain() -> None:
    """History, groups, selections, proration and other types have no price of plain sums."""
    recurring = replace(TOKENS, recurring=True)
    latest = replace(TOKENS, aggregation_type=AggregationType.LATEST)
    found = [
        *buckets(a_charge(), metrics=[recurring]),
        *buckets(a_charge(), metrics=[latest]),
        *buckets(a_charge(pricing_group_keys=("region",))),
        *buckets(a_charge(is_prorated=True)),
        *buckets(a_charge(DynamicTerms())),
    ]

    assert [(each.of_units, each.metric_place) for each in found] == [(None, -1)] * len(found)
    assert [each.unused_cents for each in found] == [0] * len(found)


def test_a_metric_is_summed_in_one_way_only() -> None:
    """A version that counts what another one sums leaves its units to the aggregator."""
    counted = replace(TOKENS, version=2, valid_from=LATER, aggregation_type=AggregationType.COUNT)
    ready, plan = ReadyPlans(a_book(TOKENS, counted)), a_plan(charges=(a_charge(),))
    ends = (EPOCH + timedelta(days=31), LATER + timedelta(days=31))
    (summed,), (other,) = (ready.until(plan, end).buckets for end in ends)

    assert summed.of_units is not None
    assert other.of_units is None
    assert ready.plain_metrics == {"tokens": AggregationType.SUM}


def test_units_are_rounded_as_the_metric_says() -> None:
    """A metric that rounds up is priced on whole units, in its place."""
    ceiled = replace(TOKENS, rounding_function=RoundingFunction.CEIL, rounding_precision=0)
    (bucket,) = buckets(a_charge(STANDARD), metrics=[ceiled])
    (plain,) = buckets(a_charge(STANDARD))

    with localcontext(MONEY_CONTEXT):
        assert bucket.of_units is not None
        assert plain.of_units is not None
        assert bucket.of_units(Decimal("2.1"), 1) == 150
        assert plain.of_units(Decimal("2.1"), 1) == 105


def test_what_no_usage_costs_is_known_beforehand() -> None:
    """The flat amount of the first tier is due without usage."""
    flat, free = buckets(a_charge(GraduatedTerms(TEN_THEN_ONE)), a_charge(TEN_FREE))

    assert (flat.unused_cents, free.unused_cents) == (300, 0)
    long = replace(TEN_THEN_ONE[1], from_value=Decimal(0), flat_amount=LONG_FLAT)
    (bucket,) = buckets(a_charge(GraduatedTerms((long,))))
    assert str(bucket.unused_cents) == "9" * 27


def test_single_events_are_asked_for_where_they_matter() -> None:
    """Fees in advance and prorated tiers need each event, plain ones do not."""
    tiers = GraduatedTerms(TEN_THEN_ONE)
    charges = (
        a_charge(), a_charge(is_pay_in_advance=True), a_charge(tiers, is_prorated=True)
    )  # fmt: skip

    assert [each.wants_event_values for each in buckets(*charges)] == [False, True, True]


def test_a_plan_knows_its_minimums_and_hidden_charges() -> None:
    """One charge with a minimum, or off invoices, is enough to look at each."""

    def of(plan: Plan) -> tuple[bool, bool]:
        ready = ReadyPlans(a_book(TOKENS)).until(plan, LATER)
        return ready.has_charge_minimums, ready.has_charges_off_invoices

    hidden, least = a_charge(is_invoiceable=False), a_charge(min_amount_cents=1)
    assert of(a_plan(charges=(a_charge(),))) == (False, False)
    assert of(a_plan(charges=(a_charge(), hidden))) == (False, True)
    assert of(a_plan(charges=(least, a_charge()))) == (True, False)


def test_a_question_names_one_subscription_s_period() -> None:
    """A window asks for the usage of the period, as the question counts it."""
    selection = Selection((("model", ("large",)),))
    question = Question(TOKENS, selection, ("region",), is_prorated=True)
    period = a_period()

    assert question.window(
        "key", a_subscription(), period, "America/Toronto", wants_event_values=True
    ) == UsageWindow(
        key="key",
        service_code="nexadesk",
        subscription_external_id="sub-1",
        metric=TOKENS,
        start=EPOCH,
        end=datetime(2026, 2, 1, 5, tzinfo=UTC),
        wants_event_values=True,
        selection=selection,
        group_keys=("region",),
        is_prorated=True,
        period_days=31,
        timezone="America/Toronto",
    )
