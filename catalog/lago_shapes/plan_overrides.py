"""What one subscription has otherwise than its plan, in Lago's words (`plan_overrides`)."""

from dataclasses import replace

from catalog.errors import Details, ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.charge_changes import from_lago_overridden_charge
from catalog.lago_shapes.charges import ChargeReading
from catalog.lago_shapes.fields import INVALID, USED_BY_A_SUBSCRIPTION, Fields
from catalog.lago_shapes.plan_members import LAGO_NAMES, check_with_charges, with_members
from catalog.plan_overrides import charge_known_as, with_charge
from catalog.plans import Plan

OVERRIDABLE = (
    "amount_cents", "amount_currency", "name", "trial_period", "minimum_commitment",
    "usage_thresholds", "fixed_charges",
)  # fmt: skip
CLEARABLE = ("description", "invoice_display_name")
FIXED_WHILE_RUNNING = ("amount_currency", "trial_period_days")


def plan_overrides_of(given: JsonObject) -> JsonObject | None:
    """Return what a request about a subscription overrides; None where it asks for nothing."""
    overrides = given.get("plan_overrides")
    if overrides and not isinstance(overrides, dict):
        raise ValidationFailed({"plan_overrides": [INVALID]})
    return overrides if isinstance(overrides, dict) and overrides else None


def from_lago_plan_overrides(
    given: JsonObject, override: Plan, reading: ChargeReading, *, is_running: bool
) -> Plan:
    """Return an override with the members given changed; what is not given stays.

    ValidationFailed names every fault, those of charges by their index, too. A running
    subscription keeps currency and trial: its periods are cut by them.
    """
    fields = Fields(
        {
            name: given[name]
            for name in (*OVERRIDABLE, *CLEARABLE)
            if name in given and (given[name] is not None or name in CLEARABLE)
        }
    )
    changed = with_members(fields, override)
    for name in FIXED_WHILE_RUNNING if is_running else ():
        if getattr(changed, name) != getattr(override, name):
            fields.fault(LAGO_NAMES.get(name, name), USED_BY_A_SUBSCRIPTION)
    charges = given.get("charges") or []
    if not isinstance(charges, list):
        fields.fault("charges", INVALID)
        charges = []
    priced, faults = _with_charges(override, charges, reading)
    check_with_charges(fields, faults)
    return replace(changed, charges=priced.charges)


def _with_charges(
    override: Plan, given: list[JsonValue], reading: ChargeReading
) -> tuple[Plan, Details]:
    """Return the override with the charges given changed, and each faulty one's faults.

    A charge is known by its id, or by the id of the charge it overrides. An unknown one is a
    fault: its price would be left out (Lago leaves it out).
    """
    faults: dict[str, Details] = {}
    for index, member in enumerate(given):
        own = member if isinstance(member, dict) else {}
        kept = charge_known_as(override, own.get("id"))
        if kept is None:
            faults[str(index)] = {"id": [INVALID]}
            continue
        try:
            override = with_charge(override, from_lago_overridden_charge(own, kept, reading))
        except ValidationFailed as refusal:
            faults[str(index)] = refusal.details or {}
    return override, faults
