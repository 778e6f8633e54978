"""Lago's own numbers as test cases: read from beside the repository, named by their ids."""

import json
import os
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from _pytest.mark import ParameterSet

from aggregation.quantity import Quantity
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
from catalog.money import MONEY_CONTEXT

Case: TypeAlias = dict[str, Any]

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "lago_vectors.json"

# What no test of a charge model answers yet, and why.
NOT_RATED_YET = {
    "graduated_percentage": "a model of its own, not offered yet",
    "dynamic": "needs the amount pushed with each event, which usage does not carry yet",
    "custom": "Lago runs code of the customer's for it; deprecated there, not offered here",
    "prorated": "needs the instants at which units came and went; no metric recurs yet",
}


def lago_cases(kind: str, model: ChargeModel | None = None) -> list[ParameterSet]:
    """Return the cases of a kind (and model), ready for parametrize; one skip without the file."""
    if not VECTORS.exists() and os.environ.get("CI") != "true":
        reason = f"Lago's vectors are not at {VECTORS}"
        return [pytest.param({}, id="vectors-absent", marks=pytest.mark.skip(reason=reason))]
    cases = [case for case in all_cases() if case["kind"] == kind]
    if model is not None:
        cases = [case for case in cases if case["model"] == model and not why_left_out(case)]
    return [pytest.param(case, id=case["id"]) for case in cases]


def all_cases() -> list[Case]:
    """Return every case of the file; numbers with a point are read through their text."""
    vectors: list[Case] = json.loads(VECTORS.read_text(), parse_float=Decimal)["vectors"]
    return vectors


def why_left_out(case: Case) -> str | None:
    """Return why no test answers a charge model's case, or None where one does."""
    return NOT_RATED_YET.get("prorated" if case.get("prorated") else case["model"])


def case_terms(case: Case) -> ChargeTerms:
    """Return a case's properties as terms."""
    properties = case["properties"]
    match ChargeModel(case["model"]):
        case ChargeModel.STANDARD:
            return StandardTerms(Decimal(properties["amount"]))
        case ChargeModel.PACKAGE:
            return PackageTerms(
                Decimal(properties["amount"]), properties["package_size"], properties["free_units"]
            )
        case ChargeModel.GRADUATED:
            return GraduatedTerms(_tiers(properties["graduated_ranges"]))
        case ChargeModel.VOLUME:
            return VolumeTerms(_tiers(properties["volume_ranges"]))
        case ChargeModel.PERCENTAGE:
            return _percentage_terms(properties)


def _tiers(ranges: list[Case]) -> tuple[Tier, ...]:
    return tuple(
        Tier(
            from_value=Decimal(str(tier["from_value"])),
            to_value=None if tier["to_value"] is None else Decimal(str(tier["to_value"])),
            per_unit_amount=Decimal(tier["per_unit_amount"]),
            flat_amount=Decimal(tier["flat_amount"]),
        )
        for tier in ranges
    )


def _percentage_terms(properties: Case) -> PercentageTerms:
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


def case_quantity(case: Case) -> Quantity:
    """Return a case's units, and each transaction's where it names them."""
    values = case.get("events_values")
    return Quantity(
        units=Decimal(case["units"]),
        events_count=len(values or ()),
        event_values=None if values is None else tuple(Decimal(value) for value in values),
    )


def as_expected(case: Case, field: str, value: Decimal) -> tuple[Decimal, Decimal]:
    """Return what Lago expects of a field, and the value in the digits it is compared in."""
    digits = case["expected"].get("digits", {}).get(field, 18)
    with localcontext(MONEY_CONTEXT):
        rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return Decimal(case["expected"][field]), rounded
