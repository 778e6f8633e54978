"""The members of a plan that are not its charges, in Lago's words."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from catalog.errors import NOT_SUPPORTED_YET, Details
from catalog.lago_shapes.fields import INVALID, Fields, decimal_of_number_or_text
from catalog.lago_shapes.minimum_commitment import AMOUNT_CENTS_MAX, with_minimum_commitment
from catalog.plans import Plan, PlanInterval

NOT_YET_OPTIONS = ("usage_thresholds", "bill_fixed_charges_monthly", "fixed_charges", "taxes")
TRIAL_DAYS_MAX = 3660
# Of other intervals Lago forgets bill_charges_monthly without a word; so do we.
SPLIT_INTO_MONTHS = (PlanInterval.YEARLY, PlanInterval.SEMIANNUAL)
LAGO_NAMES = {
    "trial_period_days": "trial_period",
    "is_pay_in_advance": "pay_in_advance",
    "bills_charges_monthly": "bill_charges_monthly",
}


def with_members(fields: Fields, kept: Plan) -> Plan:
    """Return a plan with the members given; its charges stay."""
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
    return plan


def check_with_charges(fields: Fields, charge_faults: Details) -> None:
    """Raise ValidationFailed with all faults, those of charges by index, if there are any.

    Each is noted under its field alone, too: that is where Lago's clients look.
    """
    for faults in charge_faults.values():
        for name, codes in faults.items() if isinstance(faults, Mapping) else ():
            for code in codes if isinstance(codes, list) else ():
                fields.fault(name, code)
    fields.check({"charges": charge_faults} if charge_faults else None)


def _trial_period_days(fields: Fields, kept: Decimal) -> Decimal:
    if "trial_period" not in fields.given:
        return kept
    value = fields.given["trial_period"]
    days = Decimal(0) if value is None else decimal_of_number_or_text(value)
    if days is None or days > TRIAL_DAYS_MAX:
        fields.fault("trial_period", INVALID)
        return kept
    return days
