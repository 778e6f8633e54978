"""One charge added to a plan, changed in it, or overridden for a subscription, in Lago's words."""

from collections.abc import Sequence

from catalog.errors import NotFound, ValidationFailed
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_filters import FilterFaults
from catalog.lago_shapes.charges import (
    CHARGES_MAX,
    ChargeReading,
    charge_of,
    faults_of,
    with_code,
)
from catalog.lago_shapes.fields import INVALID, USED_BY_A_SUBSCRIPTION, Fields
from catalog.plans import Charge

OVERRIDABLE = (
    "invoice_display_name", "min_amount_cents", "properties", "filters", "applied_pricing_unit",
)  # fmt: skip


def from_lago_added_charge(given: JsonObject, reading: ChargeReading) -> Charge:
    """Return the charge that a request adds to a plan; ValidationFailed names every fault.

    NotFound `billable_metric_not_found` when its metric is unknown or deleted (Lago).
    """
    fields = Fields(given)
    if len(reading.kept) >= CHARGES_MAX:
        fields.fault("charges", INVALID)
    charge, filter_faults = _one_charge(fields, None, reading)
    return _checked(fields, filter_faults, charge)


def from_lago_changed_charge(
    given: JsonObject, kept: Charge, reading: ChargeReading, *, is_subscribed: bool
) -> Charge:
    """Return a plan's charge with the members given changed; errors as above."""
    fields = Fields(given)
    charge, filter_faults = _one_charge(fields, kept, reading)
    if is_subscribed:
        check_time_of_payment(fields, [kept], [charge])
    return _checked(fields, filter_faults, charge)


def from_lago_overridden_charge(given: JsonObject, kept: Charge, reading: ChargeReading) -> Charge:
    """Return a charge as one subscription is to have it; errors as above.

    Its price, minimum, filters and display name may differ. Another metric, model or code is
    refused (Lago ignores it without a word).
    """
    fields = Fields({name: given[name] for name in OVERRIDABLE if name in given})
    fixed = {
        "charge_model": kept.charge_model.value,
        "billable_metric_id": kept.metric_id,
        "code": kept.code,
    }
    for name, value in fixed.items():
        if given.get(name) not in (None, value):
            fields.fault(name, INVALID)
    charge, filter_faults = charge_of(fields, kept, reading)
    return _checked(fields, filter_faults, charge)


def check_time_of_payment(
    fields: Fields, kept: Sequence[Charge], changed: Sequence[Charge]
) -> None:
    """Note a charge that would be paid at another time: events would be billed twice, or never."""
    paid_in_advance = {charge.id: charge.is_pay_in_advance for charge in kept}
    for charge in changed:
        if paid_in_advance.get(charge.id, charge.is_pay_in_advance) != charge.is_pay_in_advance:
            fields.fault("pay_in_advance", USED_BY_A_SUBSCRIPTION)


def _one_charge(
    fields: Fields, kept: Charge | None, reading: ChargeReading
) -> tuple[Charge, FilterFaults]:
    try:
        charge, filter_faults = charge_of(fields, kept, reading)
    except NotFound as error:
        raise NotFound("billable_metric") from error
    others = {other.code for other in reading.kept if other.id != charge.id}
    return with_code(fields, charge, others), filter_faults


def _checked(fields: Fields, filter_faults: FilterFaults, charge: Charge) -> Charge:
    if fields.faults:
        raise ValidationFailed(faults_of(fields, filter_faults))
    return charge
