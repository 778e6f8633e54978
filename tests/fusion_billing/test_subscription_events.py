"""A subscription's life is told: begun, changed, followed by another plan, ended."""

from datetime import timedelta

from tests.fusion_billing.alert_world import ask
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.usage_world import a_charge, a_metric, bill, open_plan

SUBSCRIPTION = "/subscriptions/acme-team"


def kinds(roof: Roof) -> list[tuple[str, str]]:
    """Return what was told of subscriptions, and on which plan they were then."""
    every = roof.get("/lifecycle_events")["lifecycle_events"]
    return [
        (each["webhook_type"], each["subscription"]["plan_code"])
        for each in every
        if each["object_type"] == "subscription"
    ]


def order(roof: Roof, plan: str, **changed: object) -> None:
    asked = {"external_customer_id": "acme", "plan_code": plan, "external_id": "acme-team"}
    roof.post("/subscriptions", {"subscription": asked | changed})


def test_each_change_of_a_subscription_is_told_once(roof: Roof) -> None:
    """A repeated order tells nothing; a dearer plan ends one subscription and begins another."""
    metric = a_metric(roof)
    open_plan(roof, a_charge(metric))
    order(roof, "team")
    assert kinds(roof) == [("subscription.started", "team")]
    ask(roof, "PUT", SUBSCRIPTION, {"subscription": {"name": "Acme"}})
    dearer = {"name": "Max", "code": "max", "interval": "monthly", "amount_cents": 9_000,
              "amount_currency": "CAD"}  # fmt: skip
    roof.post("/plans", {"plan": dearer})
    order(roof, "max")
    order(roof, "team")
    bill(roof)
    ask(roof, "DELETE", SUBSCRIPTION)

    assert kinds(roof) == [
        ("subscription.started", "team"),
        ("subscription.updated", "team"),
        ("subscription.terminated", "team"),
        ("subscription.started", "max"),
        ("subscription.terminated", "max"),
        ("subscription.started", "team"),
        ("subscription.terminated", "team"),
    ]
    last = roof.get("/lifecycle_events?after=6")["lifecycle_events"][0]["subscription"]
    assert (last["customer"]["external_id"], last["status"]) == ("acme", "terminated")
    assert (last["previous_plan_code"], last["name"]) == ("max", "Acme")


def test_what_waits_is_told_when_it_begins_or_is_given_up(roof: Roof) -> None:
    """Of a start in the future nothing is told; its cancellation is."""
    open_plan(roof, a_charge(a_metric(roof)))
    later = (OPENED_AT + timedelta(days=40)).isoformat()
    order(roof, "team", external_id="later", subscription_at=later)
    assert len(kinds(roof)) == 1
    ask(roof, "DELETE", "/subscriptions/later?status=pending")

    assert kinds(roof)[1:] == [("subscription.canceled", "team")]
