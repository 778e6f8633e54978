"""The numbers that alerts watch, of many subscriptions at once, as of one watermark."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa

from aggregation.aggregator import quantities
from aggregation.quantity_memory import QuantityMemory
from catalog.billing_periods import BillingPeriod, unbilled_period_at, usage_interval
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import accounts_by_id
from catalog.store.billable_metrics import metric_versions
from catalog.store.plans import plan_versions
from catalog.store.subscriptions import find_subscription
from catalog.subscriptions import Subscription, SubscriptionStatus
from ingest.acknowledged import Acknowledged
from ingest.corrections.superseding import revisions_of
from ingest.watermark import Watermark
from rating.alerts.alert import Alert, AlertType, WatchedPeriod
from rating.answers.current_usage import ChargeUsage, UsageSources, charge_usages
from rating.answers.lifetime_usage import lifetime_usage
from rating.charge_window import ChargeWindow, charge_windows
from rating.closing import NOTHING_BILLED
from rating.draft_store import billed_of
from rating.price_book import PriceBook
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.state import State

ACTIVE = (SubscriptionStatus.ACTIVE,)


@dataclass(frozen=True, slots=True)
class SeenUsage:
    """What is in the lake up to a watermark, for questions that would flush else."""

    watermark: Watermark

    def flush(self) -> Watermark:
        """Return the watermark; nothing is flushed."""
        return self.watermark

    def acknowledged(self, service_code: str, subscription: str) -> Acknowledged:
        """Return what the watermark covers; it is not remembered as the latest."""
        del service_code, subscription
        return Acknowledged(self.watermark)


@dataclass(frozen=True, slots=True)
class WatchedUsage:
    """A running subscription, its open period, and what its usage comes to so far."""

    subscription: Subscription
    period: WatchedPeriod
    charges: Sequence[ChargeUsage]


@dataclass(frozen=True, slots=True)
class Reading:
    """An alert's value, the period it belongs to (None: all of life), and whose it is."""

    value: Decimal
    period: WatchedPeriod | None
    subscription: Subscription


@dataclass(frozen=True, slots=True)
class _Open:
    """A running subscription's open period, and the windows it asks for."""

    subscription: Subscription
    plan: Plan
    period: BillingPeriod
    windows: Sequence[ChargeWindow]


def readings(
    state: State,
    lake: Lake,
    service: Service,
    alerts: Sequence[Alert],
    watermark: Watermark,
    at: datetime,
) -> dict[str, Reading]:
    """Return what each alert's number is, by alert id, without tax (Lago).

    Left out: alerts of a subscription that is not active, and those on a metric that no charge of
    its plan prices. All subscriptions' usage is read in one pass.
    """
    names = {each.subscription_external_id for each in alerts}
    watched = _watched_usage(state, lake, service, names, watermark, at)
    sources = UsageSources(state, lake, SeenUsage(watermark), QuantityMemory())
    found: dict[str, Reading] = {}
    for alert in alerts:
        usage = watched.get(alert.subscription_external_id)
        if usage is None:
            continue
        if alert.alert_type is AlertType.LIFETIME_USAGE_AMOUNT:
            lifetime = lifetime_usage(sources, service, alert.subscription_external_id, at=at)
            cents = lifetime.invoiced_cents + lifetime.current_cents
            found[alert.id] = Reading(Decimal(cents), None, usage.subscription)
            continue
        value = watched_value(alert, usage.charges)
        if value is not None:
            found[alert.id] = Reading(value, usage.period, usage.subscription)
    return found


def watched_value(alert: Alert, charges: Sequence[ChargeUsage]) -> Decimal | None:
    """Return the number of current usage that an alert watches; None where no charge has it.

    Of one metric it is the largest of its fees, each bucket and group being one (Lago).
    """
    if alert.alert_type is AlertType.CURRENT_USAGE_AMOUNT:
        return Decimal(sum(usage.amount_cents for usage in charges))
    fees = [
        fee
        for usage in charges
        if usage.metric.id == alert.metric_id
        for bucket in usage.buckets
        for fee in bucket.groups
    ]
    if alert.alert_type is AlertType.METRIC_AMOUNT:
        return max((Decimal(fee.amount_cents) for fee in fees), default=None)
    return max((fee.quantity.units_before_proration for fee in fees), default=None)


def _watched_usage(
    state: State,
    lake: Lake,
    service: Service,
    external_ids: Collection[str],
    watermark: Watermark,
    at: datetime,
) -> Mapping[str, WatchedUsage]:
    with state.read() as connection:
        opened = _opened(connection, service, external_ids, at)
    asked = [window.usage for one in opened for window in one.windows]
    found = quantities(lake.scan(USAGE), asked, watermark.includes(), revisions_of(lake))
    watched = {}
    for one in opened:
        bare = [_without_presentation(window) for window in one.windows]
        period = WatchedPeriod(one.period.usage_start, one.period.usage_end)
        charges = charge_usages(one.plan, bare, found)
        watched[one.subscription.external_id] = WatchedUsage(one.subscription, period, charges)
    return watched


def _without_presentation(window: ChargeWindow) -> ChargeWindow:
    """Return a window that asks for no split for display."""
    charge = replace(window.bucket.charge, presentation_keys=())
    return replace(window, bucket=replace(window.bucket, charge=charge))


def _opened(
    connection: sa.Connection, service: Service, external_ids: Collection[str], at: datetime
) -> list[_Open]:
    running = [
        found
        for external_id in sorted(external_ids)
        if (found := find_subscription(connection, service.code, external_id, ACTIVE))
        and found.started_at is not None
    ]
    if not running:
        return []
    book = PriceBook(
        service=service,
        subscriptions=running,
        accounts=accounts_by_id(connection, service.code, {each.account_id for each in running}),
        plans=plan_versions(connection, service.code, {each.plan_id for each in running}),
        metrics=metric_versions(connection, service.code),
    )
    return [_open(connection, book, each, at) for each in running]


def _open(
    connection: sa.Connection, book: PriceBook, subscription: Subscription, at: datetime
) -> _Open:
    zone = book.zone(subscription)
    plan = book.plan_until(subscription, at)
    billed = billed_of(connection, book.service.code, subscription.id)
    usage_until = billed.get(subscription.id, NOTHING_BILLED).usage_until
    period = unbilled_period_at(subscription, usage_interval(plan), zone, at, usage_until)
    return _Open(
        subscription, plan, period, charge_windows(book, subscription, plan, period, zone.key)
    )
