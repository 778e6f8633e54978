"""Plans in Lago's words (reference sections 4.5, 5.1 and 7)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric
from catalog.errors import NOT_SUPPORTED_YET, Details
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_properties import digits
from catalog.lago_shapes.charges import (
    CHARGES_MAX,
    ChargeReading,
    from_lago_charges,
    to_lago_charge,
)
from catalog.lago_shapes.fields import INVALID, Fields, decimal_of_number_or_text
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Plan, PlanInterval

AMOUNT_CENTS_MAX = 10**15
NOT_YET_OPTIONS = (
    "usage_thresholds", "bill_charges_monthly", "bill_fixed_charges_monthly", "fixed_charges",
)  # fmt: skip
FIXED_WHILE_SUBSCRIBED = (
    "code", "interval", "amount_currency", "trial_period_days",
)  # fmt: skip
TRIAL_DAYS_MAX = 3660
LAGO_NAMES = {"trial_period_days": "trial_period"}
USED_BY_A_SUBSCRIPTION = "used_by_a_subscription"


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

    Prices may change under a live subscription; what cuts its periods may not. (Lago ignores
    such a change without a word.)
    """
    fields = Fields(given)
    changed = _changed(fields, kept, reading)
    for name in FIXED_WHILE_SUBSCRIBED:
        if is_subscribed and getattr(changed, name) != getattr(kept, name):
            fields.fault(LAGO_NAMES.get(name, name), USED_BY_A_SUBSCRIPTION)
    fields.check()
    return changed


def to_lago_plan(plan: Plan) -> dict[str, object]:
    """Return Lago's plan object."""
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
        "pay_in_advance": False,
        "bill_charges_monthly": None,
        "bill_fixed_charges_monthly": None,
        "customers_count": 0,
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "parent_id": None,
        "pending_deletion": False,
        "charges": [to_lago_charge(charge) for charge in plan.charges],
        "fixed_charges": [],
        "entitlements": [],
        "usage_thresholds": [],
        "applicable_usage_thresholds": [],
        "taxes": [],
    }


def _changed(fields: Fields, kept: Plan, reading: ChargeReading) -> Plan:
    for name in NOT_YET_OPTIONS:
        fields.refuse(name)
    fields.refuse("minimum_commitment", {"amount_cents": 0})
    if fields.flag("pay_in_advance"):
        # A termination would owe a credit for the unused days, which we do not write yet.
        fields.fault("pay_in_advance", NOT_SUPPORTED_YET)
    plan = replace(
        kept,
        code=fields.identifier("code", kept.code),
        name=fields.mandatory_text("name", kept.name),
        invoice_display_name=fields.text("invoice_display_name", kept.invoice_display_name),
        description=fields.text("description", kept.description),
        interval=fields.choice("interval", PlanInterval, kept.interval) or kept.interval,
        amount_cents=fields.integer(
            "amount_cents", kept.amount_cents, (0, AMOUNT_CENTS_MAX), "invalid_amount"
        )
        or 0,
        amount_currency=fields.currency("amount_currency", kept.amount_currency)
        or kept.amount_currency,
        trial_period_days=_trial_period_days(fields, kept.trial_period_days),
    )
    if fields.given.get("charges") is None:
        fields.check()
        return plan
    return _with_charges(fields, plan, reading)


def _with_charges(fields: Fields, plan: Plan, reading: ChargeReading) -> Plan:
    given = fields.given["charges"]
    if not isinstance(given, list) or len(given) > CHARGES_MAX:
        fields.fault("charges", INVALID)
        given = []
    charges, faults = from_lago_charges(given, reading)
    _note_as_lago(fields, faults)
    fields.check({"charges": faults} if faults else None)
    return replace(plan, charges=charges)


def _note_as_lago(fields: Fields, charge_faults: Details) -> None:
    """Note each charge's faults under the field alone, too: that is where Lago's clients look."""
    for faults in charge_faults.values():
        for name, codes in faults.items() if isinstance(faults, Mapping) else ():
            for code in codes:
                fields.fault(name, code)


def _trial_period_days(fields: Fields, kept: Decimal) -> Decimal:
    if "trial_period" not in fields.given:
        return kept
    value = fields.given["trial_period"]
    days = Decimal(0) if value is None else decimal_of_number_or_text(value)
    if days is None or days > TRIAL_DAYS_MAX:
        fields.fault("trial_period", INVALID)
        return kept
    return days


def _to_lago_days(days: Decimal) -> int | str:
    return int(days) if days == days.to_integral_value() else digits(days)
