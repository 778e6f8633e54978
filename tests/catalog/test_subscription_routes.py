"""Subscriptions over HTTP: start, repeat, refuse, change, end, list."""

from datetime import UTC, datetime, timedelta

import pytest

from catalog.store.subscriptions import (
    end_due_subscriptions,
    find_subscription,
    start_due_subscriptions,
    subscriptions_of,
)
from catalog.subscriptions import SubscriptionStatus
from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import a_plan, a_subscription, priced, subscribed


def test_a_subscription_comes_back_as_lago_shows_it(caller: Caller) -> None:
    """Creation answers Lago's object with its plan, and reading it says the same."""
    started = subscribed(caller, name="Acme's team")
    shape = dict(started)
    plan = shape.pop("plan")
    customer = caller.get("/customers/acme")["customer"]

    assert len(shape.pop("lago_id")) == 36
    assert plan == caller.get("/plans/team")["plan"]
    assert {name: value for name, value in shape.items() if value is not None} == {
        "external_id": "acme-team",
        "lago_customer_id": customer["lago_id"],
        "external_customer_id": "acme",
        "billing_entity_code": "nexadesk",
        "name": "Acme's team",
        "plan_code": "team",
        "plan_amount_cents": 4900,
        "plan_amount_currency": "CAD",
        "status": "active",
        "billing_time": "calendar",
        "subscription_at": "2026-08-10T12:00:00Z",
        "started_at": "2026-08-10T12:00:00.000Z",
        "activated_at": "2026-08-10T12:00:00Z",
        "created_at": "2026-08-10T12:00:00Z",
        "current_billing_period_started_at": "2026-08-10T12:00:00Z",
        "current_billing_period_ending_at": "2026-09-01T03:59:59Z",
        "on_termination_invoice": "generate",
        "progressive_billing_disabled": False,
        "consolidate_invoice": True,
        "payment_method": {"payment_method_id": None, "payment_method_type": "provider"},
        "activation_rules": [],
        "applied_invoice_custom_sections": [],
        "applicable_usage_thresholds": [],
        "entitlements": [],
    }
    assert shape.keys() >= {
        "ending_at", "terminated_at", "canceled_at", "trial_ended_at", "previous_plan_code",
        "next_plan_code", "downgrade_plan_date", "on_termination_credit_note",
        "purchase_order_number", "cancellation_reason",
    }  # fmt: skip
    assert caller.get("/subscriptions/acme-team") == {"subscription": started}


def test_the_same_order_again_changes_nothing(caller: Caller, clock: Clock) -> None:
    """POST is idempotent on external id and plan; its other members are ignored."""
    started = subscribed(caller)
    clock.now += timedelta(days=1)
    again = caller.post("/subscriptions", a_subscription(name="x", subscription_at="2020-01-01"))

    assert again == {"subscription": started}
    assert caller.get("/subscriptions")["meta"]["total_count"] == 1


@pytest.mark.parametrize(
    ("subscription_at", "status", "started_at"),
    [
        (None, "active", "2026-08-10T12:00:00.000Z"),
        ("2026-05-01", "active", "2026-05-01T00:00:00.000Z"),
        ("2026-05-01T00:00:00-04:00", "active", "2026-05-01T04:00:00.000Z"),
        ("2026-08-10T23:00:00Z", "active", "2026-08-10T23:00:00.000Z"),
        ("2026-08-11T03:59:59Z", "active", "2026-08-11T03:59:59.000Z"),
        ("2026-08-11T04:00:00Z", "pending", None),
    ],
)
def test_a_start_on_the_local_day_or_before_is_active(
    subscription_at: str | None, status: str, started_at: str | None, caller: Caller
) -> None:
    """Whether a start has come is a matter of the customer's own day, as in Lago."""
    started = subscribed(caller, subscription_at=subscription_at)

    assert (started["status"], started["started_at"]) == (status, started_at)


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"external_customer_id": ""}, {"external_customer_id": ["value_is_mandatory"]}),
        ({"external_id": None}, {"external_id": ["value_is_mandatory"]}),
        ({"plan_code": None}, {"plan_code": ["value_is_mandatory"]}),
        ({"external_id": "a/b"}, {"external_id": ["value_is_invalid"]}),
        ({"external_customer_id": "a#b"}, {"external_customer_id": ["value_is_invalid"]}),
        ({"billing_time": "monthly"}, {"billing_time": ["value_is_invalid"]}),
        ({"subscription_at": "soon"}, {"subscription_at": ["invalid_date"]}),
        ({"subscription_at": 5}, {"subscription_at": ["invalid_date"]}),
        ({"subscription_at": "0001-01-01T00:00:00+14:00"}, {"subscription_at": ["invalid_date"]}),
        ({"subscription_at": "9999-12-31"}, {"subscription_at": ["invalid_date"]}),
        ({"ending_at": "2026-08-10T12:00:00Z"}, {"ending_at": ["invalid_date"]}),
        (
            {"subscription_at": "2027-01-01", "ending_at": "2026-12-01"},
            {"ending_at": ["invalid_date"]},
        ),
        ({"plan_overrides": [1]}, {"plan_overrides": ["value_is_invalid"]}),
        ({"usage_thresholds": [{"a": 1}]}, {"usage_thresholds": ["not_supported_yet"]}),
        ({"activation_rules": [{"type": "payment"}]}, {"activation_rules": ["not_supported_yet"]}),
        ({"on_termination_invoice": "skip"}, {"on_termination_invoice": ["not_supported_yet"]}),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """Each fault is refused at its field and nothing is kept, not even the customer."""
    priced(caller)

    assert caller.faults("POST", "/subscriptions", a_subscription(**changed)) == faults
    assert caller.get("/customers")["meta"]["total_count"] == 0


def test_an_unknown_plan_is_404_and_creates_nobody(caller: Caller) -> None:
    """A refused order leaves no customer behind."""
    refusal = caller.post("/subscriptions", a_subscription(), 404)

    assert refusal["code"] == "plan_not_found"
    caller.get("/customers/acme", 404)


def test_an_id_live_on_another_customer_is_refused(caller: Caller) -> None:
    """An external id belongs to one customer while it is live."""
    subscribed(caller)
    body = a_subscription(external_customer_id="somebody")

    assert caller.faults("POST", "/subscriptions", body) == {"external_id": ["value_already_exist"]}


def test_another_plan_under_a_pending_id_replaces_it(caller: Caller) -> None:
    """Nothing was billed yet, so the plan is replaced in place."""
    pending = subscribed(caller, subscription_at="2026-12-01")
    caller.post("/plans", a_plan(code="crew"))
    changed = caller.post("/subscriptions", a_subscription(plan_code="crew"))["subscription"]

    assert (changed["lago_id"], changed["plan_code"]) == (pending["lago_id"], "crew")
    assert (changed["status"], changed["plan"]["code"]) == ("pending", "crew")


def test_termination_ends_it_now(caller: Caller, clock: Clock) -> None:
    """DELETE returns the terminated object; a second one finds nothing active."""
    subscribed(caller)
    clock.now += timedelta(days=3)
    ended = caller.delete("/subscriptions/acme-team")["subscription"]

    assert (ended["status"], ended["terminated_at"]) == ("terminated", "2026-08-13T12:00:00Z")
    assert ended["current_billing_period_started_at"] is None
    assert caller.delete("/subscriptions/acme-team", 404)["code"] == "subscription_not_found"


def test_a_pending_one_is_canceled_when_asked_for(caller: Caller) -> None:
    """DELETE acts on the active one, unless status=pending is said."""
    subscribed(caller, subscription_at="2026-12-01")
    caller.delete("/subscriptions/acme-team", 404)
    caller.delete("/subscriptions/acme-team?status=terminated", 404)
    canceled = caller.delete("/subscriptions/acme-team?status=pending")["subscription"]

    assert (canceled["status"], canceled["canceled_at"]) == ("canceled", "2026-08-10T12:00:00Z")


@pytest.mark.parametrize(
    ("query", "status"),
    [("on_termination_invoice=skip", 422), ("on_termination_credit_note=refund", 422),
     ("on_termination_invoice=generate&on_termination_credit_note=credit", 200)],
)  # fmt: skip
def test_a_termination_we_cannot_bill_is_refused(query: str, status: int, caller: Caller) -> None:
    """Only Lago's defaults of a termination are done."""
    subscribed(caller)

    caller.delete(f"/subscriptions/acme-team?{query}", status)


def test_an_id_begun_again_counts_from_where_the_last_one_ended(
    caller: Caller, clock: Clock
) -> None:
    """Backdated over a finished one, usage of the overlap would be billed twice."""
    subscribed(caller)
    clock.now += timedelta(days=2)
    caller.delete("/subscriptions/acme-team")
    clock.now += timedelta(days=2)
    again = caller.post("/subscriptions", a_subscription(subscription_at="2026-08-01"))
    started = again["subscription"]

    assert started["started_at"] == "2026-08-12T12:00:00.000Z"
    assert started["subscription_at"] == "2026-08-01T00:00:00Z"


def test_a_put_changes_name_and_end(caller: Caller) -> None:
    """Only members given are changed; null clears."""
    started = subscribed(caller, name="first")
    body = {"subscription": {"name": None, "ending_at": "2026-12-31T00:00:00Z"}}
    changed = caller.put("/subscriptions/acme-team", body)["subscription"]

    assert changed == {**started, "name": None, "ending_at": "2026-12-31T00:00:00Z"}
    opened = caller.put("/subscriptions/acme-team", {"subscription": {"ending_at": None}})
    assert opened["subscription"]["ending_at"] is None


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"subscription_at": "2026-08-01"}, {"subscription_at": ["subscription_already_started"]}),
        ({"ending_at": "2026-08-01"}, {"ending_at": ["invalid_date"]}),
        ({"plan_overrides": {"trial_period": 9}}, {"trial_period": ["used_by_a_subscription"]}),
        ({"usage_thresholds": [{"amount_cents": 1}]}, {"usage_thresholds": ["not_supported_yet"]}),
    ],
)
def test_a_put_of_what_is_settled_is_refused(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """A start that has been counted from can't move."""
    started = subscribed(caller)

    body = {"subscription": changed}
    assert caller.faults("PUT", "/subscriptions/acme-team", body) == faults
    assert caller.get("/subscriptions/acme-team") == {"subscription": started}


def test_a_pending_start_can_move_and_may_come_at_once(caller: Caller) -> None:
    """While pending, subscription_at is free; moved to today it is active."""
    subscribed(caller, subscription_at="2026-12-01")
    later = {"subscription": {"subscription_at": "2027-01-01"}}
    today = {"subscription": {"subscription_at": "2026-08-10"}}

    assert caller.put("/subscriptions/acme-team", later)["subscription"]["status"] == "pending"
    assert caller.put("/subscriptions/acme-team", today)["subscription"]["status"] == "active"


def test_a_list_shows_active_ones_unless_states_are_named(caller: Caller) -> None:
    """Status and status[] name states; without them only active ones are listed."""
    subscribed(caller)
    caller.post("/subscriptions", a_subscription(external_id="b", subscription_at="2026-12-01"))
    caller.post("/subscriptions", a_subscription(external_id="c", external_customer_id="beta"))
    caller.delete("/subscriptions/c")

    def listed(query: str) -> set[str]:
        found = caller.get(f"/subscriptions{query}")["subscriptions"]
        return {str(one["external_id"]) for one in found}

    assert listed("") == {"acme-team"}
    assert listed("?status=pending") == {"b"}
    assert listed("?status[]=active&status[]=pending") == {"acme-team", "b"}
    assert listed("?status%5B%5D=terminated&external_customer_id=beta") == {"c"}
    assert listed("?status[]=terminated&external_customer_id=acme") == set()
    assert listed("?plan_code=team") == {"acme-team"}
    assert listed("?plan_code=nothing") == set()
    assert listed("?status=incomplete") == set()


def test_an_unknown_state_is_refused(caller: Caller) -> None:
    """A state nobody has is a fault of the caller, not an empty list."""
    refusal = caller.get("/subscriptions?status=sleeping", 422)

    assert refusal["error_details"] == {"status": ["value_is_invalid"]}


def test_reading_one_takes_a_state(caller: Caller, clock: Clock) -> None:
    """Of several under one id, the newest in the state asked for is shown."""
    for _ in range(2):
        clock.now += timedelta(days=1)
        if not caller.get("/plans")["plans"]:
            priced(caller)
        caller.post("/subscriptions", a_subscription())
        caller.delete("/subscriptions/acme-team")

    caller.get("/subscriptions/acme-team", 404)
    shown = caller.get("/subscriptions/acme-team?status=terminated")["subscription"]
    assert shown["created_at"] == "2026-08-12T12:00:00Z"


def test_a_due_start_is_activated_at_its_own_instant(caller: Caller, state: State) -> None:
    """However late the clockwork comes, usage counts from the start that was asked for."""
    subscribed(caller, subscription_at="2026-12-01T05:00:00Z")
    due = datetime(2026, 12, 1, 5, tzinfo=UTC)
    with state.write() as connection:
        assert start_due_subscriptions(connection, due - timedelta(microseconds=1)) == []
        started = start_due_subscriptions(connection, due + timedelta(days=1))

        assert [one.started_at for one in started] == [due]
        assert subscriptions_of(connection, "nexadesk") == started


def test_a_due_end_terminates_at_its_own_instant(caller: Caller, state: State) -> None:
    """However late the clockwork comes, usage counts until the end that was asked for."""
    subscribed(caller, ending_at="2026-09-15T04:00:00Z")
    due = datetime(2026, 9, 15, 4, tzinfo=UTC)
    with state.write() as connection:
        assert end_due_subscriptions(connection, due - timedelta(microseconds=1)) == []
        ended = end_due_subscriptions(connection, due + timedelta(days=1))

        assert [(one.status, one.terminated_at) for one in ended] == [
            (SubscriptionStatus.TERMINATED, due)
        ]
        assert find_subscription(connection, "nexadesk", "acme-team") is None


def test_anniversary_periods_begin_on_the_subscriptions_day(caller: Caller) -> None:
    """The running period shown is the subscription's own, ends included as Lago shows them."""
    started = subscribed(caller, billing_time="anniversary", subscription_at="2026-06-15T16:00:00Z")

    assert started["current_billing_period_started_at"] == "2026-07-15T04:00:00Z"
    assert started["current_billing_period_ending_at"] == "2026-08-15T03:59:59Z"
