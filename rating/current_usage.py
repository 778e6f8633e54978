"""Current usage: what a subscription's open period holds now, and what it would cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity
from aggregation.quantity_memory import QuantityMemory
from catalog.billable_metrics import BillableMetric
from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.errors import MethodNotAllowed, NotFound
from catalog.money import rounded_cents
from catalog.plans import Charge, Plan
from catalog.services import Service
from catalog.subscriptions import Subscription, SubscriptionStatus
from ingest.corrections.superseding import revisions_of
from ingest.flush import Flushing
from rating.charge_window import charge_windows
from rating.price_book import PriceBook, read_account_price_book
from rating.rater import charge_price, closed_price
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.state import State


@dataclass(frozen=True, slots=True)
class ChargeUsage:
    """One charge's usage so far, priced as if the period ended now."""

    charge: Charge
    metric: BillableMetric
    quantity: Quantity
    amount: Decimal
    amount_cents: int


@dataclass(frozen=True, slots=True)
class CurrentUsage:
    """The open period of a subscription; amounts without tax, which is Odoo's to compute."""

    period: BillingPeriod
    plan: Plan
    timezone: str
    charges: Sequence[ChargeUsage]

    @property
    def amount_cents(self) -> int:
        """Return the sum of the charges' rounded cents."""
        return sum(usage.amount_cents for usage in self.charges)


def current_usage(
    state: State,
    lake: Lake,
    flusher: Flushing,
    memory: QuantityMemory,
    service: Service,
    account_external_id: str,
    subscription_external_id: str | None,
    *,
    at: datetime,
) -> CurrentUsage:
    """Return the usage of a subscription in the period that holds `at`.

    Flushes first: an answer never misses an acknowledged push. NotFound for an unknown account,
    MethodNotAllowed for a subscription that is not active (Lago).
    """
    with state.read() as connection:
        book = read_account_price_book(connection, service, account_external_id)
    subscription = _active_subscription(book, account_external_id, subscription_external_id)
    zone = book.zone(subscription)
    plan = book.plan_until(subscription, at)
    period = billing_period_at(subscription, plan.interval, zone, at)
    windows = charge_windows(book, subscription, plan, period)
    seen = flusher.flush()
    position = flusher.touched(service.code, subscription.external_id, seen)
    asked = [window.usage for window in windows]
    found = memory.recall(asked, position)
    if found is None:
        found = quantities(lake.scan(USAGE), asked, seen.includes(), revisions_of(lake))
        memory.keep(asked, position, found)
    charges = [
        _charge_usage(window.charge, window.usage.metric, found[window.usage.key], plan)
        for window in sorted(windows, key=lambda window: window.usage.metric.name)
    ]
    return CurrentUsage(period, plan, zone.key, charges)


def _active_subscription(
    book: PriceBook, account_external_id: str, subscription_external_id: str | None
) -> Subscription:
    known = [
        account
        for account in book.accounts.values()
        if account.external_id == account_external_id and account.deleted_at is None
    ]
    if not known:
        raise NotFound("customer")
    for subscription in book.subscriptions:
        if (
            subscription.account_id == known[0].id
            and subscription.external_id == subscription_external_id
            and subscription.status is SubscriptionStatus.ACTIVE
        ):
            return subscription
    raise MethodNotAllowed("no_active_subscription")


def _charge_usage(
    charge: Charge, metric: BillableMetric, quantity: Quantity, plan: Plan
) -> ChargeUsage:
    price = closed_price(charge_price(charge, quantity), plan.amount_currency)
    cents = rounded_cents(price.amount, plan.amount_currency)
    return ChargeUsage(charge, metric, quantity, price.amount, cents)
