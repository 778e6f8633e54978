"""The properties of a charge in Lago's words: prices in, terms out, and back (section 4).

Money must be text; a JSON number there has already lost digits at the client.
"""

from collections.abc import Callable

from catalog.charge_terms import (
    ChargeModel,
    ChargeTerms,
    CustomTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    VolumeTerms,
)
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charge_tiers import (
    from_lago_percentage_tiers,
    from_lago_tiers,
    to_lago_tiers,
)
from catalog.lago_shapes.property_faults import ZERO, Faults, digits

Properties = dict[str, object]


def from_lago_properties(model: ChargeModel, given: JsonObject) -> tuple[ChargeTerms, Faults]:
    """Return the terms that properties describe and the codes of what is wrong with them.

    Empty properties mean Lago's default: a price of zero.
    """
    return from_lago_own_properties(model, given or _DEFAULTS[model])


def from_lago_own_properties(model: ChargeModel, given: JsonObject) -> tuple[ChargeTerms, Faults]:
    """Return the same where nothing is understood: empty properties lack their price (Lago)."""
    faults = Faults()
    terms = _FROM_LAGO[model](given, faults)
    return terms, faults


def to_lago_properties(terms: ChargeTerms) -> Properties:
    """Return the terms of a charge as Lago's properties; prices are text."""
    match terms:
        case StandardTerms():
            return {"amount": digits(terms.amount)}
        case PackageTerms():
            return {
                "amount": digits(terms.amount),
                "package_size": terms.package_size,
                "free_units": terms.free_units,
            }
        case GraduatedTerms() | VolumeTerms() | GraduatedPercentageTerms():
            return {_RANGES[type(terms)]: to_lago_tiers(terms.tiers)}
        case PercentageTerms():
            return _to_lago_percentage(terms)
        case DynamicTerms() | CustomTerms():
            return {}


def _standard(given: JsonObject, faults: Faults) -> ChargeTerms:
    return StandardTerms(faults.amount(given.get("amount")))


def _package(given: JsonObject, faults: Faults) -> ChargeTerms:
    return PackageTerms(
        amount=faults.amount(given.get("amount")),
        package_size=faults.units(given.get("package_size"), 1, "invalid_package_size"),
        free_units=faults.units(given.get("free_units"), 0, "invalid_free_units"),
    )


def _graduated(given: JsonObject, faults: Faults) -> ChargeTerms:
    return GraduatedTerms(from_lago_tiers(given, _RANGES[GraduatedTerms], faults))


def _volume(given: JsonObject, faults: Faults) -> ChargeTerms:
    return VolumeTerms(from_lago_tiers(given, _RANGES[VolumeTerms], faults))


def _graduated_percentage(given: JsonObject, faults: Faults) -> ChargeTerms:
    name = _RANGES[GraduatedPercentageTerms]
    return GraduatedPercentageTerms(from_lago_percentage_tiers(given, name, faults))


def _dynamic(_given: JsonObject, _faults: Faults) -> ChargeTerms:
    return DynamicTerms()


def _custom(_given: JsonObject, _faults: Faults) -> ChargeTerms:
    return CustomTerms()


def _percentage(given: JsonObject, faults: Faults) -> ChargeTerms:
    free_events = given.get("free_units_per_events")
    terms = PercentageTerms(
        rate=faults.amount(given.get("rate"), "invalid_rate"),
        fixed_amount=faults.optional_amount(given.get("fixed_amount"), "invalid_fixed_amount")
        or ZERO,
        free_units_per_events=None
        if free_events is None
        else faults.units(free_events, 1, "invalid_free_units_per_events"),
        free_units_per_total_aggregation=faults.optional_amount(
            given.get("free_units_per_total_aggregation"),
            "invalid_free_units_per_total_aggregation",
        ),
        per_transaction_min_amount=faults.optional_amount(given.get("per_transaction_min_amount")),
        per_transaction_max_amount=faults.optional_amount(given.get("per_transaction_max_amount")),
    )
    lowest, highest = terms.per_transaction_min_amount, terms.per_transaction_max_amount
    if lowest is not None and highest is not None and lowest > highest:
        faults.note("per_transaction_max_lower_than_per_transaction_min")
    return terms


def _to_lago_percentage(terms: PercentageTerms) -> Properties:
    optional = {
        "free_units_per_total_aggregation": terms.free_units_per_total_aggregation,
        "per_transaction_min_amount": terms.per_transaction_min_amount,
        "per_transaction_max_amount": terms.per_transaction_max_amount,
    }
    return {
        "rate": digits(terms.rate),
        "fixed_amount": digits(terms.fixed_amount),
        "free_units_per_events": terms.free_units_per_events,
        **{name: None if value is None else digits(value) for name, value in optional.items()},
    }


_RANGES: dict[type, str] = {
    GraduatedTerms: "graduated_ranges",
    VolumeTerms: "volume_ranges",
    GraduatedPercentageTerms: "graduated_percentage_ranges",
}
_FROM_LAGO: dict[ChargeModel, Callable[[JsonObject, Faults], ChargeTerms]] = {
    ChargeModel.STANDARD: _standard,
    ChargeModel.GRADUATED: _graduated,
    ChargeModel.PACKAGE: _package,
    ChargeModel.PERCENTAGE: _percentage,
    ChargeModel.VOLUME: _volume,
    ChargeModel.GRADUATED_PERCENTAGE: _graduated_percentage,
    ChargeModel.DYNAMIC: _dynamic,
    ChargeModel.CUSTOM: _custom,
}
_OPEN_END: JsonObject = {"from_value": 0, "to_value": None, "flat_amount": "0"}
_OPEN_TIER: JsonObject = {**_OPEN_END, "per_unit_amount": "0"}
_DEFAULTS: dict[ChargeModel, JsonObject] = {
    ChargeModel.STANDARD: {"amount": "0"},
    ChargeModel.GRADUATED: {"graduated_ranges": [_OPEN_TIER]},
    ChargeModel.PACKAGE: {"amount": "0", "package_size": 1, "free_units": 0},
    ChargeModel.PERCENTAGE: {"rate": "0"},
    ChargeModel.VOLUME: {"volume_ranges": [_OPEN_TIER]},
    ChargeModel.GRADUATED_PERCENTAGE: {"graduated_percentage_ranges": [{**_OPEN_END, "rate": "0"}]},
    ChargeModel.DYNAMIC: {},
    ChargeModel.CUSTOM: {},
}
