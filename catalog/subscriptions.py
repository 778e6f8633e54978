"""A subscription: an account on a plan since a date. Usage is pushed against its external id."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo


class BillingTime(StrEnum):
    """Whether periods follow the calendar or the subscription's own day."""

    CALENDAR = "calendar"
    ANNIVERSARY = "anniversary"


class SubscriptionStatus(StrEnum):
    """The states of a subscription, in Lago's words."""

    PENDING = "pending"
    ACTIVE = "active"
    TERMINATED = "terminated"
    CANCELED = "canceled"


LIVE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One account on one plan; instants are UTC, `started_at` is when usage begins to count.

    A change of plan ends one subscription and begins another under the same external id:
    `previous_id` is the one before, `takes_over_at` is when a pending one follows it, and
    `is_followed` says that another took over the day on which this one ended.
    """

    id: str
    service_code: str
    external_id: str
    account_id: str
    account_external_id: str
    plan_id: str
    plan_code: str
    status: SubscriptionStatus
    billing_time: BillingTime
    subscription_at: datetime
    created_at: datetime
    started_at: datetime | None = None
    ending_at: datetime | None = None
    terminated_at: datetime | None = None
    canceled_at: datetime | None = None
    name: str | None = None
    previous_id: str | None = None
    takes_over_at: datetime | None = None
    is_followed: bool = False


@dataclass(frozen=True, slots=True)
class SubscriptionOrder:
    """What an app asks for: an account on a plan, under an external id, since an instant."""

    external_id: str
    account_external_id: str
    plan_code: str
    subscription_at: datetime
    billing_time: BillingTime = BillingTime.CALENDAR
    ending_at: datetime | None = None
    name: str | None = None


def started_when_due(subscription: Subscription, zone: ZoneInfo, at: datetime) -> Subscription:
    """Return the subscription active if its local start day has come at `at`, else pending.

    Lago's rule: a start later today is already active, and usage counts from the start instant.
    """
    starts_on = subscription.subscription_at.astimezone(zone).date()
    if starts_on > at.astimezone(zone).date():
        return replace(subscription, status=SubscriptionStatus.PENDING, started_at=None)
    return replace(
        subscription,
        status=SubscriptionStatus.ACTIVE,
        started_at=subscription.subscription_at,
    )
