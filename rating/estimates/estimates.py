"""Estimates: what an event would cost, next in its subscription or by itself. Nothing is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import sqlalchemy as sa

from aggregation.aggregator import quantities, rounded_units
from aggregation.property_texts import property_texts
from aggregation.selections import is_taken, rule_of
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.billing_periods import unbilled_period_at, usage_interval
from catalog.charge_terms import PercentageTerms, StandardTerms
from catalog.errors import NotFound, ValidationFailed
from catalog.money import ZERO
from catalog.plans import Charge, Plan
from catalog.services import Service
from catalog.store.billable_metrics import find_metric
from catalog.store.subscriptions import find_subscription
from catalog.subscriptions import Subscription, SubscriptionStatus
from ingest.metric_value import metric_values
from rating.answers.current_usage import ALL_SEEN, UsageSources
from rating.charge_bucket import ChargeBucket, charge_buckets
from rating.charge_window import charge_windows
from rating.closing import NOTHING_BILLED
from rating.draft_store import billed_of
from rating.estimates.instant import instant_price
from rating.fees.event_fees import AdvanceWindow, event_fee, priced_events
from rating.fees.fee import Fee
from rating.price_book import PriceBook
from rating.price_book_store import read_account_price_book
from rating.rated_line import Price
from storage.lake_tables import USAGE
from storage.state import State

ACTIVE = (SubscriptionStatus.ACTIVE,)
NO_CHARGE = {"code": ["does_not_match_an_instant_charge"]}
MISSING = "missing_aggregation_property"
POSITION_MAX = 2**63 - 1
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class AskedEvent:
    """An event whose price is asked; `properties` is a JSON object."""

    transaction_id: str
    code: str | None
    external_subscription_id: str | None
    properties: bytes
    precise_total_amount_cents: str | None = None


@dataclass(frozen=True, slots=True)
class InstantFee:
    """What one event of a charge costs by itself; the price is exact, in currency units."""

    subscription: Subscription
    currency: str
    bucket: ChargeBucket
    metric: BillableMetric
    units: Decimal
    price: Price
    transaction_id: str


def estimated_fees(
    sources: UsageSources, service: Service, event: AskedEvent, *, at: datetime
) -> list[Fee]:
    """Return what an event would cost now, as its subscription's next one, charge by charge.

    It misses no acknowledged push. NotFound for an unknown subscription or metric, ValidationFailed
    for a value that is no number and for a metric that no charge paid in advance prices (Lago).
    """
    with sources.state.read() as connection:
        subscription, book = _active(connection, service, event.external_subscription_id)
        metric = find_metric(connection, service.code, event.code or "")
        billed = billed_of(connection, service.code, subscription.id)
    if metric is None:
        raise NotFound("billable_metric")
    row = _usage_row(event, metric, subscription, at)
    plan = _in_advance(book.plan_until(subscription, at), event.code)
    zone = book.zone(subscription)
    usage_until = billed.get(subscription.id, NOTHING_BILLED).usage_until
    period = unbilled_period_at(subscription, usage_interval(plan), zone, at, usage_until)
    windows = charge_windows(book, subscription, plan, period, zone.key)
    asked = [AdvanceWindow(subscription, plan, window) for window in windows]
    return list(_next_fees(sources, subscription, event, row, asked))


def instant_fees(
    state: State, service: Service, event: AskedEvent, *, at: datetime
) -> list[InstantFee]:
    """Return what an event costs by itself under each charge paid in advance (Lago).

    Only standard and percentage charges are known without history; ValidationFailed without one.
    """
    found = _instant_fees_of(state, service, event.external_subscription_id, [event], at)
    if not found:
        raise ValidationFailed(NO_CHARGE)
    return found


def batch_instant_fees(
    state: State, service: Service, events: Sequence[AskedEvent], *, at: datetime
) -> list[InstantFee]:
    """Return the same for many events, subscription by subscription; others' events cost nothing.

    ValidationFailed when a subscription has no such charge at all (Lago).
    """
    by_subscription: dict[str | None, list[AskedEvent]] = {}
    for event in events:
        by_subscription.setdefault(event.external_subscription_id, []).append(event)
    return [
        fee
        for external_id, own in by_subscription.items()
        for fee in _instant_fees_of(state, service, external_id, own, at)
    ]


def _active(
    connection: sa.Connection, service: Service, external_id: str | None
) -> tuple[Subscription, PriceBook]:
    found = find_subscription(connection, service.code, external_id or "", ACTIVE)
    if found is None:
        raise NotFound("subscription")
    return found, read_account_price_book(connection, service, found.account_external_id)


def _in_advance(plan: Plan, code: str | None) -> Plan:
    """Return a plan with its charges paid in advance for a metric alone."""
    own = [each for each in plan.charges if each.is_pay_in_advance and each.metric_code == code]
    if not own:
        raise ValidationFailed(NO_CHARGE)
    return replace(plan, charges=tuple(own))


def _next_fees(
    sources: UsageSources,
    subscription: Subscription,
    event: AskedEvent,
    row: pl.DataFrame,
    windows: Sequence[AdvanceWindow],
) -> Iterator[Fee]:
    """Yield the fees of a row that is only asked about, beside all usage as of now."""
    known = sources.flusher.acknowledged(subscription.service_code, subscription.external_id)
    usage = pl.concat([known.usage(sources.lake), row.lazy()])
    asked = [each.window.usage for each in windows]
    counted = quantities(usage, asked, ALL_SEEN, known.revisions(sources.lake), is_proven=False)
    marker = row["transaction_id"][0]
    for each in windows:
        quantity = counted[each.window.usage.key]
        for group, fee in priced_events(each.window, quantity, each.plan.amount_currency):
            if fee.event_id == marker:
                yield event_fee(
                    each,
                    group,
                    fee,
                    fee_id=None,
                    created_at=None,
                    transaction_id=event.transaction_id,
                )


def _usage_row(
    event: AskedEvent, metric: BillableMetric, subscription: Subscription, at: datetime
) -> pl.DataFrame:
    """Return the event as a row of USAGE that happens now, after everything else.

    Its id is none that an app can have pushed.
    """
    values = _values(event, metric, at)
    told = {
        "month": at.date().replace(day=1),
        "service": subscription.service_code,
        "metric_code": metric.code,
        "subscription_id": subscription.external_id,
        "occurred_at": at,
        "transaction_id": f"\0{event.transaction_id}",
        "value": values["value"][0],
        "value_text": values["value_text"][0],
        "operation_type": values["operation_type"][0],
        "properties": event.properties.decode(),
        "precise_total_amount_cents": event.precise_total_amount_cents,
        "content_digest": 0,
        "metric_version": metric.version,
        "received_at": at,
        "is_own_time": True,
        "shard": 0,
        "inbox_id": POSITION_MAX,
        "sequence": 0,
    }
    return pl.DataFrame([told], schema=USAGE.polars_schema, orient="row")


def _values(event: AskedEvent, metric: BillableMetric, at: datetime) -> pl.DataFrame:
    """Return the value of an event; a missing number counts as 0 (Lago), a wrong one is refused."""
    microseconds = (at - EPOCH) // MICROSECOND
    values = metric_values(metric, [event.properties], code=metric.code, occurred_us=[microseconds])
    reason = values["reason"][0]
    if reason == MISSING:
        return values.with_columns(value=pl.lit(ZERO).cast(USAGE.polars_schema["value"]))
    if reason is not None:
        raise ValidationFailed({"properties": [reason]})
    return values


def _instant_fees_of(
    state: State,
    service: Service,
    external_id: str | None,
    events: Sequence[AskedEvent],
    at: datetime,
) -> list[InstantFee]:
    with state.read() as connection:
        subscription, book = _active(connection, service, external_id)
    plan = book.plan_until(subscription, at)
    charges = [each for each in plan.charges if _is_instant(each)]
    if not charges:
        raise ValidationFailed(NO_CHARGE)
    return [
        _instant_fee(book, subscription, plan, charge, event, at)
        for event in events
        for charge in charges
        if charge.metric_code == event.code
    ]


def _is_instant(charge: Charge) -> bool:
    return charge.is_pay_in_advance and isinstance(charge.terms, StandardTerms | PercentageTerms)


def _instant_fee(
    book: PriceBook,
    subscription: Subscription,
    plan: Plan,
    charge: Charge,
    event: AskedEvent,
    at: datetime,
) -> InstantFee:
    metric = book.metric_until(charge.metric_id, at)
    bucket = _bucket(charge, metric, event.properties)
    units = max(_units(event, metric, at), ZERO)
    return InstantFee(
        subscription=subscription,
        currency=plan.amount_currency,
        bucket=bucket,
        metric=metric,
        units=units,
        price=instant_price(bucket.terms, units),
        transaction_id=event.transaction_id,
    )


def _bucket(charge: Charge, metric: BillableMetric, properties: bytes) -> ChargeBucket:
    """Return the bucket of a charge that takes an event with these properties."""
    said = pl.Series([properties.decode()])
    for bucket, selection in charge_buckets(charge, metric):
        rule = rule_of(selection)
        keys = sorted({key for stated in (rule.matching, *rule.ignored) for key, _ in stated})
        texts = [series[0] for series in property_texts(said, keys)]
        if is_taken(rule, dict(zip(keys, texts, strict=True))):
            return bucket
    return ChargeBucket(charge)


def _units(event: AskedEvent, metric: BillableMetric, at: datetime) -> Decimal:
    """Return the units of one event, rounded as the metric says; a counted one is one unit."""
    if metric.aggregation_type in (AggregationType.COUNT, AggregationType.UNIQUE_COUNT):
        return rounded_units(Decimal(1), metric)
    return rounded_units(_values(event, metric, at)["value"][0], metric)
