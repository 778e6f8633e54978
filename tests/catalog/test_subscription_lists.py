"""Lists of subscriptions, of a service and of one customer: Lago's filters, order and pages."""

from datetime import timedelta

import pytest

from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import Json, a_customer, a_plan, a_subscription, priced


@pytest.fixture(autouse=True)
def held(caller: Caller, clock: Clock) -> None:
    """Give acme three subscriptions and bolt one; "dollar" has prices of its own."""
    priced(caller)
    caller.post("/plans", a_plan(code="crew"))
    overrides = {"amount_currency": "USD", "name": 'a "amount_currency":"EUR" b'}
    orders: list[Json] = [
        {"external_id": "team"},
        {"external_id": "crew", "plan_code": "crew", "subscription_at": "2026-01-01"},
        {"external_id": "dollar", "plan_overrides": overrides},
        {"external_id": "later", "external_customer_id": "bolt", "subscription_at": "2027-01-01"},
    ]
    for order in orders:
        clock.now += timedelta(minutes=1)
        caller.post("/subscriptions", a_subscription(**order))


def listed(caller: Caller, path: str) -> list[str]:
    return [one["external_id"] for one in caller.get(path)["subscriptions"]]


def test_a_customer_has_its_own_active_ones(caller: Caller) -> None:
    """Latest start first; another customer's are not among them, whoever is named in the query."""
    acme = "/customers/acme/subscriptions"

    assert listed(caller, acme) == ["dollar", "team", "crew"]
    assert listed(caller, f"{acme}?external_customer_id=bolt") == ["dollar", "team", "crew"]
    assert listed(caller, "/customers/bolt/subscriptions") == []
    assert listed(caller, "/customers/bolt/subscriptions?status[]=pending") == ["later"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("plan_code=crew", ["crew"]),
        ("plan_code=nobody", []),
        ("external_id=team", ["team"]),
        ("currency=USD", ["dollar"]),
        ("currency=CAD", ["team", "crew"]),
        ("currency=EUR", []),
        ("currency=%25", []),
        ("currency=usd", []),
        ("overridden=true", ["dollar"]),
        ("overriden=true", ["dollar"]),
        ("overridden=false", ["team", "crew"]),
        ("overridden=", ["dollar", "team", "crew"]),
        ("status[]=terminated", []),
        ("status[]=active&status[]=pending", ["dollar", "team", "crew"]),
        ("status=incomplete", []),
    ],
)
def test_lagos_filters_narrow_both_lists(query: str, found: list[str], caller: Caller) -> None:
    """Of one customer, or of all with the customer in the query."""
    assert listed(caller, f"/customers/acme/subscriptions?{query}") == found
    assert listed(caller, f"/subscriptions?external_customer_id=acme&{query}") == found


def test_pages_have_lagos_meta(caller: Caller) -> None:
    """Two pages of a customer's three."""
    first = caller.get("/customers/acme/subscriptions?per_page=2")

    assert first["meta"] == {
        "current_page": 1, "next_page": 2, "prev_page": None, "total_pages": 2, "total_count": 3,
    }  # fmt: skip
    assert listed(caller, "/customers/acme/subscriptions?per_page=2&page=2") == ["crew"]


def test_an_unknown_customer_is_404(caller: Caller) -> None:
    """One without subscriptions has an empty page; a foreign or deleted one is not there."""
    caller.post("/customers", a_customer("calm"))
    assert caller.get("/customers/calm/subscriptions")["meta"]["current_page"] == 0
    caller.delete("/customers/calm")

    for name in ("calm", "nobody"):
        refusal = caller.get(f"/customers/{name}/subscriptions", 404)
        assert refusal["code"] == "customer_not_found"


def test_an_unknown_state_is_refused(caller: Caller) -> None:
    """A typing error is told."""
    faults = caller.faults("GET", "/customers/acme/subscriptions?status[]=alive", None)

    assert faults == {"status": ["value_is_invalid"]}
