"""Vectors of periods: what the current usage shows, and what a billing run bills."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from catalog.billing_periods import (
    BillingPeriod,
    billing_period_at,
    fee_window,
    usage_interval,
)
from catalog.plans import Plan
from catalog.subscriptions import Subscription
from rating.closing import closings
from tests.lago_vectors.reading import Computed, Vector, instant, instant_text
from tests.lago_vectors.subscribed import vector_plan, vector_subscription, vector_zone

TICK = timedelta(microseconds=1)


def computed(vector: Vector) -> Computed:
    """Return the bounds of the plan fee and of the usage, Lago's inclusive ends."""
    fee, usage = _running(vector) if vector["current_usage"] else _billed(vector)
    fee_start, fee_end = fee_window(fee, vector_zone(vector))
    return {
        "from_datetime": instant_text(fee_start),
        "to_datetime": instant_text(fee_end - TICK),
        "charges_from_datetime": instant_text(usage.usage_start),
        "charges_to_datetime": instant_text(_last_instant(usage)),
    }


def _running(vector: Vector) -> tuple[BillingPeriod, BillingPeriod]:
    """Return the periods of fee and usage that contain the instant asked."""
    subscription, plan, zone = _nouns(vector)
    at = instant(vector["at"])
    return (
        billing_period_at(subscription, plan.interval, zone, at),
        billing_period_at(subscription, usage_interval(plan), zone, at),
    )


def _billed(vector: Vector) -> tuple[BillingPeriod, BillingPeriod]:
    """Return the periods that the latest closings up to a billing run bill.

    A termination closes the running one. Before the first closing, it is the period in which the
    subscription started.
    """
    subscription, plan, zone = _nouns(vector)
    at = instant(vector["at"])
    if subscription.terminated_at is not None and subscription.terminated_at <= at:
        return _running(vector)
    found = list(closings(subscription, plan, zone, at))
    fees = [closing.fee for closing in found if closing.fee is not None]
    usages = [closing.usage for closing in found if closing.usage is not None]
    first = billing_period_at(subscription, plan.interval, zone, _started_at(vector))
    return fees[-1] if fees else first, usages[-1] if usages else first


def _nouns(vector: Vector) -> tuple[Subscription, Plan, ZoneInfo]:
    return vector_subscription(vector), vector_plan(vector), vector_zone(vector)


def _started_at(vector: Vector) -> datetime:
    return instant(vector.get("started_at") or vector["subscription_at"])


def _last_instant(period: BillingPeriod) -> datetime:
    """Return the last instant of the usage; a termination is one itself (Lago)."""
    return period.usage_end if period.usage_end < period.end else period.usage_end - TICK
