"""Plans in Lago's words (reference sections 4.5, 5.1 and 7)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from catalog.billable_metrics import BillableMetric
from catalog.errors import NOT_SUPPORTED_YET, Details
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charges import (
    CHARGES_MAX,
    ChargeReading,
    from_lago_charges,
    to_lago_charge,
)
from catalog.lago_shapes.fields import INVALID, Fields, decimal_of_number_or_text
from catalog.lago_shapes.minimum_commitment import (
    AMOUNT_CENTS_MAX,
    to_lago_minimum_commitment,
    with_minimum_commitment,
)
from catalog.lago_shapes.property_faults import digits
from catalog.lago_shapes.times import iso_seconds
from catalog.plans import Plan, PlanInterval

NOT_YET_OPTIONS = ("usage_thresholds", "bill_fixed_charges_monthly", "fixed_charges", "taxes")
FIXED_WHILE_SUBSCRIBED = (
    "code", "interval", "amount_currency", "trial_period_days", "is_pay_in_advance",
    "bills_charges_monthly",
)  # fmt: skip
TRIAL_DAYS_MAX = 3660
# Of other intervals Lago forgets bill_charges_monthly without a word; so do we.
SPLIT_INTO_MONTHS = (PlanInterval.YEARLY, PlanInterval.SEMIANNUAL)
LAGO_NAMES = {
    "trial_period_days": "trial_period",
    "is_pay_in_advance": "pay_in_advance",
    "bills_charges_monthly": "bill_charges_monthly",
}
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

    Prices may change under a live subscription; what cuts its periods may not, nor may a charge
    be paid at another time, or events would be billed twice. (Lago ignores such a change without
    a word.)
    """
    fields = Fields(given)
    changed = _changed(fields, kept, reading)
    for name in FIXED_WHILE_SUBSCRIBED:
        if is_subscribed and getattr(changed, name) != getattr(kept, name):
            fields.fault(LAGO_NAMES.get(name, name), USED_BY_A_SUBSCRIPTION)
    paid_in_advance = {charge.id: charge.is_pay_in_advance for charge in kept.charges}
    for charge in changed.charges if is_subscribed else ():
        if paid_in_advance.get(charge.id, charge.is_pay_in_advance) != charge.is_pay_in_advance:
            fields.fault("pay_in_advance", USED_BY_A_SUBSCRIPTION)
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
        "parent_id": None,
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
    for name in NOT_YET_OPTIONS:
        fields.refuse(name)
    interval = fields.choice("interval", PlanInterval, kept.interval) or kept.interval
    bills_monthly = fields.flag("bill_charges_monthly", kept=kept.bills_charges_monthly)
    plan = replace(
        with_minimum_commitment(fields, kept),
        code=fields.identifier("code", kept.code),
        name=fields.mandatory_text("name", kept.name),
        invoice_display_name=fields.text("invoice_display_name", kept.invoice_display_name),
        description=fields.text("description", kept.description),
        interval=interval,
        amount_cents=fields.integer(
            "amount_cents", kept.amount_cents, (0, AMOUNT_CENTS_MAX), "invalid_amount"
        )
        or 0,
        amount_currency=fields.currency("amount_currency", kept.amount_currency)
        or kept.amount_currency,
        trial_period_days=_trial_period_days(fields, kept.trial_period_days),
        is_pay_in_advance=fields.flag("pay_in_advance", kept=kept.is_pay_in_advance),
        bills_charges_monthly=bills_monthly and interval in SPLIT_INTO_MONTHS,
    )
    if plan.bills_charges_monthly and plan.minimum_commitment_cents:
        # The commitment of a year would need the usage that was billed month by month.
        fields.fault("minimum_commitment", NOT_SUPPORTED_YET)
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
            for code in codes if isinstance(codes, list) else ():
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
