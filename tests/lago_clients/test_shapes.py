"""What holds answers against Lago's document sees each kind of difference."""

import pytest

from tests.lago_clients.required_fields import lacking
from tests.lago_clients.shapes import differences

TAX = {
    "lago_id": "1", "name": "HST", "code": "hst", "rate": 13, "description": None,
    "applied_to_organization": False, "created_at": "2026-01-01T05:00:00Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        ({}, set()),
        ({"rate": 13.5}, set()),
        ({"more": 1}, {"+ TaxObject.more"}),
        ({"name": None}, {"0 TaxObject.name"}),
        ({"rate": "13"}, {"t TaxObject.rate: str"}),
        ({"rate": True}, {"t TaxObject.rate: bool"}),
    ],
)
def test_a_difference_is_seen(changed: dict[str, object], found: set[str]) -> None:
    """A member more, a null and another type are each told with their place."""
    assert differences({"tax": TAX | changed}, {"object": "Tax"}) == found


def test_a_missing_member_is_seen() -> None:
    """A member that Lago's document asks for is missed, in an object and in each of a list."""
    nameless = {name: value for name, value in TAX.items() if name != "name"}

    assert differences({"tax": nameless}, {"object": "Tax"}) == {"- TaxObject.name"}
    assert differences({}, {"object": "Tax"}) == {"- Tax.tax"}
    page = {"taxes": [TAX, nameless], "meta": {}}
    assert "- TaxObject.name" in differences(page, {"object": "TaxesPaginated"})


def test_a_choice_that_is_none_is_seen() -> None:
    """A word that is not among the choices is told, and so is an answer that is no object."""
    shape = {"type": "object", "fields": {"a": {"type": "string", "enum": ["x", "y"]}}}

    assert differences({"a": "z"}, shape) == {"c a: z"}
    assert differences([], shape) == {"t : list"}


def test_what_the_python_client_needs_is_missed() -> None:
    """A member may be missed in the object itself, below it, and in each of a list."""
    period = {"from_datetime": "x"}

    assert lacking({"plan": {"lago_id": "1", "name": "n", "code": "c"}}) == {"plan: created_at"}
    assert "usage_periods *: currency" in lacking({"usage_periods": [period]})
    assert lacking({"fees": []}) == set()
