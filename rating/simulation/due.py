"""What is due in a stretch of history, under the plans as they stand and under a draft. Pure.

Decides which plan version prices which period; every period is due in the service's local month
in which it begins.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from catalog.billing_periods import BillingPeriod, usage_interval
from catalog.plans import Plan
from catalog.subscriptions import Subscription
from rating.plan_fee import trial_ends_at
from rating.price_book import PriceBook
from rating.rater import service_month
from rating.simulation.periods import BegunPeriods, Stretch

LONGER_THAN_A_MONTH = timedelta(days=32)
PlanAt: TypeAlias = Callable[[Subscription, datetime], Plan]


@dataclass(frozen=True, slots=True)
class SimulationWorld:
    """Everything of a service that decides a simulated price; `first_starts` is by external id."""

    book: PriceBook
    draft: Plan
    stretch: Stretch
    subscriptions: Sequence[Subscription]
    first_starts: Mapping[str, datetime]


class DuePeriod(NamedTuple):
    """A subscription's period and the plan version that prices it, old or drafted."""

    subscription: Subscription
    period: BillingPeriod
    plan: Plan
    is_draft: bool


@dataclass(frozen=True, slots=True)
class MonthDue:
    """What is due in one month: the periods whose usage is, and those whose plan fee is."""

    usage: list[DuePeriod] = field(default_factory=list)
    fees: list[DuePeriod] = field(default_factory=list)

    def row_names(self) -> set[tuple[str, str]]:
        """Return account and currency of every row that this month will have."""
        return {
            (due.subscription.account_external_id, due.plan.amount_currency)
            for due in (*self.usage, *self.fees)
        }


def simulation_world(
    book: PriceBook, draft: Plan, stretch: Stretch, plan_code: str | None = None
) -> SimulationWorld:
    """Return what is simulated: subscriptions alive in the stretch, of one plan if it is named.

    One with prices of its own is not of that plan: a new price list would not touch it.
    """
    chosen = [each for each in book.subscriptions if stretch.has_alive(each)]
    if plan_code is not None:
        chosen = [
            each
            for each in chosen
            if each.plan_code == plan_code and book.plans[each.plan_id][-1].parent_id is None
        ]
    return SimulationWorld(book, draft, stretch, chosen, book.first_starts)


def due_by_month(world: SimulationWorld) -> dict[date, MonthDue]:
    """Return what is due, by the service's local month, oldest first."""
    months: dict[date, MonthDue] = defaultdict(MonthDue)
    begun, month_of = BegunPeriods(world.stretch), _Months(world).of
    old, new = _Versions(world.book).until, _always(world.draft)
    for subscription in world.subscriptions:
        zone = world.book.zone(subscription)
        for plan_at in (old, new):
            newest = plan_at(subscription, world.stretch.end)
            for period in begun.of(subscription, usage_interval(newest), zone):
                plan = plan_at(subscription, period.usage_end)
                due = DuePeriod(subscription, period, plan, plan_at is new)
                months[month_of(period.usage_start)].usage.append(due)
            for period in begun.of(subscription, newest.interval, zone):
                plan = plan_at(subscription, _fee_due_at(world, subscription, newest, period))
                if plan.amount_cents:
                    due = DuePeriod(subscription, period, plan, plan_at is new)
                    months[month_of(period.usage_start)].fees.append(due)
    return dict(sorted(months.items()))


def months_of(from_day: date, to_day: date) -> Iterator[date]:
    """Yield the first day of each month that the local days `[from_day, to_day)` touch."""
    month = from_day.replace(day=1)
    while month < to_day:
        yield month
        month = (month + LONGER_THAN_A_MONTH).replace(day=1)


def _fee_due_at(
    world: SimulationWorld, subscription: Subscription, plan: Plan, period: BillingPeriod
) -> datetime:
    """Return when a period's fee is due: its version is the one in force then."""
    if not plan.is_pay_in_advance:
        return period.usage_end
    trial_end = trial_ends_at(plan, world.first_starts[subscription.external_id])
    return max(period.usage_start, min(trial_end, period.usage_end))


def _always(plan: Plan) -> PlanAt:
    return lambda _subscription, _end: plan


class _Versions:
    """The plan versions in force, remembered: many periods end at the same instant."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book
        self._known: dict[tuple[str, datetime], Plan] = {}

    def until(self, subscription: Subscription, end: datetime) -> Plan:
        key = (subscription.plan_id, end)
        if key not in self._known:
            self._known[key] = self._book.plan_until(subscription, end)
        return self._known[key]


class _Months:
    """The service's local month of an instant, remembered."""

    def __init__(self, world: SimulationWorld) -> None:
        self._zone = world.book.service.zone
        self._known: dict[datetime, date] = {}

    def of(self, at: datetime) -> date:
        if at not in self._known:
            self._known[at] = service_month(at, self._zone)
        return self._known[at]
