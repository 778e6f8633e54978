"""Groups of a charge over HTTP: by which properties it is priced, and shown, with Lago's codes."""

from typing import Any

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import a_charge, a_plan, faults_of_charge, metric_id_of


@pytest.mark.parametrize("name", ["pricing_group_keys", "grouped_by"])
def test_pricing_groups_are_echoed_under_both_names(name: str, caller: Caller) -> None:
    """Lago's new name and its old one say the same."""
    properties = {"amount": "1", name: ["region", "", "user"]}
    charge = a_charge(metric_id_of(caller), properties=properties)
    shown = caller.post("/plans", a_plan(charge))["plan"]["charges"][0]["properties"]

    keys = ["region", "user"]
    assert shown == {"amount": "1", "pricing_group_keys": keys, "grouped_by": keys}
    body = {"id": caller.get("/plans/team")["plan"]["charges"][0]["lago_id"], "properties": shown}
    again = caller.put("/plans/team", {"plan": {"charges": [body]}})["plan"]["charges"][0]
    assert again["properties"] == shown


def test_a_pricing_group_is_there_once(caller: Caller) -> None:
    """Blank keys are none, and a key given twice makes the same groups as one given once."""
    properties = {"amount": "1", "pricing_group_keys": ["user", "", "region", "user"]}
    charge = a_charge(metric_id_of(caller), properties=properties)
    shown = caller.post("/plans", a_plan(charge))["plan"]["charges"][0]["properties"]

    assert shown["pricing_group_keys"] == shown["grouped_by"] == ["user", "region"]


@pytest.mark.parametrize("keys", ["region", ["region", 5], [" "], [None], [["a"]], ["x" * 256]])
def test_faulty_pricing_groups_have_lagos_code(keys: object, caller: Caller) -> None:
    """A group key is the name of a property."""
    charge = a_charge(metric_id_of(caller), properties={"amount": "1", "pricing_group_keys": keys})

    assert faults_of_charge(caller, charge) == {"properties": ["invalid_type"]}


@pytest.mark.parametrize(("count", "faults"), [(20, {}), (21, {"properties": ["too_many_keys"]})])
def test_a_charge_has_at_most_20_pricing_groups(
    count: int, faults: dict[str, Any], caller: Caller
) -> None:
    """The limit holds exactly."""
    keys = [f"key_{number}" for number in range(count)]
    charge = a_charge(metric_id_of(caller), properties={"amount": "1", "grouped_by": keys})

    assert faults_of_charge(caller, charge) == faults


def test_presentation_groups_are_echoed(caller: Caller) -> None:
    """A key is on the invoice only when it says so (Lago)."""
    keys = [{"value": "day", "options": {"display_in_invoice": True}}, {"value": "user"}]
    properties = {"amount": "1", "presentation_group_keys": keys}
    charge = a_charge(metric_id_of(caller), properties=properties)
    shown = caller.post("/plans", a_plan(charge))["plan"]["charges"][0]["properties"]

    hidden = {"value": "user", "options": {"display_in_invoice": False}}
    assert shown == {"amount": "1", "presentation_group_keys": [keys[0], hidden]}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("day", ["invalid_type"]),
        (["day"], ["invalid_type"]),
        ([{"value": ""}], ["invalid_type"]),
        ([{"value": 5}], ["invalid_type"]),
        ([{"options": {"display_in_invoice": True}}], ["invalid_type"]),
        ([{"value": "a", "other": 1}], ["invalid_type"]),
        ([{"value": "a", "options": None}], ["invalid_type"]),
        ([{"value": "a", "options": {}}], ["invalid_type"]),
        ([{"value": "a", "options": {"display_in_invoice": "yes"}}], ["invalid_type"]),
        ([{"value": "a"}, {"value": "b"}, {"value": "c"}], ["too_many_keys"]),
        ([{"value": "a"}, {"value": "a"}], ["value_is_duplicated"]),
    ],
)
def test_faulty_presentation_groups_have_lagos_codes(
    keys: object, expected: list[str], caller: Caller
) -> None:
    """At most two, each once, each an object with a value and known options."""
    properties = {"amount": "1", "presentation_group_keys": keys}

    charge = a_charge(metric_id_of(caller), properties=properties)
    assert faults_of_charge(caller, charge) == {"properties": expected}
