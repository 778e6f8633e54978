"""Positional arguments under the names of JSON-2."""

import pytest

from odoo_bridge.faults import OurBug
from odoo_bridge.json2_arguments import asks_for_one, named_arguments
from odoo_bridge.odoo_value import OdooValue


@pytest.mark.parametrize(
    ("method", "args", "named"),
    [
        ("read", ([1], ["name"]), {"ids": [1], "fields": ["name"]}),
        ("read", (1, ["name"]), {"ids": [1], "fields": ["name"]}),
        ("search", ([],), {"domain": []}),
        ("write", ([1], {"a": 1}), {"ids": [1], "vals": {"a": 1}}),
        ("create", ({"a": 1},), {"vals_list": [{"a": 1}]}),
        ("create", ([{"a": 1}],), {"vals_list": [{"a": 1}]}),
        ("load", (["id"], [["x"]]), {"fields": ["id"], "data": [["x"]]}),
        ("action_post", ([7],), {"ids": [7]}),
        ("context_get", (), {}),
    ],
)
def test_arguments_get_their_names(
    method: str, args: tuple[OdooValue, ...], named: dict[str, OdooValue]
) -> None:
    """Every position has the name that Odoo 19 gives to it; records come as ids."""
    assert named_arguments(method, args, {}) == named


def test_named_arguments_stay() -> None:
    """What was named already keeps its name, the context too."""
    named = named_arguments("search", ([],), {"limit": 1, "context": {"lang": "fr_CA"}})

    assert named == {"domain": [], "limit": 1, "context": {"lang": "fr_CA"}}


def test_an_argument_without_a_name_is_our_bug() -> None:
    """A position that nobody named is refused before anything is sent."""
    fault = named_arguments("reverse_moves", ([1], "2026-01-01"), {})

    assert isinstance(fault, OurBug)
    assert "pass them by name" in str(fault)


def test_one_record_is_asked_for_by_its_values() -> None:
    """Only a create of bare values gives one id instead of a list."""
    assert asks_for_one("create", ({"a": 1},))
    assert not asks_for_one("create", ([{"a": 1}],))
    assert not asks_for_one("write", ([1], {"a": 1}))
