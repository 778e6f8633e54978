"""Current usage: what a subscription's open period holds now, and what it would cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext

import polars as pl
import sqlalchemy as sa

from aggregation.aggregator import quantities
from aggregation.quantity import GroupQuantity, Quantity
from aggregation.quantity_memory import QuantityMemory
from catalog.billable_metrics import BillableMetric
from catalog.billing_periods import BillingPeriod, unbilled_period_at, usage_interval
from catalog.errors import MethodNotAllowed, NotFound
from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents, rounded_cents
from catalog.plans import Charge, Plan
from catalog.services import Service
from catalog.subscriptions import Subscription, SubscriptionStatus
from ingest.flush import Flushing
from rating.answers.narrowing import EVERYTHING, Narrowing, narrowed_plan, narrowed_windows
from rating.bucket_price import GroupPrice, group_prices_so_far
from rating.charge_bucket import ChargeBucket
from rating.charge_window import ChargeWindow, charge_windows, presentation_window
from rating.closing import NOTHING_BILLED
from rating.draft_store import billed_of
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from storage.lake import Lake
from storage.state import State

HUNDRED = Decimal(100)
ALL_SEEN = pl.lit(value=True)


@dataclass(frozen=True, slots=True)
class BucketUsage:
    """One bucket's usage so far, priced as if the period ended now: its groups, and their split.

    `presented` splits the units by the charge's presentation keys, for display only.
    """

    bucket: ChargeBucket
    metric: BillableMetric
    groups: Sequence[GroupPrice]
    presented: Sequence[GroupQuantity] = ()


@dataclass(frozen=True, slots=True)
class ChargeUsage:
    """One charge's usage so far, bucket by bucket."""

    charge: Charge
    metric: BillableMetric
    buckets: Sequence[BucketUsage]

    @property
    def amount_cents(self) -> int:
        """Return the sum of the rounded cents of every bucket and group."""
        return sum(group.amount_cents for bucket in self.buckets for group in bucket.groups)


@dataclass(frozen=True, slots=True)
class CurrentUsage:
    """A period of a subscription; `tax_rate` (percent) estimates the tax, which is Odoo's."""

    period: BillingPeriod
    plan: Plan
    timezone: str
    charges: Sequence[ChargeUsage]
    tax_rate: Decimal = ZERO

    @property
    def amount_cents(self) -> int:
        """Return the sum of the charges' rounded cents, without tax."""
        return sum(usage.amount_cents for usage in self.charges)

    @property
    def taxes_amount_cents(self) -> int:
        """Return the estimated tax on the sum, rounded half-up once."""
        currency = self.plan.amount_currency
        with localcontext(MONEY_CONTEXT):
            tax = amount_of_cents(self.amount_cents, currency) * self.tax_rate / HUNDRED
        return rounded_cents(tax, currency)

    @property
    def total_amount_cents(self) -> int:
        """Return the sum with the estimated tax."""
        return self.amount_cents + self.taxes_amount_cents


@dataclass(frozen=True, slots=True)
class UsageSources:
    """Where current usage comes from: state, lake, what flushes into it, what is remembered."""

    state: State
    lake: Lake
    flusher: Flushing
    memory: QuantityMemory


def current_usage(
    sources: UsageSources,
    service: Service,
    account_external_id: str,
    subscription_external_id: str | None,
    *,
    at: datetime,
    narrowing: Narrowing = EVERYTHING,
) -> CurrentUsage:
    """Return the usage of a subscription in the period that holds `at`, narrowed where asked.

    An answer never misses an acknowledged push. NotFound for an unknown account or
    charge, MethodNotAllowed for a subscription that is not active, and for `full_usage` (Lago).
    """
    book, subscription, usage_until = sources.state.recalled(
        _asked, service, account_external_id, subscription_external_id
    )
    if narrowing.is_full_usage:
        raise MethodNotAllowed("full_usage_not_allowed")
    zone = book.zone(subscription)
    plan = narrowed_plan(book.plan_until(subscription, at), narrowing)
    period = unbilled_period_at(subscription, usage_interval(plan), zone, at, usage_until)
    windows = narrowed_windows(
        charge_windows(book, subscription, plan, period, zone.key), narrowing
    )
    found = window_quantities(sources, service, subscription, windows)
    tax_rate = service.estimated_tax_rate if narrowing.is_taxed else ZERO
    return CurrentUsage(period, plan, zone.key, charge_usages(plan, windows, found), tax_rate)


def _asked(
    connection: sa.Connection, service: Service, account: str, subscription: str | None
) -> tuple[PriceBook, Subscription, datetime | None]:
    """Return what prices an active subscription, and until when its usage is billed."""
    book = read_account_price_book(connection, service, account, subscription)
    found = active_subscription(book, account, subscription)
    billed = billed_of(connection, service.code, found.id)
    return book, found, billed.get(found.id, NOTHING_BILLED).usage_until


def window_quantities(
    sources: UsageSources,
    service: Service,
    subscription: Subscription,
    windows: Sequence[ChargeWindow],
) -> Mapping[str, Quantity]:
    """Return the quantities of one subscription's windows as of now, split for display too."""
    presented = [presentation_window(window) for window in windows]
    asked = [window.usage for window in windows] + [each for each in presented if each]
    known = sources.flusher.acknowledged(service.code, subscription.external_id)
    found = sources.memory.recall(asked, known.position)
    if found is None:
        usage, revisions = known.usage(sources.lake), known.revisions(sources.lake)
        found = quantities(usage, asked, ALL_SEEN, revisions, is_proven=False)
        sources.memory.keep(asked, known.position, found)
    return found


def charge_usages(
    plan: Plan, windows: Sequence[ChargeWindow], found: Mapping[str, Quantity]
) -> list[ChargeUsage]:
    """Return every charge of a plan with its priced buckets, by metric name (Lago's order)."""
    buckets: dict[str, list[BucketUsage]] = {}
    for window in windows:
        own = buckets.setdefault(window.charge.id, [])
        own.append(_bucket_usage(window, found, plan.amount_currency))
    usages = [
        ChargeUsage(charge, buckets[charge.id][0].metric, buckets[charge.id])
        for charge in plan.charges
    ]
    return sorted(usages, key=lambda usage: usage.metric.name.lower())


def active_subscription(
    book: PriceBook, account_external_id: str, subscription_external_id: str | None
) -> Subscription:
    """Return an account's active subscription; NotFound, MethodNotAllowed as Lago answers."""
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


def _bucket_usage(
    window: ChargeWindow, found: Mapping[str, Quantity], currency: str
) -> BucketUsage:
    shown = presentation_window(window)
    return BucketUsage(
        bucket=window.bucket,
        metric=window.usage.metric,
        groups=group_prices_so_far(window.bucket, found[window.usage.key], currency),
        presented=found[shown.key].groups if shown else (),
    )
