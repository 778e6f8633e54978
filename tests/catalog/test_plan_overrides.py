"""Prices of one subscription alone: a plan of its own, made from the one it is on."""

from datetime import timedelta
from typing import Any

import pytest

from catalog.store.plans import plan_versions
from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import Json, a_charge, a_plan, a_subscription, priced, subscribed


def started(caller: Caller, **overrides: object) -> Json:
    """Start a subscription with overrides."""
    body = a_subscription(plan_overrides=overrides)
    return dict(caller.post("/subscriptions", body)["subscription"])


def changed(caller: Caller, **overrides: object) -> Json:
    """Give the running subscription overrides."""
    body = {"subscription": {"plan_overrides": overrides}}
    return dict(caller.put("/subscriptions/acme-team", body)["subscription"])


def faults(caller: Caller, **overrides: object) -> Json:
    body = a_subscription(plan_overrides=overrides)
    return dict(caller.faults("POST", "/subscriptions", body))


def test_an_override_is_a_child_of_its_plan(caller: Caller) -> None:
    """Everything that may differ does, everything else is the parent's, and ids are new."""
    plan = priced(caller)
    (charge,) = plan["charges"]
    given = {
        "name": "Acme's", "invoice_display_name": "Special", "description": "Signed in May",
        "amount_cents": 100, "amount_currency": "USD", "trial_period": 5,
        "minimum_commitment": {"amount_cents": 900, "invoice_display_name": "Least"},
        "tax_codes": ["hst"],
    }  # fmt: skip
    told = {
        "min_amount_cents": 50, "invoice_display_name": "Texts", "properties": {"amount": "0.02"},
    }  # fmt: skip
    own = started(caller, **given, charges=[{"id": charge["lago_id"], **told}])["plan"]

    (own_charge,) = own["charges"]
    same = {name: own[name] for name in plan.keys() - given.keys() - {"charges", "taxes"}}
    assert same == {
        **{name: plan[name] for name in same}, "lago_id": own["lago_id"], "parent_id":
        plan["lago_id"],
    }  # fmt: skip
    assert own["lago_id"] != plan["lago_id"]
    assert {name: own[name] for name in given if name in own and name != "minimum_commitment"} == {
        name: value for name, value in given.items() if name in own and name != "minimum_commitment"
    }
    assert own["minimum_commitment"]["amount_cents"] == 900
    assert own_charge == {
        **charge, **told, "lago_id": own_charge["lago_id"], "lago_parent_id": charge["lago_id"],
    }  # fmt: skip
    assert own_charge["lago_id"] != charge["lago_id"]


def test_an_override_is_in_no_list_of_plans(caller: Caller) -> None:
    """The plan under the code stays the parent, and its code is still one plan's."""
    plan = priced(caller)
    subscription = started(caller, amount_cents=1)

    assert caller.get("/plans")["plans"] == [plan]
    assert caller.get("/plans/team")["plan"] == plan
    assert (subscription["plan_code"], subscription["plan_amount_cents"]) == ("team", 1)
    assert caller.faults("POST", "/plans", a_plan()) == {"code": ["value_already_exist"]}


@pytest.mark.parametrize("nothing", [None, {}])
def test_overrides_of_nothing_make_no_plan(nothing: object, caller: Caller) -> None:
    """An empty member is what some clients send who ask for nothing."""
    plan = priced(caller)
    body = a_subscription(plan_overrides=nothing)

    assert caller.post("/subscriptions", body)["subscription"]["plan"] == plan
    assert caller.put("/subscriptions/acme-team", body)["subscription"]["plan"] == plan


def test_the_plans_changes_do_not_touch_it(caller: Caller, clock: Clock) -> None:
    """Neither fee, nor a charge's price, nor a new charge."""
    (charge,) = priced(caller)["charges"]
    own = started(caller, name="Acme's")["plan"]
    clock.now += timedelta(days=1)
    kept = {"id": charge["lago_id"], "properties": {"amount": "7"}}
    more = a_charge(charge["lago_billable_metric_id"])
    caller.put("/plans/team", a_plan(kept, more, amount_cents=1))

    assert caller.get("/subscriptions/acme-team")["subscription"]["plan"] == own


def test_a_put_overrides_what_runs_and_then_changes_it(
    caller: Caller, state: State, clock: Clock
) -> None:
    """The first makes the child, the next ones change it; charges not named stay."""
    (charge,) = subscribed(caller)["plan"]["charges"]
    clock.now += timedelta(days=1)
    first = changed(caller, charges=[{"id": charge["lago_id"], "properties": {"amount": "3"}}])
    clock.now += timedelta(days=1)
    second = changed(caller, amount_cents=77)

    assert first["lago_id"] == second["lago_id"]
    assert first["plan"]["lago_id"] == second["plan"]["lago_id"]
    assert second["plan"]["charges"] == first["plan"]["charges"]
    assert second["plan_amount_cents"] == 77
    with state.read() as connection:
        versions = plan_versions(connection, "nexadesk")[second["plan"]["lago_id"]]
    prices = [(one.version, one.parent_id is None, one.amount_cents) for one in versions]
    assert prices == [(1, True, 4900), (2, False, 4900), (3, False, 77)]


def test_a_charge_is_known_by_its_own_or_its_parents_id(caller: Caller) -> None:
    """So the same request may be sent twice."""
    (charge,) = subscribed(caller)["plan"]["charges"]
    by_parent = {"id": charge["lago_id"], "properties": {"amount": "3"}}
    (own,) = changed(caller, charges=[by_parent])["plan"]["charges"]
    (again,) = changed(caller, charges=[by_parent])["plan"]["charges"]
    by_itself = {"id": own["lago_id"], "invoice_display_name": "Texts"}
    (named,) = changed(caller, charges=[by_itself])["plan"]["charges"]

    assert again == own
    assert named == {**own, "invoice_display_name": "Texts"}


def test_charges_that_later_overrides_leave_out_stay(caller: Caller) -> None:
    """The second overrides name one charge: the other one stays, at its price of the first."""
    (charge,) = priced(caller)["charges"]
    calls = a_charge(charge["lago_billable_metric_id"], code="calls")
    other = caller.post("/plans/team/charges", {"charge": calls})["charge"]
    started(caller, charges=[{"id": charge["lago_id"], "properties": {"amount": "3"}}])
    told = {"id": other["lago_id"], "properties": {"amount": "4"}}
    charges = changed(caller, charges=[told])["plan"]["charges"]

    amounts = {one["code"]: one["properties"]["amount"] for one in charges}
    assert amounts == {"messages": "3", "calls": "4"}


def test_the_same_order_again_changes_nothing(caller: Caller) -> None:
    """With its overrides, with others, or with none: the plan's code is the same."""
    priced(caller)
    first = started(caller, amount_cents=100)

    assert started(caller, amount_cents=100) == first
    assert started(caller, amount_cents=9900) == first
    assert caller.post("/subscriptions", a_subscription())["subscription"] == first


@pytest.mark.parametrize(
    ("cents", "status"), [(4899, "pending"), (4900, "active"), (9900, "active")]
)
def test_a_change_of_plan_goes_by_the_overridden_price(
    cents: int, status: str, caller: Caller
) -> None:
    """A dear plan made cheap waits; a cheap one made dear takes over now."""
    priced(caller)
    caller.post("/subscriptions", a_subscription())
    caller.post("/plans", a_plan(code="crew", amount_cents=1))
    body = a_subscription(plan_code="crew", plan_overrides={"amount_cents": cents})
    caller.post("/subscriptions", body)

    (found,) = caller.get(f"/subscriptions?status[]={status}&plan_code=crew")["subscriptions"]
    assert found["plan_amount_cents"] == cents


def test_a_pending_order_takes_other_plan_and_prices_in_place(caller: Caller) -> None:
    """Nothing has begun, so nothing is ended."""
    priced(caller)
    caller.post("/plans", a_plan(code="crew"))
    first = caller.post("/subscriptions", a_subscription(subscription_at="2027-01-01"))
    body = a_subscription(plan_code="crew", plan_overrides={"amount_currency": "USD"}, name="New")
    second = caller.post("/subscriptions", body)["subscription"]

    assert second["lago_id"] == first["subscription"]["lago_id"]
    assert (second["status"], second["plan_code"], second["name"]) == ("pending", "crew", "New")
    assert second["plan_amount_currency"] == "USD"


def test_what_cuts_its_periods_is_fixed_while_it_runs(caller: Caller) -> None:
    """Currency and trial may differ from the start, or while it is pending; never afterwards."""
    subscribed(caller)
    fixed = {"amount_currency": "USD", "trial_period": 3}
    body = {"subscription": {"plan_overrides": fixed}}

    used = ["used_by_a_subscription"]
    assert caller.faults("PUT", "/subscriptions/acme-team", body) == dict.fromkeys(fixed, used)
    caller.post("/subscriptions", a_subscription(external_id="new", subscription_at="2027-01-01"))
    own = caller.put("/subscriptions/new", body)["subscription"]["plan"]
    assert {name: own[name] for name in fixed} == fixed


@pytest.mark.parametrize(
    ("overrides", "codes"),
    [
        ({"amount_cents": -1}, {"amount_cents": ["invalid_amount"]}),
        ({"amount_currency": "XXY"}, {"amount_currency": ["value_is_invalid"]}),
        ({"name": " "}, {"name": ["value_is_mandatory"]}),
        ({"usage_thresholds": [{"amount_cents": 1}]}, {"usage_thresholds": ["not_supported_yet"]}),
        ({"fixed_charges": [{"id": "x"}]}, {"fixed_charges": ["not_supported_yet"]}),
        ({"charges": "all"}, {"charges": ["value_is_invalid"]}),
        (
            {"charges": [{"id": "nobody", "properties": {"amount": "1"}}]},
            {"id": ["value_is_invalid"], "charges": {"0": {"id": ["value_is_invalid"]}}},
        ),
        (
            {"charges": [5]},
            {"id": ["value_is_invalid"], "charges": {"0": {"id": ["value_is_invalid"]}}},
        ),
    ],
)
def test_a_faulty_override_is_refused(overrides: Json, codes: Json, caller: Caller) -> None:
    """Each fault is named, and no subscription, customer or plan is made."""
    priced(caller)

    assert faults(caller, **overrides) == codes
    assert caller.get("/customers")["meta"]["total_count"] == 0


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("properties", {"amount": 3}, "invalid_amount"),
        ("charge_model", "package", "value_is_invalid"),
        ("billable_metric_id", "other", "value_is_invalid"),
        ("code", "other", "value_is_invalid"),
        ("min_amount_cents", -1, "value_is_out_of_range"),
        ("applied_pricing_unit", {"code": "x"}, "not_supported_yet"),
    ],
)
def test_a_faulty_charge_of_an_override_is_refused(
    member: str, value: object, code: str, caller: Caller
) -> None:
    """What a charge is stays; a price that would be left out is told."""
    (charge,) = priced(caller)["charges"]
    told = {"id": charge["lago_id"], member: value}

    assert faults(caller, charges=[told]) == {member: [code], "charges": {"0": {member: [code]}}}
    same = {
        "id": charge["lago_id"], "charge_model": "standard", "code": "messages",
        "billable_metric_id": charge["lago_billable_metric_id"],
    }  # fmt: skip
    started(caller, charges=[same])


def test_a_plans_commitment_holds_until_it_is_overridden(caller: Caller) -> None:
    """A subscription that gets one price of its own still owes what its plan asks at least."""
    metric = priced(caller)["charges"][0]["lago_billable_metric_id"]
    least = {"amount_cents": 500}
    caller.post("/plans", a_plan(a_charge(metric), code="crew", minimum_commitment=least))
    body = a_subscription(plan_code="crew", plan_overrides={"amount_cents": 1})
    kept = caller.post("/subscriptions", body)["subscription"]["plan"]
    gone = changed(caller, minimum_commitment={"amount_cents": 0})["plan"]

    assert kept["minimum_commitment"]["amount_cents"] == 500
    assert "minimum_commitment" not in gone


def test_a_deleted_plan_leaves_its_overrides_running(caller: Caller) -> None:
    """The order repeated answers what there is, and its prices can still change."""
    priced(caller)
    first = started(caller, amount_cents=100)
    caller.delete("/plans/team")

    assert caller.post("/subscriptions", a_subscription())["subscription"] == first
    assert changed(caller, amount_cents=200)["plan_amount_cents"] == 200


def test_another_service_sees_no_override(caller: Caller, other: Caller) -> None:
    """Both may have the same codes and ids."""
    priced(caller)
    started(caller, amount_cents=100)
    priced(other)
    theirs: dict[str, Any] = started(other, amount_cents=7)

    assert theirs["plan_amount_cents"] == 7
    assert caller.get("/subscriptions/acme-team")["subscription"]["plan_amount_cents"] == 100
