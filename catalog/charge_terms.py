"""The terms of each charge model: typed, frozen, exact. What a price says, not what it costs.

Decides the shape of a price; the arithmetic on it is rating's.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class ChargeModel(StrEnum):
    """How a quantity becomes an amount, in Lago's words."""

    STANDARD = "standard"
    GRADUATED = "graduated"
    PACKAGE = "package"
    PERCENTAGE = "percentage"
    VOLUME = "volume"
    GRADUATED_PERCENTAGE = "graduated_percentage"
    DYNAMIC = "dynamic"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class StandardTerms:
    """Every unit costs `amount` currency units."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class PackageTerms:
    """Every started package of `package_size` units costs `amount`; `free_units` come first."""

    amount: Decimal
    package_size: int
    free_units: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """Units from `from_value` to `to_value` (both inclusive; None means no end)."""

    from_value: Decimal
    to_value: Decimal | None
    per_unit_amount: Decimal
    flat_amount: Decimal


@dataclass(frozen=True, slots=True)
class GraduatedTerms:
    """Each tier prices its own share of the units."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class VolumeTerms:
    """One tier, chosen by all units, prices them all."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class PercentageTerms:
    """`rate` percent of the units, plus `fixed_amount` an event, less the free ones."""

    rate: Decimal
    fixed_amount: Decimal = Decimal(0)
    free_units_per_events: int | None = None
    free_units_per_total_aggregation: Decimal | None = None
    per_transaction_min_amount: Decimal | None = None
    per_transaction_max_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PercentageTier:
    """Units from `from_value` to `to_value` (both inclusive; None means no end) cost `rate` %."""

    from_value: Decimal
    to_value: Decimal | None
    rate: Decimal
    flat_amount: Decimal


@dataclass(frozen=True, slots=True)
class GraduatedPercentageTerms:
    """Each tier takes its own percentage of its share of the units."""

    tiers: tuple[PercentageTier, ...]


@dataclass(frozen=True, slots=True)
class DynamicTerms:
    """Each event brings its own price, `precise_total_amount_cents`."""


@dataclass(frozen=True, slots=True)
class CustomTerms:
    """The metric computes the price itself."""


ChargeTerms: TypeAlias = (
    StandardTerms
    | PackageTerms
    | GraduatedTerms
    | VolumeTerms
    | PercentageTerms
    | GraduatedPercentageTerms
    | DynamicTerms
    | CustomTerms
)

CHARGE_MODEL_OF: dict[type, ChargeModel] = {
    StandardTerms: ChargeModel.STANDARD,
    GraduatedTerms: ChargeModel.GRADUATED,
    PackageTerms: ChargeModel.PACKAGE,
    PercentageTerms: ChargeModel.PERCENTAGE,
    VolumeTerms: ChargeModel.VOLUME,
    GraduatedPercentageTerms: ChargeModel.GRADUATED_PERCENTAGE,
    DynamicTerms: ChargeModel.DYNAMIC,
    CustomTerms: ChargeModel.CUSTOM,
}
