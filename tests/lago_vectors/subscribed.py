"""The subscription and the plan that a vector of periods or billing days is about."""

from zoneinfo import ZoneInfo

from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from tests.lago_vectors.reading import Vector, instant


def vector_subscription(vector: Vector) -> Subscription:
    """Return an active subscription, or one terminated where the vector says so."""
    begins_at = instant(vector["subscription_at"])
    terminated_at = vector.get("terminated_at")
    status = SubscriptionStatus.TERMINATED if terminated_at else SubscriptionStatus.ACTIVE
    return Subscription(
        id="subscription",
        service_code="service",
        external_id="subscription",
        account_id="account",
        account_external_id="account",
        plan_id="plan",
        plan_code="plan",
        status=status,
        billing_time=BillingTime(vector["billing_time"]),
        subscription_at=begins_at,
        created_at=begins_at,
        started_at=instant(vector.get("started_at") or vector["subscription_at"]),
        terminated_at=instant(terminated_at) if terminated_at else None,
    )


def vector_plan(vector: Vector) -> Plan:
    """Return the plan of a vector, billed in advance or monthly where it says so."""
    begins_at = instant(vector["subscription_at"])
    return Plan(
        id="plan",
        service_code="service",
        code="plan",
        name="Plan",
        interval=PlanInterval(vector["interval"]),
        amount_cents=100,
        amount_currency="EUR",
        created_at=begins_at,
        valid_from=begins_at,
        is_pay_in_advance=bool(vector.get("pay_in_advance")),
        bills_charges_monthly=bool(vector.get("bill_charges_monthly")),
    )


def vector_zone(vector: Vector) -> ZoneInfo:
    """Return the customer's timezone."""
    return ZoneInfo(vector["timezone"])
