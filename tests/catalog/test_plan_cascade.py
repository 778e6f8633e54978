"""`cascade_updates`: a change of a plan reaches what its overrides left as it was, if asked."""

from typing import Any

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import Json, a_charge, a_plan, a_subscription, metric_id_of

FILTERS = [{"key": "cloud", "values": ["aws", "gcp"]}]
AWS = {"values": {"cloud": ["aws"]}, "properties": {"amount": "0.08"}}
GCP = {"values": {"cloud": ["gcp"]}, "properties": {"amount": "0.07"}}
MESSAGES = "/plans/team/charges/messages"


@pytest.fixture
def charge(caller: Caller) -> Json:
    """Give the charge of a plan: "plain" only renamed it, "priced" set every price itself."""
    metric_id = metric_id_of(caller, filters=FILTERS)
    (made,) = caller.post("/plans", a_plan(a_charge(metric_id, filters=[AWS])))["plan"]["charges"]
    begin(caller, "plain", name="Plain")
    own = {"values": AWS["values"], "properties": {"amount": "5"}}
    told = {"id": made["lago_id"], "properties": {"amount": "9"}, "filters": [own]}
    begin(caller, "priced", amount_cents=1, charges=[told])
    return dict(made)


def begin(caller: Caller, external_id: str, **overrides: object) -> None:
    caller.post("/subscriptions", a_subscription(external_id=external_id, plan_overrides=overrides))


def plan_of(caller: Caller, name: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(f"/subscriptions/{name}")["subscription"]["plan"]
    return found


def amounts(caller: Caller, name: str) -> list[str]:
    """Return the prices of a subscription's first charge: its own, then its filters'."""
    (first, *_) = plan_of(caller, name)["charges"]
    buckets = [first, *first["filters"]]
    return [bucket["properties"]["amount"] for bucket in buckets]


@pytest.mark.parametrize("asked", [True, "true", 1])
def test_a_changed_price_reaches_who_left_it_alone(
    asked: object, caller: Caller, charge: Json
) -> None:
    """Who set the price keeps it; the names of a charge are never passed on."""
    told = {"properties": {"amount": "2"}, "invoice_display_name": "X", "cascade_updates": asked}
    caller.put(MESSAGES, {"charge": told})

    assert amounts(caller, "plain") == ["2", "0.08"]
    assert amounts(caller, "priced") == ["9", "5"]
    assert plan_of(caller, "plain")["charges"][0]["invoice_display_name"] is None
    assert charge["properties"] == {"amount": "0.10"}


@pytest.mark.parametrize("asked", [False, "false", 0, None, "0"])
@pytest.mark.usefixtures("charge")
def test_without_the_wish_nothing_is_reached(asked: object, caller: Caller) -> None:
    """A plan's change is its own."""
    told = {"properties": {"amount": "2"}, "cascade_updates": asked}
    caller.put(MESSAGES, {"charge": told})

    assert amounts(caller, "plain") == ["0.10", "0.08"]


@pytest.mark.usefixtures("charge")
def test_groups_reach_everybody(caller: Caller) -> None:
    """How usage is split is no price: it follows the plan even where the price is one's own."""
    groups = {"amount": "2", "pricing_group_keys": ["team"]}
    caller.put(MESSAGES, {"charge": {"properties": groups, "cascade_updates": True}})
    own = plan_of(caller, "priced")["charges"][0]["properties"]

    assert (own["amount"], own["pricing_group_keys"]) == ("9", ["team"])


def test_a_charge_added_or_taken_is_so_everywhere(caller: Caller, charge: Json) -> None:
    """The child's charge names the one it came from; a wish of a DELETE may be in its query."""
    added = a_charge(charge["lago_billable_metric_id"], code="more", cascade_updates=True)
    made = caller.post("/plans/team/charges", {"charge": added})["charge"]
    last = plan_of(caller, "priced")["charges"][-1]
    assert (last["code"], last["lago_parent_id"]) == ("more", made["lago_id"])
    assert last["lago_id"] != made["lago_id"]

    caller.delete("/plans/team/charges/more?charge[cascade_updates]=true")
    caller.ask("DELETE", MESSAGES, 200, {"charge": {"cascade_updates": True}})
    assert plan_of(caller, "priced")["charges"] == plan_of(caller, "plain")["charges"] == []


@pytest.mark.usefixtures("charge")
def test_a_charge_taken_from_the_plan_alone_stays(caller: Caller) -> None:
    """Without the wish an override keeps the charge."""
    caller.delete(MESSAGES)

    assert [one["code"] for one in plan_of(caller, "plain")["charges"]] == ["messages"]


@pytest.mark.usefixtures("charge")
def test_filters_follow_one_by_one(caller: Caller) -> None:
    """Added where it is missing, changed where it was left alone, taken from everybody."""
    caller.post(f"{MESSAGES}/filters", {"filter": {**GCP, "cascade_updates": True}})
    assert amounts(caller, "plain") == ["0.10", "0.08", "0.07"]
    assert amounts(caller, "priced") == ["9", "5", "0.07"]

    aws, _ = caller.get(f"{MESSAGES}/filters")["filters"]
    path = f"{MESSAGES}/filters/{aws['lago_id']}"
    caller.put(path, {"filter": {"properties": {"amount": "4"}, "cascade_updates": True}})
    assert amounts(caller, "plain") == ["0.10", "4", "0.07"]
    assert amounts(caller, "priced") == ["9", "5", "0.07"]

    caller.delete(f"{path}?filter[cascade_updates]=true")
    assert amounts(caller, "plain") == ["0.10", "0.07"]
    assert amounts(caller, "priced") == ["9", "0.07"]


def test_a_whole_plan_cascades_fee_and_charges(caller: Caller, charge: Json) -> None:
    """The fee reaches who pays the old one; charges as when they are changed alone."""
    changed = {"id": charge["lago_id"], "properties": {"amount": "2"}}
    more = a_charge(charge["lago_billable_metric_id"], code="more")
    body = a_plan(changed, more, amount_cents=7, cascade_updates=True)
    caller.put("/plans/team", body)

    assert plan_of(caller, "plain")["amount_cents"] == 7
    assert plan_of(caller, "priced")["amount_cents"] == 1
    assert amounts(caller, "plain") == ["2", "0.08"]
    assert [one["code"] for one in plan_of(caller, "priced")["charges"]] == ["messages", "more"]


def test_another_model_is_not_passed_on(caller: Caller, charge: Json) -> None:
    """An override keeps a charge whose parent became another kind."""
    ladder = [{"from_value": 0, "to_value": None, "per_unit_amount": "1", "flat_amount": "0"}]
    told = {
        "charge_model": "volume", "properties": {"volume_ranges": ladder}, "filters": [],
        "cascade_updates": True,
    }  # fmt: skip
    assert caller.put(MESSAGES, {"charge": told})["charge"]["charge_model"] == "volume"

    (own,) = plan_of(caller, "plain")["charges"]
    assert own["charge_model"] == charge["charge_model"]


@pytest.mark.usefixtures("charge")
def test_an_override_nobody_is_on_any_more_is_left(caller: Caller) -> None:
    """What has ended is history."""
    caller.delete("/subscriptions/plain")
    caller.put("/plans/team", {"plan": {"amount_cents": 7, "cascade_updates": True}})

    (ended,) = caller.get("/subscriptions?status[]=terminated")["subscriptions"]
    assert ended["plan_amount_cents"] == 4900
