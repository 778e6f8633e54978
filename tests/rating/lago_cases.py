"""Lago's own numbers as test cases: read from beside the repository, named by their ids."""

import os
from decimal import ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import TypeAlias

import pytest
from _pytest.mark import ParameterSet

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel, ChargeTerms
from catalog.money import MONEY_CONTEXT
from tests.lago_vectors.charge_model import vector_quantity
from tests.lago_vectors.reading import Vector, vectors_of
from tests.lago_vectors.terms import vector_terms

Case: TypeAlias = Vector

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "lago_vectors.json"


def lago_cases(kind: str | None = None, model: ChargeModel | None = None) -> list[ParameterSet]:
    """Return the cases of a kind (and model), ready for parametrize; one skip without the file."""
    if not VECTORS.exists() and os.environ.get("CI") != "true":
        reason = f"Lago's vectors are not at {VECTORS}"
        return [pytest.param({}, id="vectors-absent", marks=pytest.mark.skip(reason=reason))]
    return [
        pytest.param(case, id=case["id"])
        for case in vectors_of(VECTORS)
        if kind in (None, case["kind"]) and model in (None, case.get("model"))
    ]


def case_terms(case: Case) -> ChargeTerms:
    """Return a case's properties as terms."""
    return vector_terms(case["model"], case["properties"])


def case_quantity(case: Case) -> Quantity:
    """Return a case's units, and each transaction's where it names them."""
    return vector_quantity(case)


def as_expected(case: Case, field: str, value: Decimal) -> tuple[Decimal, Decimal]:
    """Return what Lago expects of a field, and the value in the digits it is compared in."""
    digits = case["expected"].get("digits", {}).get(field, 18)
    with localcontext(MONEY_CONTEXT):
        rounded = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return Decimal(case["expected"][field]), rounded
