"""Plans in Lago's words (reference sections 4.5, 5.1 and 7)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_changes import check_time_of_payment
from catalog.lago_shapes.charges import (
    CHARGES_MAX,
    ChargeReading,
    from_lago_charges,
    to_lago_charge,
)
from catalog.lago_shapes.fields import INVALID, USED_BY_A_SUBSCRIPTION, Fields
from catalog.lago_shapes.minimum_commitment import to_lago_minimum_commitment
from catalog.lago_shapes.plan_members import (
    LAGO_NAMES,
    SPLIT_INTO_MONTHS,
    check_with_charges,
    with_members,
)
from catalog.lago_shapes.property_faults import digits
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Plan, PlanInterval

FIXED_WHILE_SUBSCRIBED = (
    "code", "interval", "amount_currency", "trial_period_days", "is_pay_in_advance",
    "bills_charges_monthly",
)  # fmt: skip


def from_lago_new_plan(
    given: JsonObject,
    service_code: str,
    metrics: Mapping[str, BillableMetric],
    at: datetime,
    new_id: Callable[[], str],
) -> Plan:
    """Return the plan a request describes; ValidationFailed names every faulty field.

    NotFound when a charge's metric is unknown.
    """
    fields = Fields(given)
    fields.require("name", "code", "interval", "amount_cents", "amount_currency")
    blank = Plan(
        id=new_id(),
        service_code=service_code,
        code="",
        name="",
        interval=PlanInterval.MONTHLY,
        amount_cents=0,
        amount_currency="",
        created_at=at,
        valid_from=at,
    )
    return _changed(fields, blank, ChargeReading((), metrics, at, new_id))


def from_lago_changed_plan(
    given: JsonObject, kept: Plan, reading: ChargeReading, *, is_subscribed: bool
) -> Plan:
    """Return a plan with the members of a request changed; errors as above.

    Prices may change under a live subscription; what cuts its periods may not, nor may a charge
    be paid at another time, or events would be billed twice. (Lago ignores such a change without
    a word.)
    """
    fields = Fields(given)
    changed = _changed(fields, kept, reading)
    for name in FIXED_WHILE_SUBSCRIBED:
        if is_subscribed and getattr(changed, name) != getattr(kept, name):
            fields.fault(LAGO_NAMES.get(name, name), USED_BY_A_SUBSCRIPTION)
    if is_subscribed:
        check_time_of_payment(fields, kept.charges, changed.charges)
    fields.check()
    return changed


def to_lago_plan(plan: Plan) -> dict[str, object]:
    """Return Lago's plan object; `minimum_commitment` is there only when one is agreed."""
    is_split = plan.interval in SPLIT_INTO_MONTHS
    return {
        "lago_id": plan.id,
        "name": plan.name,
        "invoice_display_name": plan.invoice_display_name,
        "created_at": iso_seconds(plan.created_at),
        "code": plan.code,
        "interval": plan.interval.value,
        "description": plan.description,
        "amount_cents": plan.amount_cents,
        "amount_currency": plan.amount_currency,
        "trial_period": _to_lago_days(plan.trial_period_days),
        "pay_in_advance": plan.is_pay_in_advance,
        "bill_charges_monthly": plan.bills_charges_monthly if is_split else None,
        "bill_fixed_charges_monthly": None,
        "customers_count": 0,
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "parent_id": plan.parent_id,
        "pending_deletion": False,
        "charges": [to_lago_charge(charge) for charge in plan.charges],
        "fixed_charges": [],
        "entitlements": [],
        "usage_thresholds": [],
        "applicable_usage_thresholds": [],
        "taxes": [],
        **to_lago_minimum_commitment(plan),
    }


def _changed(fields: Fields, kept: Plan, reading: ChargeReading) -> Plan:
    plan = with_members(fields, kept)
    if fields.given.get("charges") is None:
        fields.check()
        return plan
    given = fields.given["charges"]
    if not isinstance(given, list) or len(given) > CHARGES_MAX:
        fields.fault("charges", INVALID)
        given = []
    charges, faults = from_lago_charges(given, reading)
    check_with_charges(fields, faults)
    return replace(plan, charges=charges)


def _to_lago_days(days: Decimal) -> int | str:
    return int(days) if days == days.to_integral_value() else digits(days)
