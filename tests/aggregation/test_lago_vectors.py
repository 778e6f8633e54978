"""Lago's own cases of aggregation and rounding, from its test suite, to the last digit."""

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from tests.lago_vectors.aggregation import computed
from tests.shared_files import shared_file

KINDS = ("aggregation", "rounding")
COMPARED_DECIMALS = 18


def vectors() -> list[dict[str, Any]]:
    """Return the cases of the two kinds."""
    found = json.loads(shared_file("vectors/lago_vectors.json").read_text(), parse_float=Decimal)
    return [vector for vector in found["vectors"] if vector["kind"] in KINDS]


def is_equal(field: str, expected: object, found: object, told: Mapping[str, Any]) -> bool:
    """Say whether a number is the expected one, at the decimals that the case names."""
    decimals = told.get("digits", {}).get(field, COMPARED_DECIMALS)
    rounding = ROUND_CEILING if field in told.get("ceil", ()) else ROUND_HALF_UP
    step = Decimal(1).scaleb(-decimals)
    return Decimal(str(found)).quantize(step, rounding) == Decimal(str(expected))


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["id"])
def test_a_case_of_lagos_agrees(vector: dict[str, Any]) -> None:
    """Every number that Lago's test suite expects of a case is the one computed here."""
    expected, found = vector["expected"], computed(vector)
    told = [(expected, found)]
    if "groups" in expected:
        by_group = {tuple(group["groups"].items()): group for group in found["groups"]}
        told = [
            (group, by_group.pop(tuple(group["groups"].items()))) for group in expected["groups"]
        ]
        assert by_group == {}

    compared = [
        (field, value, numbers[field], is_equal(field, value, numbers[field], expected))
        for wanted, numbers in told
        for field, value in wanted.items()
        if field not in ("digits", "ceil", "groups", "note")
    ]

    assert compared
    assert [each for each in compared if not each[-1]] == []


def test_the_cases_are_there() -> None:
    """No case is lost on the way from the file."""
    kinds = [vector["kind"] for vector in vectors()]

    assert [kinds.count(kind) for kind in KINDS] == [36, 4]
