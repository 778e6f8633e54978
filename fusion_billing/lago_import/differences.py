"""What differs between an object of Lago and ours, and why we refuse one, in words. Pure."""

from collections.abc import Iterator, Mapping

from catalog.errors import BillingError, NotFound

NOTHING = "nothing"
DIFFERENCES = "docs/lago_differences.md says why"
ADVICE = {
    "usage_thresholds": "progressive billing is not offered: take the thresholds away in Lago",
    "fixed_charges": "a fixed charge is a recurring line of the order in Odoo: sell it there, and "
    "take it off the plan in Lago",
    "bill_fixed_charges_monthly": "fixed charges are lines of the order in Odoo",
    "applied_pricing_unit": "there are no pricing units: price the charge in the plan's currency",
    "accepts_target_wallet": "there are no wallets: let the charge accept none",
    "aggregation_type": "no foreign code runs here: use an expression, or another aggregation",
    "charge_model": "a custom price needs code of its own: use another model",
    "pay_in_advance": "what a recurring metric or a dynamic price owes in advance has no exact "
    "price here: bill the charge in arrears",
    "minimum_commitment": "of a plan that bills usage monthly it would compare a year with a month",
    "activation_rules": "activation rules are not offered: take them away in Lago",
    "on_termination_credit_note": "unused days are a line of the last draft: choose `credit`",
    "on_termination_invoice": "the last period is always billed: choose `generate`",
    "external_id": "ids with / ? # break at the clients: rename it in Lago",
    "timezone": "name a timezone of the IANA database",
}


def differences(lago: object, ours: object, path: str = "") -> list[str]:
    """Return where two JSON values differ, each as "path: Lago … , here …"."""
    return list(_differences(lago, ours, path))


def refusal_reasons(refusal: BillingError) -> list[str]:
    """Return why a request was refused: field and code, and what to do where we know it."""
    if isinstance(refusal, NotFound):
        return [f"{refusal.code}: see whether it was brought over"]
    if not refusal.details:
        return [str(refusal.code or refusal.error)]
    return list(dict.fromkeys(_reasons(refusal.details, "")))


def _reasons(details: Mapping[str, object], path: str) -> Iterator[str]:
    for name, codes in details.items():
        place = f"{path}{name}"
        if isinstance(codes, Mapping):
            yield from _reasons(codes, f"{place}.")
        elif path or not _is_told_below(name, details):
            told = ", ".join(map(str, codes)) if isinstance(codes, list) else str(codes)
            yield f"{place}: {told}; {ADVICE.get(name, DIFFERENCES)}"


def _is_told_below(name: str, details: Mapping[str, object]) -> bool:
    """Say whether a fault is told again with the charge that has it."""
    charges = details.get("charges")
    return isinstance(charges, Mapping) and any(
        isinstance(faults, Mapping) and name in faults for faults in charges.values()
    )


def _differences(lago: object, ours: object, path: str) -> Iterator[str]:
    if isinstance(lago, Mapping) and isinstance(ours, Mapping):
        for name in [*lago, *(name for name in ours if name not in lago)]:
            below = f"{path}.{name}" if path else str(name)
            yield from _differences(lago.get(name), ours.get(name), below)
    elif isinstance(lago, list) and isinstance(ours, list) and len(lago) == len(ours):
        for index, (one, other) in enumerate(zip(lago, ours, strict=True)):
            yield from _differences(one, other, f"{path}.{index}")
    elif lago != ours:
        yield f"{path}: Lago {_told(lago)}, here {_told(ours)}"


def _told(value: object) -> str:
    return NOTHING if value is None else str(value)
