"""A small world: one customer, a price list, some months of usage; a test names what matters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from catalog.accounts import Account
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.charge_terms import ChargeModel, PercentageTerms
from catalog.plans import Charge, Plan
from catalog.services import Service
from catalog.subscriptions import BillingTime, Subscription
from rating.price_book import PriceBook
from tests.aggregation.makers import Row, a_revision, an_event
from tests.rating.laws.price_lists import CHARGED_BY, EVERY_MODEL, KINDS, charges, metrics, plans
from tests.rating.makers import EPOCH, a_subscription

# The clocks change here between January and May 2026, at midnight in Cairo and Santiago.
ZONES = (
    "America/Toronto", "UTC", "Asia/Kathmandu", "Africa/Cairo", "America/Santiago",
    "Australia/Lord_Howe", "Pacific/Auckland", "Europe/London",
)  # fmt: skip
HOUR = timedelta(hours=1)
HOURS = 24 * 60
ODD = (timedelta(0), timedelta(0), timedelta(microseconds=1), timedelta(minutes=59, seconds=7))

# EPOCH is a local midnight of Toronto, so that whole hours meet the bounds of days and periods.
instants = st.builds(
    lambda hours, odd: EPOCH + hours * HOUR + odd, st.integers(0, HOURS), st.sampled_from(ODD)
)
# Uniform from a list, as drawn numbers are mostly small.
rising = st.sampled_from(tuple(map(Decimal, ("1", "3", "9.5", "10", "21", "30.125", "59.999"))))
falling = st.sampled_from(tuple(map(Decimal, ("-1", "-4.5", "-30"))))
# A property may be missing, empty, or of a value that the metric does not declare.
properties = st.sampled_from(
    [
        '{"region": "eu", "model": "large"}',
        '{"region": "us", "model": "large"}',
        '{"region": "eu", "model": ""}',
        '{"region": "asia", "model": "small"}',
        '{"model": "large"}',
        "{}",
    ]
)


@dataclass(frozen=True, slots=True)
class World:
    """What decides some bills: prices, usage and corrections as the lake keeps them, bill runs."""

    book: PriceBook
    events: tuple[Row, ...]
    runs: tuple[datetime, ...]
    facts: tuple[Row, ...] = ()

    @property
    def charges(self) -> list[Charge]:
        """Return all charges of all plans."""
        return [charge for (plan,) in self.book.plans.values() for charge in plan.charges]


def a_book(
    subscriptions: Sequence[Subscription],
    plans: Sequence[Plan],
    metrics: Sequence[BillableMetric] = (),
    zone: str = "America/Toronto",
) -> PriceBook:
    """Return the price book of a service whose days begin in a timezone."""
    service = Service("service-1", "nexadesk", "NexaDesk", zone, "CAD", EPOCH)
    account = Account("account-1", "nexadesk", "acme", EPOCH, EPOCH)
    return PriceBook(
        service,
        subscriptions,
        {account.id: account},
        {plan.id: [plan] for plan in plans},
        {metric.id: [metric] for metric in metrics},
    )


@st.composite
def subscriptions(draw: st.DrawFn) -> Subscription:
    """Draw a subscription that starts in January and may end in spring."""
    started_at = EPOCH + draw(st.integers(0, 24 * 30)) * HOUR + draw(st.sampled_from(ODD))
    life = draw(st.none() | st.integers(24, 24 * 90))
    return a_subscription(
        billing_time=draw(st.sampled_from(BillingTime)),
        subscription_at=started_at,
        started_at=started_at,
        terminated_at=None if life is None else started_at + life * HOUR,
    )


@st.composite
def happenings(draw: st.DrawFn, charge: Charge, metric: BillableMetric, count: int) -> list[Row]:
    """Draw what happened of one metric, at so many instants: the numbers of a lake's row."""
    only_rises = isinstance(charge.terms, PercentageTerms)
    numbers = rising | st.just(Decimal(0)) if only_rises else rising | rising | falling
    happening = st.fixed_dictionaries(
        {
            "value": numbers,
            "value_text": st.sampled_from(["a", "b", "c"]),
            "operation_type": st.sampled_from(["add"] if only_rises else ["add", "add", "remove"]),
            "properties": properties,
            "precise_total_amount_cents": st.sampled_from([None, "150.25", "0.5", "-20"]),
            "metric_code": st.just(metric.code),
        }
    )
    return draw(st.lists(happening, min_size=count, max_size=count))


def rows_of(happened: Sequence[Row], moments: Sequence[datetime]) -> tuple[Row, ...]:
    """Return what happened at some instants as rows of the lake, numbered from 0."""
    return tuple(
        dated(an_event(number, 0, **what), at)
        for number, (what, at) in enumerate(zip(happened, moments, strict=True))
    )


def dated(row: Row, at: datetime) -> Row:
    """Return a row as of another instant."""
    return row | {"occurred_at": at, "month": at.date().replace(day=1)}


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    kinds: Sequence[AggregationType] = KINDS,
    models: Sequence[ChargeModel] = EVERY_MODEL,
    parts: bool = True,
    corrected: bool = True,
    charges_max: int = 2,
    used: bool = True,
) -> World:
    """Draw a world; no two events of it happen at one instant.

    `parts`: with filters and groups; `corrected`: with corrections; `used`: with usage at all.
    """
    fitting = [kind for kind in kinds if any(kind in CHARGED_BY.get(m, KINDS) for m in models)]
    if AggregationType.SUM in fitting:
        fitting.append(AggregationType.SUM)  # sums have the most options
    counted = [
        draw(metrics(number, fitting)) for number in range(draw(st.integers(1, charges_max)))
    ]
    priced = [draw(charges(metric, models, parts=parts)) for metric in counted]
    plan = draw(plans(charges=priced))
    moments = [] if not used else draw(st.lists(instants, unique=True, min_size=3, max_size=9))
    happened: list[Row] = []
    for place, (charge, metric) in enumerate(zip(priced, counted, strict=True)):
        share = len(moments[place :: len(counted)])
        happened += draw(happenings(charge, metric, share))
    # The catalog refuses what has no exact price: a prorated graduated charge prices sums here.
    events = rows_of(happened, moments)
    book = a_book([draw(subscriptions())], [plan], counted, draw(st.sampled_from(ZONES)))
    facts = draw(corrections(events)) if corrected and events else ()
    return World(book, events, draw(bill_runs), facts)


bill_runs = st.tuples(st.integers(1, 89), st.integers(90, 150)).map(
    lambda days: tuple(EPOCH + timedelta(days=day) for day in days)
)


@st.composite
def corrections(draw: st.DrawFn, events: Sequence[Row]) -> tuple[Row, ...]:
    """Draw corrections: an event is taken out, moved, or counts another number."""
    chosen = draw(
        st.lists(st.sampled_from(events), max_size=2, unique_by=lambda row: row["inbox_id"])
    )
    return tuple(
        draw(st.sampled_from([voided, moved, halved]))(row, number)
        for number, row in enumerate(chosen, 500)
    )


def a_fact(row: Row, number: int, **changes: object) -> Row:
    """Return the correction that replaces an event by itself, but for some changes."""
    fact = a_revision(number, 0, 0, None)
    own = {"fact_id": f"e:{row['transaction_id']}", "transaction_id": row["transaction_id"]}
    return fact | row | own | {"inbox_id": number} | changes


def voided(row: Row, number: int) -> Row:
    """Return the correction that takes an event out."""
    return a_fact(row, number, is_void=True)


def moved(row: Row, number: int) -> Row:
    """Return the correction that moves an event by nine days and a moment."""
    at = row["occurred_at"]
    assert isinstance(at, datetime)
    later = dated(row, at + timedelta(days=9, microseconds=3 + number))
    return a_fact(later, number, content_digest=number)


def halved(row: Row, number: int) -> Row:
    """Return the correction that halves an event's number."""
    value = row["value"]
    assert isinstance(value, Decimal)
    return a_fact(row, number, value=value / 2, content_digest=number)


def with_plan(world: World, change: Callable[[Plan], Plan]) -> World:
    """Return the world with its plan changed."""
    plans = {key: [change(plan)] for key, (plan,) in world.book.plans.items()}
    return replace(world, book=replace(world.book, plans=plans))


def with_exact_units(world: World) -> World:
    """Return the world with units as counted: rounded parts do not add up to a rounded whole."""
    metrics = {
        key: [replace(one, rounding_function=None, rounding_precision=None)]
        for key, (one,) in world.book.metrics.items()
    }
    return replace(world, book=replace(world.book, metrics=metrics))
