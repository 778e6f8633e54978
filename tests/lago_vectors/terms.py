"""The properties of a vector's charge as terms, without the door's refusals."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from catalog.charge_terms import (
    ChargeModel,
    ChargeTerms,
    CustomTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    Tier,
    VolumeTerms,
)

Properties = Mapping[str, Any]


def vector_terms(model: str, properties: Properties) -> ChargeTerms:
    """Return the terms of a charge model, from properties with Lago's names."""
    return _TERMS[ChargeModel(model)](properties)


def _tiers(ranges: list[Properties]) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            from_value=Decimal(str(tier["from_value"])),
            to_value=_bound(tier["to_value"]),
            per_unit_amount=Decimal(tier["per_unit_amount"]),
            flat_amount=Decimal(tier["flat_amount"]),
        )
        for tier in ranges
    )


def _percentage_tiers(ranges: list[Properties]) -> tuple[PercentageTier, ...]:
    return tuple(
        PercentageTier(
            from_value=Decimal(str(tier["from_value"])),
            to_value=_bound(tier["to_value"]),
            rate=Decimal(tier["rate"]),
            flat_amount=Decimal(tier["flat_amount"]),
        )
        for tier in ranges
    )


def _bound(value: object) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _percentage(properties: Properties) -> PercentageTerms:
    decimals = (
        "free_units_per_total_aggregation",
        "per_transaction_min_amount",
        "per_transaction_max_amount",
    )
    return PercentageTerms(
        rate=Decimal(properties["rate"]),
        fixed_amount=Decimal(properties.get("fixed_amount") or 0),
        free_units_per_events=properties.get("free_units_per_events"),
        **{name: Decimal(properties[name]) for name in decimals if properties.get(name)},
    )


_TERMS: dict[ChargeModel, Callable[[Properties], ChargeTerms]] = {
    ChargeModel.STANDARD: lambda given: StandardTerms(Decimal(given["amount"])),
    ChargeModel.PACKAGE: lambda given: PackageTerms(
        Decimal(given["amount"]), given["package_size"], given["free_units"]
    ),
    ChargeModel.GRADUATED: lambda given: GraduatedTerms(_tiers(given["graduated_ranges"])),
    ChargeModel.VOLUME: lambda given: VolumeTerms(_tiers(given["volume_ranges"])),
    ChargeModel.PERCENTAGE: _percentage,
    ChargeModel.GRADUATED_PERCENTAGE: lambda given: GraduatedPercentageTerms(
        _percentage_tiers(given["graduated_percentage_ranges"])
    ),
    ChargeModel.DYNAMIC: lambda _given: DynamicTerms(),
    ChargeModel.CUSTOM: lambda _given: CustomTerms(),
}
