"""The charges of a plan one by one: each change is a version, by the rules of whole plans."""

from datetime import timedelta

import pytest

from catalog.store.plans import plan_versions
from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import (
    Json,
    a_charge,
    a_plan,
    a_subscription,
    metric_id_of,
    priced,
    subscribed,
)

CHARGES = "/plans/team/charges"
MESSAGES = f"{CHARGES}/messages"
BLANK = "value_is_mandatory"


def added(caller: Caller, **changed: object) -> Json:
    """Add another charge on the metric of the plan's charge."""
    metric_id = caller.get(MESSAGES)["charge"]["lago_billable_metric_id"]
    charge: Json = caller.post(CHARGES, {"charge": a_charge(metric_id, **changed)})["charge"]
    return charge


def test_a_charge_is_the_one_its_plan_shows(caller: Caller) -> None:
    """Listed, shown, or inside the plan: one charge, one shape."""
    (charge,) = priced(caller)["charges"]

    assert caller.get(MESSAGES) == {"charge": charge}
    listed = caller.get(CHARGES)
    assert (listed["charges"], listed["meta"]["total_count"]) == ([charge], 1)


def test_an_added_charge_is_a_new_version_of_the_plan(
    caller: Caller, state: State, clock: Clock
) -> None:
    """The plan has it from then on, the version before does not."""
    plan = priced(caller)
    clock.now += timedelta(days=1)
    charge = added(caller, code="more", properties={"amount": "2"}, invoice_display_name="More")

    assert caller.get("/plans/team")["plan"]["charges"] == [*plan["charges"], charge]
    assert (charge["code"], charge["invoice_display_name"]) == ("more", "More")
    with state.read() as connection:
        versions = plan_versions(connection, "nexadesk")[plan["lago_id"]]
    assert [len(version.charges) for version in versions] == [1, 2]
    assert versions[1].valid_from == clock.now


def test_charges_are_listed_newest_first_by_pages(caller: Caller, clock: Clock) -> None:
    """Lago's order and meta; a page beyond the end is empty."""
    priced(caller)
    for code in ("second", "third"):
        clock.now += timedelta(days=1)
        added(caller, code=code)

    first = caller.get(f"{CHARGES}?per_page=2")
    assert [charge["code"] for charge in first["charges"]] == ["third", "second"]
    assert first["meta"] == {
        "current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 3,
    }  # fmt: skip
    assert [one["code"] for one in caller.get(f"{CHARGES}?per_page=2&page=2")["charges"]] == [
        "messages"
    ]
    assert caller.get(f"{CHARGES}?page=9")["charges"] == []


def test_a_plan_without_charges_has_lagos_empty_page(caller: Caller) -> None:
    """An empty list has current_page 0."""
    caller.post("/plans", a_plan())

    assert caller.get(CHARGES) == {
        "charges": [],
        "meta": {
            "current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0,
            "total_count": 0,
        },
    }  # fmt: skip


def test_a_put_changes_the_members_given(caller: Caller) -> None:
    """The rest of the charge, and the other charges, stay as they were."""
    (charge,) = priced(caller)["charges"]
    more = added(caller, code="more")
    changed = caller.put(MESSAGES, {"charge": {"properties": {"amount": "0.5"}, "code": "texts"}})

    assert changed["charge"] == {**charge, "properties": {"amount": "0.5"}, "code": "texts"}
    assert caller.get("/plans/team")["plan"]["charges"] == [changed["charge"], more]
    assert caller.get(MESSAGES, 404)["code"] == "charge_not_found"


def test_a_put_without_properties_keeps_the_price(caller: Caller) -> None:
    """Lago would make the price its model's default, zero."""
    (charge,) = priced(caller)["charges"]
    changed = caller.put(MESSAGES, {"charge": {"invoice_display_name": "Texts"}})

    assert changed == {"charge": {**charge, "invoice_display_name": "Texts"}}


def test_an_added_charge_without_a_code_takes_its_metrics(caller: Caller) -> None:
    """Made unique, as inside a whole plan."""
    priced(caller)

    assert [added(caller)["code"], added(caller)["code"]] == ["messages_2", "messages_3"]


def test_a_deleted_charge_is_gone_from_the_plan(caller: Caller) -> None:
    """The answer is the charge; a second DELETE finds none."""
    (charge,) = priced(caller)["charges"]

    assert caller.delete(MESSAGES) == {"charge": charge}
    assert caller.get("/plans/team")["plan"]["charges"] == []
    assert caller.delete(MESSAGES, 404)["code"] == "charge_not_found"


def test_the_same_content_makes_no_version(caller: Caller, state: State) -> None:
    """A repeated PUT is harmless."""
    plan = priced(caller)
    caller.put(MESSAGES, {"charge": {"properties": {"amount": "0.100"}}})

    with state.read() as connection:
        assert len(plan_versions(connection, "nexadesk")[plan["lago_id"]]) == 1


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"charge_model": None}, {"charge_model": ["value_is_mandatory"]}),
        ({"charge_model": "flat"}, {"charge_model": ["value_is_invalid"]}),
        ({"properties": {"amount": 1}}, {"properties": ["invalid_amount"]}),
        ({"code": "messages"}, {"code": ["value_already_exist"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
        ({"invoiceable": False}, {"invoiceable": ["must_be_true_unless_pay_in_advance"]}),
        ({"applied_pricing_unit": {"code": "x"}}, {"applied_pricing_unit": ["not_supported_yet"]}),
        (
            {"filters": [{"values": {}, "properties": {"amount": "1"}}]},
            {"values": [BLANK], "filters": {"0": {"values": [BLANK]}}},
        ),
    ],
)  # fmt: skip
def test_a_faulty_field_has_the_code_of_a_whole_plan(
    changed: Json, faults: Json, caller: Caller
) -> None:
    """Alone, a charge's faults stand under their fields; nothing is kept."""
    plan = priced(caller)
    metric_id = plan["charges"][0]["lago_billable_metric_id"]

    assert caller.faults("POST", CHARGES, {"charge": a_charge(metric_id, **changed)}) == faults
    assert caller.get("/plans/team")["plan"] == plan


@pytest.mark.parametrize("metric_id", [None, "nobody", 5])
def test_an_unknown_metric_is_404_in_the_singular(metric_id: object, caller: Caller) -> None:
    """Of a single charge Lago says which thing is missing: billable_metric_not_found."""
    priced(caller)
    body = {"charge": a_charge("x", billable_metric_id=metric_id)}

    assert caller.post(CHARGES, body, 404)["code"] == "billable_metric_not_found"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_is_not_there_is_named(method: str, caller: Caller) -> None:
    """An unknown plan is told before an unknown charge."""
    priced(caller)
    body = {"charge": {"code": "x"}} if method == "PUT" else None

    assert caller.ask(method, f"{CHARGES}/nobody", 404, body)["code"] == "charge_not_found"
    assert caller.ask(method, "/plans/no/charges/x", 404, body)["code"] == "plan_not_found"


def test_a_body_without_its_root_is_a_bad_request(caller: Caller) -> None:
    """Lago's words for a missing root key."""
    priced(caller)

    refusal = caller.post(CHARGES, {"plan": {}}, 400)
    assert refusal["error"].endswith("param is missing or the value is empty or invalid: charge")


def test_a_plan_takes_500_charges_and_no_more(caller: Caller) -> None:
    """The limit of a whole plan holds one by one, too."""
    metric_id = metric_id_of(caller)
    caller.post("/plans", a_plan(*[a_charge(metric_id)] * 500))

    body = {"charge": a_charge(metric_id)}
    assert caller.faults("POST", CHARGES, body) == {"charges": ["value_is_invalid"]}


def test_when_a_charge_is_paid_is_fixed_under_a_subscription(caller: Caller) -> None:
    """On the plan itself, or on an override of it."""
    subscribed(caller)
    paid = {"charge": {"pay_in_advance": True}}

    assert caller.faults("PUT", MESSAGES, paid) == {"pay_in_advance": ["used_by_a_subscription"]}
    body = a_subscription(plan_overrides={"amount_cents": 1})
    caller.put("/subscriptions/acme-team", body)
    assert caller.faults("PUT", MESSAGES, paid) == {"pay_in_advance": ["used_by_a_subscription"]}
    caller.delete("/subscriptions/acme-team")
    assert caller.put(MESSAGES, paid)["charge"]["pay_in_advance"] is True
