"""Makers of rating's nouns: a test names only what matters to it."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from aggregation.quantity import Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.billing_periods import BillingPeriod, billing_period_at
from catalog.charge_terms import ChargeTerms, StandardTerms, Tier
from catalog.plans import Charge, Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from rating.charge_bucket import ChargeBucket
from rating.charge_window import ChargeWindow
from rating.rated_line import RatedLine
from rating.rater import RatingScope, rated_charge_lines

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
    *,
    draft_id: str = "draft-1",
    subscription: Subscription | None = None,
    plan: Plan | None = None,
    watermark: str = "0:17",
    first_started_at: datetime = EPOCH,
) -> RatingScope:
    """Return the scope of a draft in Toronto."""
    return RatingScope(
        draft_id=draft_id,
        subscription=subscription or a_subscription(),
        plan=plan or a_plan(),
        zone=TORONTO,
        service_zone=TORONTO,
        watermark=watermark,
        rated_at=datetime(2026, 2, 1, 6, tzinfo=UTC),
        first_started_at=first_started_at,
    )


def a_period(
    at: datetime = EPOCH, subscription: Subscription | None = None, plan: Plan | None = None
) -> BillingPeriod:
    """Return the month of `at`, in Toronto."""
    interval = (plan or a_plan()).interval
    return billing_period_at(subscription or a_subscription(), interval, TORONTO, at)


def a_bucket(terms: ChargeTerms | None = None, **changes: object) -> ChargeBucket:
    """Return what no filter takes of a charge."""
    return ChargeBucket(a_charge(terms, **changes))


def a_window(
    charge: Charge | None = None,
    metric: BillableMetric | None = None,
    period: BillingPeriod | None = None,
) -> ChargeWindow:
    """Return the window of a charge without filters, in January in Toronto."""
    period = period or a_period()
    bucket = ChargeBucket(charge or a_charge())
    usage = UsageWindow(
        key=bucket.key,
        service_code="nexadesk",
        subscription_external_id="sub-1",
        metric=metric or a_metric(),
        start=period.usage_start,
        end=period.usage_end,
        period_days=period.days,
        timezone=TORONTO.key,
    )
    return ChargeWindow(bucket, usage)


def a_charge_line(
    quantity: Quantity,
    charge: Charge | None = None,
    scope: RatingScope | None = None,
    metric: BillableMetric | None = None,
    period: BillingPeriod | None = None,
) -> RatedLine:
    """Return the only rated line of a charge's quantity."""
    (line,) = rated_charge_lines(scope or a_scope(), a_window(charge, metric, period), quantity)
    return line
