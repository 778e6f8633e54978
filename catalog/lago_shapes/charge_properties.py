"""The properties of a charge in Lago's words: prices in, terms out, and back (section 4).

Money must be text; a JSON number there has already lost digits at the client.
"""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from catalog.charge_terms import (
    ChargeModel,
    ChargeTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from catalog.exact_json import JsonObject, JsonValue
from catalog.lago_shapes.fields import (
    decimal_of_number_or_text,
    decimal_of_text,
    whole_number,
)

TIERS_MAX = 1000
UNITS_MAX = 10**18
ZERO = Decimal(0)
INVALID_AMOUNT = "invalid_amount"

T = TypeVar("T")
Properties = dict[str, object]


class Faults(list[str]):
    """Lago's codes for what is wrong with one charge's properties, each once."""

    def note(self, code: str) -> None:
        """Add a code."""
        if code not in self:
            self.append(code)

    def amount(self, value: JsonValue, code: str = INVALID_AMOUNT) -> Decimal:
        """Return a price given as text; zero, and a fault, when it is not one."""
        return self.wanted(decimal_of_text(value), ZERO, code)

    def optional_amount(self, value: JsonValue, code: str = INVALID_AMOUNT) -> Decimal | None:
        """Return a price given as text, None when absent or blank."""
        return None if value is None or value == "" else self.amount(value, code)

    def wanted(self, value: T | None, otherwise: T, code: str) -> T:
        """Return a value; when there is none, note the fault and return something harmless."""
        if value is None:
            self.note(code)
            return otherwise
        return value

    def units(self, value: JsonValue, lowest: int, code: str) -> int:
        """Return a whole number of units."""
        number = whole_number(value)
        fits = number is not None and lowest <= number <= UNITS_MAX
        return self.wanted(number if fits else None, lowest, code)


def from_lago_properties(model: ChargeModel, given: JsonObject) -> tuple[ChargeTerms, list[str]]:
    """Return the terms that properties describe and the codes of what is wrong with them.

    Empty properties mean Lago's default: a price of zero.
    """
    faults = Faults()
    terms = _FROM_LAGO[model](given or _DEFAULTS[model], faults)
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
        case GraduatedTerms():
            return {"graduated_ranges": [_to_lago_range(tier) for tier in terms.tiers]}
        case VolumeTerms():
            return {"volume_ranges": [_to_lago_range(tier) for tier in terms.tiers]}
        case PercentageTerms():
            return _to_lago_percentage(terms)


def digits(value: Decimal) -> str:
    """Return a price as it was written, without exponent."""
    return format(value, "f")


def _standard(given: JsonObject, faults: Faults) -> ChargeTerms:
    return StandardTerms(faults.amount(given.get("amount")))


def _package(given: JsonObject, faults: Faults) -> ChargeTerms:
    return PackageTerms(
        amount=faults.amount(given.get("amount")),
        package_size=faults.units(given.get("package_size"), 1, "invalid_package_size"),
        free_units=faults.units(given.get("free_units"), 0, "invalid_free_units"),
    )


def _graduated(given: JsonObject, faults: Faults) -> ChargeTerms:
    return GraduatedTerms(_tiers(given, "graduated_ranges", faults))


def _volume(given: JsonObject, faults: Faults) -> ChargeTerms:
    return VolumeTerms(_tiers(given, "volume_ranges", faults))


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


def _tiers(given: JsonObject, name: str, faults: Faults) -> tuple[Tier, ...]:
    ranges = given.get(name)
    if not isinstance(ranges, list) or not ranges:
        faults.note(f"missing_{name}")
        return ()
    objects = [tier for tier in ranges[:TIERS_MAX] if isinstance(tier, dict)]
    tiers = tuple(_tier(tier, name, faults) for tier in objects)
    if len(tiers) < len(ranges) or not _is_ladder(tiers):
        faults.note(f"invalid_{name}")
    return tiers


def _tier(given: JsonObject, name: str, faults: Faults) -> Tier:
    to_value = given.get("to_value")
    bounds_code = f"invalid_{name}"
    return Tier(
        from_value=faults.wanted(
            decimal_of_number_or_text(given.get("from_value")), ZERO, bounds_code
        ),
        to_value=None
        if to_value is None
        else faults.wanted(decimal_of_number_or_text(to_value), ZERO, bounds_code),
        per_unit_amount=faults.amount(given.get("per_unit_amount")),
        flat_amount=faults.amount(given.get("flat_amount")),
    )


def _is_ladder(tiers: tuple[Tier, ...]) -> bool:
    """Say whether tiers start at 0, end open, and either all touch or all step by one unit.

    Lago also takes a mixture of both, and fractions in a stepped ladder; some usage would then
    be priced twice or not at all (section 4.1).
    """
    bounds = [tier.to_value for tier in tiers[:-1] if tier.to_value is not None]
    if len(bounds) < len(tiers) - 1 or tiers[0].from_value != 0 or tiers[-1].to_value is not None:
        return False
    if any(low >= high for low, high in pairwise([ZERO, *bounds])):
        return False
    starts = [tier.from_value for tier in tiers[1:]]
    if starts == bounds:
        return True
    is_whole = all(bound == bound.to_integral_value() for bound in bounds)
    return is_whole and starts == [bound + 1 for bound in bounds]


def _to_lago_range(tier: Tier) -> Properties:
    return {
        "from_value": _to_lago_bound(tier.from_value),
        "to_value": None if tier.to_value is None else _to_lago_bound(tier.to_value),
        "per_unit_amount": digits(tier.per_unit_amount),
        "flat_amount": digits(tier.flat_amount),
    }


def _to_lago_bound(value: Decimal) -> int | str:
    return int(value) if value == value.to_integral_value() else digits(value)


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


_FROM_LAGO: dict[ChargeModel, Callable[[JsonObject, Faults], ChargeTerms]] = {
    ChargeModel.STANDARD: _standard,
    ChargeModel.GRADUATED: _graduated,
    ChargeModel.PACKAGE: _package,
    ChargeModel.PERCENTAGE: _percentage,
    ChargeModel.VOLUME: _volume,
}
_OPEN_TIER: JsonObject = {
    "from_value": 0, "to_value": None, "per_unit_amount": "0", "flat_amount": "0",
}  # fmt: skip
_DEFAULTS: dict[ChargeModel, JsonObject] = {
    ChargeModel.STANDARD: {"amount": "0"},
    ChargeModel.GRADUATED: {"graduated_ranges": [_OPEN_TIER]},
    ChargeModel.PACKAGE: {"amount": "0", "package_size": 1, "free_units": 0},
    ChargeModel.PERCENTAGE: {"rate": "0"},
    ChargeModel.VOLUME: {"volume_ranges": [_OPEN_TIER]},
}
