"""The charges of one subscription: read as its plan's, changed as its own."""

from datetime import timedelta

import pytest

from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import Json, a_charge, a_plan, a_subscription, metric_id_of, subscribed

CHARGES = "/subscriptions/acme-team/charges"
MESSAGES = f"{CHARGES}/messages"


@pytest.fixture
def charge(caller: Caller) -> Json:
    """Give the charge of the plan that acme is subscribed to."""
    return dict(subscribed(caller)["plan"]["charges"][0])


def test_until_it_is_changed_it_is_the_plans(caller: Caller, charge: Json) -> None:
    """Reading makes no override."""
    assert caller.get(MESSAGES) == {"charge": charge}
    listed = caller.get(CHARGES)
    assert (listed["charges"], listed["meta"]["total_count"]) == ([charge], 1)
    assert caller.get("/subscriptions/acme-team")["subscription"]["plan"]["parent_id"] is None


def test_a_put_makes_the_override_and_then_changes_it(
    caller: Caller, charge: Json, clock: Clock
) -> None:
    """The charge names its parent; the plan keeps its own; members not given stay."""
    told = {"properties": {"amount": "2"}, "min_amount_cents": 500, "invoice_display_name": "Own"}
    own = caller.put(MESSAGES, {"charge": told})["charge"]
    clock.now += timedelta(days=1)
    again = caller.put(MESSAGES, {"charge": {"min_amount_cents": 600}})["charge"]

    assert own == {
        **charge, **told, "lago_id": own["lago_id"], "lago_parent_id": charge["lago_id"],
    }  # fmt: skip
    assert own["lago_id"] != charge["lago_id"]
    assert again == {**own, "min_amount_cents": 600}
    assert caller.get(MESSAGES) == {"charge": again}
    assert caller.get("/plans/team")["plan"]["charges"] == [charge]


@pytest.mark.usefixtures("charge")
def test_other_charges_of_the_override_are_copies(caller: Caller) -> None:
    """They say what the plan's say, and name their parents."""
    metric_id = metric_id_of(caller, code="calls")
    other = caller.post("/plans/team/charges", {"charge": a_charge(metric_id)})["charge"]
    caller.put(MESSAGES, {"charge": {"properties": {"amount": "2"}}})
    copy = caller.get(f"{CHARGES}/calls")["charge"]

    assert copy["lago_parent_id"] == other["lago_id"]
    assert copy["properties"] == other["properties"]


@pytest.mark.parametrize(
    ("told", "faults"),
    [
        ({"properties": {"amount": 2}}, {"properties": ["invalid_amount"]}),
        ({"charge_model": "volume"}, {"charge_model": ["value_is_invalid"]}),
        ({"code": "texts"}, {"code": ["value_is_invalid"]}),
        ({"billable_metric_id": "other"}, {"billable_metric_id": ["value_is_invalid"]}),
        ({"min_amount_cents": "x"}, {"min_amount_cents": ["value_is_invalid"]}),
        ({"applied_pricing_unit": {"code": "x"}}, {"applied_pricing_unit": ["not_supported_yet"]}),
        (
            {"filters": [{"values": {"x": ["y"]}, "properties": {"amount": "1"}}]},
            {"values": ["value_is_invalid"], "filters": {"0": {"values": ["value_is_invalid"]}}},
        ),
    ],
)
@pytest.mark.usefixtures("charge")
def test_a_faulty_change_makes_no_override(told: Json, faults: Json, caller: Caller) -> None:
    """What a charge is stays, what it costs must be a price."""
    assert caller.faults("PUT", MESSAGES, {"charge": told}) == faults
    assert caller.get("/subscriptions/acme-team")["subscription"]["plan"]["parent_id"] is None


@pytest.mark.usefixtures("charge")
def test_what_is_not_there_is_named(caller: Caller) -> None:
    """Subscription before charge; what has ended is read by its state and changed no more."""
    body = {"charge": {"min_amount_cents": 1}}
    assert caller.put(f"{CHARGES}/nobody", body, 404)["code"] == "charge_not_found"
    assert caller.get("/subscriptions/no/charges", 404)["code"] == "subscription_not_found"
    caller.delete("/subscriptions/acme-team")

    assert caller.get(CHARGES, 404)["code"] == "subscription_not_found"
    for name in ("status", "subscription_status"):
        assert len(caller.get(f"{CHARGES}?{name}=terminated")["charges"]) == 1
    assert caller.put(f"{MESSAGES}?status=terminated", body, 404)["code"] == (
        "subscription_not_found"
    )


@pytest.mark.usefixtures("charge")
def test_a_pending_subscription_is_named_by_its_state(caller: Caller, state: State) -> None:
    """Its override holds from its start, and leaves the running one alone."""
    del state
    caller.post("/plans", a_plan(code="solo", amount_cents=1))
    metric_id = metric_id_of(caller, code="calls")
    caller.post("/plans/solo/charges", {"charge": a_charge(metric_id)})
    caller.post("/subscriptions", a_subscription(plan_code="solo"))
    body = {"charge": {"properties": {"amount": "3"}}}
    caller.put(f"{CHARGES}/calls?status=pending", body)

    (own,) = caller.get(f"{CHARGES}?status=pending")["charges"]
    assert own["properties"] == {"amount": "3"}
    assert caller.get("/subscriptions/acme-team")["subscription"]["plan"]["parent_id"] is None
