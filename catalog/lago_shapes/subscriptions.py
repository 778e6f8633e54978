"""Subscriptions in Lago's words (reference sections 5.4 and 7)."""

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from catalog.exact_json import JsonObject
from catalog.lago_shapes.fields import INVALID_DATE, Fields
from catalog.lago_shapes.plans import to_lago_plan
from catalog.lago_shapes.times import iso_inclusive_end, iso_milliseconds, iso_seconds
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import (
    BillingTime,
    Subscription,
    SubscriptionOrder,
    SubscriptionStatus,
    started_when_due,
)

NOT_YET_OPTIONS = ("usage_thresholds", "activation_rules")


def from_lago_subscription(given: JsonObject, at: datetime) -> SubscriptionOrder:
    """Return what a request asks for; ValidationFailed names every faulty field.

    Without a start it begins with the second it came in: so does usage that tells no time.
    """
    fields = Fields(given)
    fields.require("external_customer_id", "external_id", "plan_code")
    _refuse_options(fields)
    subscription_at = fields.instant("subscription_at") or at.replace(microsecond=0)
    order = SubscriptionOrder(
        external_id=fields.identifier("external_id"),
        account_external_id=fields.identifier("external_customer_id"),
        plan_code=fields.mandatory_text("plan_code"),
        name=fields.text("name"),
        billing_time=fields.choice("billing_time", BillingTime, None) or BillingTime.CALENDAR,
        subscription_at=subscription_at,
        ending_at=_ending_at(fields, None, max(at, subscription_at)),
    )
    fields.check()
    return order


def from_lago_changed_subscription(
    given: JsonObject, kept: Subscription, zone: ZoneInfo, at: datetime
) -> Subscription:
    """Return a subscription with the members of a request changed; ValidationFailed as above.

    `subscription_at` can change while the subscription is pending, unless it takes over from
    another: that one's period says when.
    """
    fields = Fields(given)
    _refuse_options(fields)
    subscription_at = fields.instant("subscription_at", kept.subscription_at)
    changed = replace(
        kept,
        name=fields.text("name", kept.name),
        subscription_at=subscription_at or kept.subscription_at,
    )
    is_pending = kept.status is SubscriptionStatus.PENDING and kept.takes_over_at is None
    if not is_pending and changed.subscription_at != kept.subscription_at:
        fields.fault("subscription_at", "subscription_already_started")
    earliest = max(at, changed.subscription_at)
    changed = replace(changed, ending_at=_ending_at(fields, kept.ending_at, earliest))
    fields.check()
    return started_when_due(changed, zone, at) if is_pending else changed


def to_lago_subscription(view: SubscriptionView) -> dict[str, object]:
    """Return Lago's subscription object."""
    subscription, plan, period = view.subscription, view.plan, view.period
    successor = view.successor
    return {
        "lago_id": subscription.id,
        "external_id": subscription.external_id,
        "lago_customer_id": subscription.account_id,
        "external_customer_id": subscription.account_external_id,
        "billing_entity_code": subscription.service_code,
        "name": subscription.name,
        "plan_code": subscription.plan_code,
        "plan_amount_cents": plan.amount_cents,
        "plan_amount_currency": plan.amount_currency,
        "status": subscription.status.value,
        "billing_time": subscription.billing_time.value,
        "subscription_at": iso_seconds(subscription.subscription_at),
        "started_at": iso_milliseconds(subscription.started_at),
        "trial_ended_at": None,
        "ending_at": iso_seconds(subscription.ending_at),
        "terminated_at": iso_seconds(subscription.terminated_at),
        "canceled_at": iso_seconds(subscription.canceled_at),
        "created_at": iso_seconds(subscription.created_at),
        "previous_plan_code": view.previous_plan_code,
        "next_plan_code": successor.plan_code if successor else None,
        "downgrade_plan_date": _local_day(successor, view.zone),
        "current_billing_period_started_at": iso_seconds(period.usage_start if period else None),
        "current_billing_period_ending_at": iso_inclusive_end(period.usage_end if period else None),
        "on_termination_credit_note": None,
        "on_termination_invoice": "generate",
        "progressive_billing_disabled": False,
        "consolidate_invoice": True,
        "purchase_order_number": None,
        "cancellation_reason": None,
        "activated_at": iso_seconds(subscription.started_at),
        "payment_method": {"payment_method_id": None, "payment_method_type": "provider"},
        "activation_rules": [],
        "applied_invoice_custom_sections": [],
    }


def to_lago_subscription_extended(view: SubscriptionView) -> dict[str, object]:
    """Return the subscription object as creation and reading of one give it, with its plan."""
    return {
        **to_lago_subscription(view),
        "plan": to_lago_plan(view.plan),
        "applicable_usage_thresholds": [],
        "entitlements": [],
    }


def refuse_termination_options(credit_note: str | None, invoice: str | None) -> None:
    """Refuse what a termination can't do exactly yet; ValidationFailed names the options."""
    fields = Fields({"on_termination_credit_note": credit_note, "on_termination_invoice": invoice})
    _refuse_options(fields)
    fields.check()


def _local_day(successor: Subscription | None, zone: ZoneInfo) -> str | None:
    """Return the local day on which a successor takes over."""
    if successor is None or successor.takes_over_at is None:
        return None
    return successor.takes_over_at.astimezone(zone).date().isoformat()


def _refuse_options(fields: Fields) -> None:
    for name in NOT_YET_OPTIONS:
        fields.refuse(name)
    fields.refuse("on_termination_credit_note", "credit")
    fields.refuse("on_termination_invoice", "generate")


def _ending_at(fields: Fields, kept: datetime | None, after: datetime) -> datetime | None:
    ending_at = fields.instant("ending_at", kept)
    if ending_at is not None and ending_at != kept and ending_at <= after:
        fields.fault("ending_at", INVALID_DATE)
    return ending_at
