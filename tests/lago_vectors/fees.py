"""Vectors of fees by days: the plan's own, and what is missing to a minimum."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from catalog.billing_periods import BillingPeriod, local_days
from catalog.money import MONEY_CONTEXT, rounded_cents
from catalog.plans import Plan, PlanInterval
from rating.plan_fee import plan_fee_price
from rating.rated_line import Price
from rating.true_up import true_up_price
from tests.lago_vectors.reading import Computed, Vector, instant

CURRENCY = "EUR"
CENTS = Decimal(100)
TICK = timedelta(microseconds=1)
ONE_DAY = timedelta(days=1)
LONG_AGO = "2000-01-01T00:00:00Z"


def computed_true_up(vector: Vector) -> Computed:
    """Return what the fees lack to the minimum, for the days of the period."""
    period = vector["period"]
    price = true_up_price(
        vector["min_amount_cents"],
        vector["used_amount_cents"],
        days=period_days(period),
        period_days=period["charges_duration_days"],
        currency=CURRENCY,
    )
    return _in_cents(price)


def computed_subscription_fee(vector: Vector) -> Computed:
    """Return the plan's fee for the days of the period, after the trial."""
    period = vector["period"]
    start, end = instant(period["from"]), instant(period["to"]) + TICK
    trial_end = instant(vector.get("trial_end", LONG_AGO))
    price = plan_fee_price(
        _plan(vector["plan_amount_cents"], start),
        BillingPeriod(
            start=start,
            end=end,
            days=period["full_period_days"],
            usage_start=start,
            usage_end=end,
            fee_days=period_days(period),
        ),
        zone=ZoneInfo(period["timezone"]),
        first_started_at=trial_end - ONE_DAY,
    )
    return _in_cents(price)


def computed_day_count(vector: Vector) -> Computed:
    """Return the local days of a period."""
    return {"days": period_days(vector)}


def period_days(period: dict[str, Any]) -> int:
    """Return the local days of a period whose end is included."""
    end = instant(period["to"]) + TICK
    return local_days(instant(period["from"]), end, ZoneInfo(period["timezone"]))


def _plan(amount_cents: int, at: datetime) -> Plan:
    return Plan(
        id="plan",
        service_code="service",
        code="plan",
        name="Plan",
        interval=PlanInterval.MONTHLY,
        amount_cents=amount_cents,
        amount_currency=CURRENCY,
        created_at=at,
        valid_from=at,
        trial_period_days=Decimal(1),
    )


def _in_cents(price: Price) -> Computed:
    return {
        "amount_cents": rounded_cents(price.amount, CURRENCY),
        "precise_amount_cents": MONEY_CONTEXT.multiply(price.amount, CENTS),
    }
