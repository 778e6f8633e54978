"""A change of plan: a dearer one takes over now, a cheaper one when the period ends."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.store.subscriptions import start_due_subscriptions
from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import Json, a_plan, a_subscription, priced

MONTH_END = datetime(2026, 9, 1, 4, tzinfo=UTC)


@pytest.fixture
def running(caller: Caller) -> Json:
    """Give a running subscription to "team" (49.00 a month), beside a dearer and a cheaper plan."""
    priced(caller)
    caller.post("/plans", a_plan(code="crew", amount_cents=9900))
    caller.post("/plans", a_plan(code="solo", amount_cents=900))
    return dict(caller.post("/subscriptions", a_subscription())["subscription"])


def changed(caller: Caller, plan_code: str) -> Json:
    answer = caller.post("/subscriptions", a_subscription(plan_code=plan_code))
    return dict(answer["subscription"])


def shown(caller: Caller, status: str) -> list[str]:
    found = caller.get(f"/subscriptions?status[]={status}")["subscriptions"]
    return [one["plan_code"] for one in found]


def test_a_dearer_plan_takes_over_now(caller: Caller, clock: Clock, running: Json) -> None:
    """The old subscription ends at the instant at which the new one starts, days kept."""
    clock.now += timedelta(days=3, hours=5)
    taken = changed(caller, "crew")

    assert (taken["plan_code"], taken["previous_plan_code"]) == ("crew", "team")
    assert taken["lago_id"] != running["lago_id"]
    assert taken["subscription_at"] == running["subscription_at"]
    ended = caller.get("/subscriptions?status[]=terminated")["subscriptions"][0]
    assert ended["lago_id"] == running["lago_id"]
    assert ended["terminated_at"] == taken["started_at"][:19] + "Z" == "2026-08-13T17:00:00Z"


def test_a_plan_of_the_same_yearly_price_is_an_upgrade(caller: Caller, running: Json) -> None:
    """A year of the yearly plan that costs twelve months of the monthly one takes over now."""
    caller.post("/plans", a_plan(code="year", interval="yearly", amount_cents=12 * 4900))

    assert changed(caller, "year")["plan_code"] == "year"
    assert shown(caller, "terminated") == [running["plan_code"]]


def test_a_cheaper_plan_waits_for_the_end_of_the_period(
    caller: Caller, clock: Clock, state: State, running: Json
) -> None:
    """The answer is the running subscription with what follows; then that one takes over."""
    answer = changed(caller, "solo")

    assert answer["lago_id"] == running["lago_id"]
    assert (answer["next_plan_code"], answer["downgrade_plan_date"]) == ("solo", "2026-09-01")
    assert shown(caller, "active") == ["team"]
    with state.write() as connection:
        assert start_due_subscriptions(connection, MONTH_END - timedelta(microseconds=1)) == []
        (taken,) = start_due_subscriptions(connection, MONTH_END + timedelta(hours=1))
    clock.now = MONTH_END + timedelta(hours=1)
    assert (taken.plan_code, taken.started_at) == ("solo", MONTH_END)
    assert (shown(caller, "active"), shown(caller, "terminated")) == (["solo"], ["team"])


def test_another_choice_replaces_a_planned_one(caller: Caller, running: Json) -> None:
    """Only the newest choice takes over: an upgrade at once, and the planned one never."""
    changed(caller, "solo")
    changed(caller, "crew")

    assert shown(caller, "active") == ["crew"]
    assert shown(caller, "canceled") == ["solo"]
    assert shown(caller, "pending") == []
    assert running["plan_code"] == "team"


def test_the_same_plan_again_leaves_what_is_planned(caller: Caller, running: Json) -> None:
    """A repeated first order answers the running subscription and changes nothing."""
    changed(caller, "solo")
    again = changed(caller, "team")

    assert (again["lago_id"], again["next_plan_code"]) == (running["lago_id"], "solo")


def test_what_is_planned_ends_with_its_subscription(caller: Caller, running: Json) -> None:
    """A termination cancels the successor too; cancelling the successor keeps the running one."""
    changed(caller, "solo")
    caller.delete("/subscriptions/acme-team?status=pending")
    assert (shown(caller, "active"), shown(caller, "canceled")) == (
        [running["plan_code"]],
        ["solo"],
    )
    changed(caller, "solo")
    caller.delete("/subscriptions/acme-team")

    assert (shown(caller, "active"), shown(caller, "pending")) == ([], [])


def test_the_same_choice_again_leaves_what_is_planned(caller: Caller, running: Json) -> None:
    """A repeated downgrade is the one that is planned already."""
    first = changed(caller, "solo")
    (planned,) = caller.get("/subscriptions?status[]=pending")["subscriptions"]

    assert changed(caller, "solo") == first
    assert caller.get("/subscriptions?status[]=pending")["subscriptions"] == [planned]
    assert shown(caller, "canceled") == []
    assert first["lago_id"] == running["lago_id"]


@pytest.mark.parametrize("plan_code", ["crew", "solo"])
@pytest.mark.usefixtures("running")
def test_an_order_may_name_its_successors_end(plan_code: str, caller: Caller) -> None:
    """Without one the successor ends when its predecessor would have."""
    caller.put("/subscriptions/acme-team", {"subscription": {"ending_at": "2027-01-01"}})
    changed(caller, plan_code)
    status = "active" if plan_code == "crew" else "pending"
    query = f"/subscriptions?status[]={status}&plan_code={plan_code}"
    assert caller.get(query)["subscriptions"][0]["ending_at"] == "2027-01-01T00:00:00Z"
    caller.delete(f"/subscriptions/acme-team?status={status}")

    order = a_subscription(plan_code="crew", ending_at="2028-01-01", external_id="other")
    caller.post("/subscriptions", a_subscription(external_id="other"))
    assert caller.post("/subscriptions", order)["subscription"]["ending_at"] == (
        "2028-01-01T00:00:00Z"
    )


@pytest.mark.parametrize(("plan_code", "status"), [("crew", "active"), ("solo", "pending")])
@pytest.mark.usefixtures("running")
def test_a_successor_keeps_the_name_unless_one_is_sent(
    plan_code: str, status: str, caller: Caller
) -> None:
    """A name given once is not lost by a change of plan; the order may give another one."""
    caller.post("/subscriptions", a_subscription(external_id="other"))
    for external_id, order in (("acme-team", {}), ("other", {"name": "New"})):
        path = f"/subscriptions/{external_id}"
        caller.put(path, {"subscription": {"name": "Ours"}})
        body = a_subscription(external_id=external_id, plan_code=plan_code, **order)
        caller.post("/subscriptions", body)

    names = {
        one["external_id"]: one["name"]
        for one in caller.get(f"/subscriptions?status[]={status}")["subscriptions"]
        if one["plan_code"] == plan_code
    }
    assert names == {"acme-team": "Ours", "other": "New"}


@pytest.mark.usefixtures("running")
def test_a_put_names_the_planned_one_by_its_state(caller: Caller) -> None:
    """Without a state it means the running one."""
    changed(caller, "solo")
    caller.put("/subscriptions/acme-team?status=pending", {"subscription": {"name": "Next"}})
    caller.put("/subscriptions/acme-team", {"subscription": {"name": "Now"}})

    names = {
        one["plan_code"]: one["name"]
        for one in caller.get("/subscriptions?status[]=active&status[]=pending")["subscriptions"]
    }
    assert names == {"solo": "Next", "team": "Now"}
