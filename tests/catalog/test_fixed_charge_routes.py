"""Fixed charges are recurring lines of the order in Odoo: here are none, none can be written."""

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import subscribed

EMPTY = {
    "fixed_charges": [],
    "meta": {
        "current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0,
        "total_count": 0,
    },
}  # fmt: skip
PLACES = ("/plans/team/fixed_charges", "/subscriptions/acme-team/fixed_charges")


@pytest.mark.parametrize("place", PLACES)
def test_there_are_none(place: str, caller: Caller) -> None:
    """Lago's empty page, and 404 for any one."""
    subscribed(caller)

    assert caller.get(place) == EMPTY
    assert caller.get(f"{place}/seat", 404)["code"] == "fixed_charge_not_found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/plans/team/fixed_charges"),
        ("PUT", "/plans/team/fixed_charges/seat"),
        ("DELETE", "/plans/team/fixed_charges/seat"),
        ("PUT", "/subscriptions/acme-team/fixed_charges/seat"),
    ],
)
def test_none_can_be_written(method: str, path: str, caller: Caller) -> None:
    """The refusal says where they are kept."""
    subscribed(caller)
    refusal = caller.ask(method, path, 405, {"fixed_charge": {"units": "1"}})

    assert refusal["code"] == "fixed_charges_are_kept_in_odoo"
    assert "Odoo" in refusal["error_details"]["fixed_charge"][0]


@pytest.mark.parametrize(
    ("place", "code"),
    [("/plans/no", "plan_not_found"), ("/subscriptions/no", "subscription_not_found")],
)
def test_what_is_not_there_is_named(place: str, code: str, caller: Caller) -> None:
    """An unknown plan or subscription is told first."""
    for path in (f"{place}/fixed_charges", f"{place}/fixed_charges/seat"):
        assert caller.get(path, 404)["code"] == code
    assert caller.put(f"{place}/fixed_charges/seat", {}, 404)["code"] == code
