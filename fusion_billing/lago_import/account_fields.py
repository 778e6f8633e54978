"""Customers and subscriptions of a Lago as what we keep of them. Pure.

Decides which instants and which days they have here; Lago tells most of them to the second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from catalog.exact_json import JsonObject
from catalog.lago_shapes.customers import PLAIN_TEXTS
from catalog.lago_shapes.fields import Fields
from catalog.lago_shapes.subscriptions import from_lago_subscription
from catalog.services import Service
from catalog.subscriptions import SubscriptionOrder, SubscriptionStatus
from fusion_billing.lago_import.catalogue_fields import NotReadable

CUSTOMER_MEMBERS = (*PLAIN_TEXTS, "email", "country", "currency", "timezone")
ORDER_MEMBERS = (
    "external_customer_id", "external_id", "plan_code", "name", "billing_time",
    "subscription_at", "usage_thresholds", "activation_rules", "on_termination_credit_note",
    "on_termination_invoice",
)  # fmt: skip
COMPARED = (
    "external_customer_id", "plan_code", "status", "name", "billing_time", "subscription_at",
    "started_at", "ending_at", "terminated_at", "current_billing_period_started_at",
    "current_billing_period_ending_at",
)  # fmt: skip
COMPARED_LATER = ("next_plan_code", "downgrade_plan_date")
RUNNING_ONLY = (*COMPARED_LATER, *COMPARED[-2:])
# An upgrade writes the end of one and the start of the other a moment apart.
TAKEOVER_SECONDS_MAX = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class LagoSubscription:
    """One subscription of Lago: what was ordered, and what has become of it.

    `takes_over_on` is the local day on which a pending one follows another.
    """

    lago: JsonObject
    order: SubscriptionOrder
    status: SubscriptionStatus
    started_at: datetime | None
    terminated_at: datetime | None
    ending_at: datetime | None
    is_followed: bool = False
    takes_over_on: date | None = None


def customer_fields(lago: JsonObject, service: Service) -> JsonObject:
    """Return the request that creates a customer of Lago, with the timezone of its days.

    Lago's own default is its billing entity's timezone, ours the service's.
    """
    fields = {name: lago[name] for name in CUSTOMER_MEMBERS if name in lago}
    applicable = lago.get("applicable_timezone")
    if not fields.get("timezone") and applicable != service.timezone:
        fields["timezone"] = applicable
    return fields


def subscription_fields(lago: JsonObject) -> JsonObject:
    """Return the order that a subscription of Lago was."""
    return {name: lago[name] for name in ORDER_MEMBERS if name in lago}


def lago_subscription(lago: JsonObject, at: datetime) -> LagoSubscription:
    """Return a subscription of Lago by itself; ValidationFailed for what can't be ordered here.

    NotReadable for a state that we have not.
    """
    order = from_lago_subscription(subscription_fields(lago), at)
    fields = Fields(lago)
    status = fields.choice("status", SubscriptionStatus, None)
    found = {name: fields.instant(name) for name in ("started_at", "terminated_at", "ending_at")}
    fields.check()
    if status is None or (status is not SubscriptionStatus.PENDING and not found["started_at"]):
        raise NotReadable(f"Lago says neither state nor start of it: {lago.get('status')}")
    if status is SubscriptionStatus.TERMINATED and not found["terminated_at"]:
        raise NotReadable("Lago does not say when it ended")
    started_at = None if status is SubscriptionStatus.PENDING else found["started_at"]
    return LagoSubscription(
        lago, order, status, started_at, found["terminated_at"], found["ending_at"]
    )


def following(one: LagoSubscription, others: Sequence[JsonObject]) -> datetime | None:
    """Return when another one took over from a subscription that ended; None when none did.

    The other's start is told to the millisecond, this one's end to the second only.
    """
    ended_at = one.terminated_at
    if ended_at is None:
        return None
    for other in others:
        started_at = Fields(other).instant("started_at")
        is_next = bool(other.get("previous_plan_code")) and other is not one.lago
        if is_next and started_at and abs(started_at - ended_at) < TAKEOVER_SECONDS_MAX:
            return started_at
    return None


def takeover_day(one: JsonObject, others: Sequence[JsonObject]) -> date | None:
    """Return the local day on which a pending subscription follows the running one, or None."""
    for other in others:
        day = other.get("downgrade_plan_date")
        is_running = other.get("status") == SubscriptionStatus.ACTIVE
        if (
            is_running
            and isinstance(day, str)
            and other.get("next_plan_code") == one.get("plan_code")
        ):
            return date.fromisoformat(day[:10])
    return None


def compared_subscription(
    shape: Mapping[str, object], *, with_successor: bool
) -> dict[str, object]:
    """Return what of a subscription's object is to be the same here, instants to the second."""
    names = (*COMPARED, *(COMPARED_LATER if with_successor else ()))
    is_running = shape.get("status") == SubscriptionStatus.ACTIVE
    return {
        name: _to_the_second(shape.get(name)) if name.endswith("_at") else shape.get(name)
        for name in names
        if is_running or name not in RUNNING_ONLY
    }


def _to_the_second(value: object) -> object:
    return f"{value[:19]}Z" if isinstance(value, str) else value
