"""Makers of rating's nouns: a test names only what matters to it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.charge_terms import ChargeTerms, StandardTerms, Tier
from catalog.plans import Charge, Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from rating.rater import RatingScope

TORONTO = ZoneInfo("America/Toronto")
EPOCH = datetime(2026, 1, 1, 5, tzinfo=UTC)

whole_units = st.integers(0, 200).map(Decimal)
units = st.decimals(0, 500, places=3)
amounts = st.decimals(0, 50, places=4)


def used(total: Decimal | int | str, *values: int | str) -> Quantity:
    """Return a quantity; with values, that of as many events."""
    return Quantity(
        units=Decimal(total),
        events_count=len(values),
        event_values=tuple(Decimal(value) for value in values) if values else None,
    )


def of_events(values: list[int]) -> Quantity:
    """Return the sum of some events, with the value of each."""
    return Quantity(
        units=Decimal(sum(values)),
        events_count=len(values),
        event_values=tuple(Decimal(value) for value in values),
    )


@st.composite
def ladders(draw: st.DrawFn, *, flat: bool = True) -> tuple[Tier, ...]:
    """Draw one to four tiers of whole units: 0 to 10, 11 to 20, 21 on."""
    tops = sorted(draw(st.sets(st.integers(1, 60), max_size=3)))
    starts = [0, *(top + 1 for top in tops)]
    return tuple(
        Tier(
            from_value=Decimal(start),
            to_value=None if top is None else Decimal(top),
            per_unit_amount=draw(amounts),
            flat_amount=draw(amounts) if flat else Decimal(0),
        )
        for start, top in zip(starts, [*tops, None], strict=True)
    )


def a_subscription(**changes: object) -> Subscription:
    """Return an active subscription, monthly by the calendar since the epoch."""
    values: dict[str, Any] = {
        "id": "subscription-1",
        "service_code": "nexadesk",
        "external_id": "sub-1",
        "account_id": "account-1",
        "account_external_id": "acme",
        "plan_id": "plan-1",
        "plan_code": "team",
        "status": SubscriptionStatus.ACTIVE,
        "billing_time": BillingTime.CALENDAR,
        "subscription_at": EPOCH,
        "created_at": EPOCH,
        "started_at": EPOCH,
    }
    values.update(changes)
    return Subscription(**values)


def a_plan(**changes: object) -> Plan:
    """Return a monthly plan of 100.00 CAD."""
    values: dict[str, Any] = {
        "id": "plan-1",
        "service_code": "nexadesk",
        "code": "team",
        "name": "Team",
        "interval": PlanInterval.MONTHLY,
        "amount_cents": 100_00,
        "amount_currency": "CAD",
        "created_at": EPOCH,
        "valid_from": EPOCH,
    }
    values.update(changes)
    return Plan(**values)


def a_metric(**changes: object) -> BillableMetric:
    """Return a metric that sums tokens."""
    values: dict[str, Any] = {
        "id": "metric-1",
        "service_code": "nexadesk",
        "code": "tokens",
        "name": "Generated tokens",
        "aggregation_type": AggregationType.SUM,
        "field_name": "tokens",
        "created_at": EPOCH,
        "valid_from": EPOCH,
    }
    values.update(changes)
    return BillableMetric(**values)


def a_charge(terms: ChargeTerms | None = None, **changes: object) -> Charge:
    """Return a charge on tokens, by default 0.002 each and nothing included."""
    values: dict[str, Any] = {
        "id": "charge-1",
        "code": "tokens",
        "metric_id": "metric-1",
        "metric_code": "tokens",
        "terms": terms or StandardTerms(Decimal("0.002")),
        "created_at": EPOCH,
    }
    values.update(changes)
    return Charge(**values)


def a_scope(
    at: datetime = EPOCH,
    *,
    draft_id: str = "draft-1",
    subscription: Subscription | None = None,
    plan: Plan | None = None,
    period: BillingPeriod | None = None,
    watermark: str = "0:17",
) -> RatingScope:
    """Return the scope of a draft for the month of `at`, in Toronto."""
    subscription = subscription or a_subscription()
    plan = plan or a_plan()
    return RatingScope(
        draft_id=draft_id,
        subscription=subscription,
        plan=plan,
        period=period or billing_period_at(subscription, plan.interval, TORONTO, at),
        zone=TORONTO,
        service_zone=TORONTO,
        watermark=watermark,
        rated_at=datetime(2026, 2, 1, 6, tzinfo=UTC),
    )
