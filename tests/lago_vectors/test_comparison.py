"""The comparison: exact, in the digits a vector names, of the fields it names."""

from decimal import Decimal
from typing import Any

import pytest

from tests.lago_vectors.comparison import mismatches


@pytest.mark.parametrize(
    ("expected", "computed"),
    [
        ({"amount": "10"}, {"amount": Decimal("10.000")}),
        ({"amount": "10"}, {"amount": "10.0"}),
        ({"days": 30}, {"days": 30}),
        ({"amount": "0.3"}, {"amount": Decimal("0.3000000000000000004")}),
        ({"amount": "0.33", "digits": {"amount": 2}}, {"amount": Decimal("0.3349")}),
        ({"amount": "0.34", "digits": {"amount": 2}}, {"amount": Decimal("0.335")}),
        ({"amount": "0.34", "ceil": {"amount": 2}}, {"amount": Decimal("0.3301")}),
        ({"amount": "1", "ceil": ["amount"]}, {"amount": Decimal("0.01")}),
        (
            {"amount": "0.34", "ceil": ["amount"], "digits": {"amount": 2}},
            {"amount": Decimal("0.3301")},
        ),
        ({"amount": "1"}, {"amount": 1, "not_asked": "anything"}),
        ({"group": None}, {"group": None}),
        ({"value": "5"}, {"value": "5.0"}),
        ({"value": "test"}, {"value": "test"}),
        ({"to": "2026-01-31T23:59:59Z"}, {"to": "2026-01-31T23:59:59.999Z"}),
        ({"to": "2026-01-31T23:59:59Z"}, {"to": "2026-01-31T18:59:59-05:00"}),
        (
            {"groups": [{"groups": {"a": "1"}, "units": "2"}, {"groups": {"a": None}, "units": 3}]},
            {"groups": [{"groups": {"a": None}, "units": 3}, {"groups": {"a": "1"}, "units": 2}]},
        ),
        (
            {"filters": [{"values": {"a": ["1"]}, "units": "2"}]},
            {"filters": [{"values": None, "units": 0}, {"values": {"a": ["1"]}, "units": 2}]},
        ),
        (
            {"groups": [{"groups": {"a": "1"}, "units": "0.67"}], "digits": {"units": 2}},
            {"groups": [{"groups": {"a": "1"}, "units": Decimal("0.6666")}]},
        ),
    ],
)
def test_the_same_answer_passes(expected: dict[str, Any], computed: dict[str, Any]) -> None:
    """Equal numbers, instants and texts pass in the digits named, whatever else was computed."""
    assert mismatches(expected, computed) == []


@pytest.mark.parametrize(
    ("expected", "computed", "field"),
    [
        ({"amount": "10"}, {"amount": Decimal("10.01")}, "amount"),
        ({"amount": "0.3"}, {"amount": Decimal("0.300000000000000001")}, "amount"),
        ({"amount": "0.34", "digits": {"amount": 2}}, {"amount": Decimal("0.3349")}, "amount"),
        ({"amount": "0.33", "ceil": {"amount": 2}}, {"amount": Decimal("0.3301")}, "amount"),
        ({"amount": "1"}, {}, "amount"),
        ({"amount": "1"}, {"amount": None}, "amount"),
        ({"group": None}, {"group": "0"}, "group"),
        ({"value": "test"}, {"value": "5"}, "value"),
        ({"to": "2026-01-31T23:59:59Z"}, {"to": "2026-02-01T00:00:00Z"}, "to"),
        ({"fees": [{"units": "1"}]}, {"fees": []}, "fees (how many)"),
        ({"fees": [{"units": "1"}]}, {"fees": [{"units": "2"}]}, "fees[0].units"),
        ({"fees": [{"units": "1"}]}, {"fees": "none"}, "fees"),
        (
            {"groups": [{"groups": {"a": "1"}, "units": "2"}]},
            {"groups": [{"groups": {"a": "2"}, "units": "2"}]},
            "groups[0]",
        ),
        (
            {"groups": []},
            {"groups": [{"groups": {"a": "2"}, "units": "2"}]},
            "groups (how many)",
        ),
        (
            {"filters": [{"values": {"a": ["1"]}, "units": "2"}]},
            {"filters": [{"values": None, "units": 2}]},
            "filters[0]",
        ),
    ],
)
def test_another_answer_fails_at_its_field(
    expected: dict[str, Any], computed: dict[str, Any], field: str
) -> None:
    """A different or missing value fails, named by where it stands."""
    assert [each.field for each in mismatches(expected, computed)][:1] == [field]
