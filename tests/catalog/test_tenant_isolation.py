"""No service sees, changes or ends what another owns: every route, every id."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from tests.catalog.conftest import ROUTERS, Caller
from tests.catalog.makers import (
    a_charge,
    a_customer,
    a_metric,
    a_plan,
    a_subscription,
    subscribed,
)

BODIES = {
    "billable_metrics": a_metric(),
    "plans": a_plan(name="stolen"),
    "customers": a_customer(),
    "subscriptions": a_subscription(name="stolen"),
    "charges": {"charge": a_charge("stolen")},
    "filters": {"filter": {"values": {"cloud": ["aws"]}, "properties": {"amount": "0"}}},
    "fixed_charges": {"fixed_charge": {"units": 1}},
}
PLACES = ("{code}", "{external_id}", "{charge_code}", "{filter_id}", "{fixed_charge_code}")
ROUTES = [
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods or ())
]
OF_ONE = [(method, path) for method, path in ROUTES if "{" in path]
LISTS = [path for method, path in ROUTES if method == "GET" and "{" not in path]


def body_of(method: str, path: str) -> dict[str, Any] | None:
    """Return a good body for a route that takes one."""
    noun = [part for part in path.split("/") if part and "{" not in part][-1]
    return BODIES[noun] if method in ("POST", "PUT") else None


def route_of(path: str, *ids: str) -> str:
    """Return a path with ids in its places, the last one in all that are left."""
    for number, place in enumerate(PLACES):
        path = path.replace(place, ids[min(number, len(ids) - 1)])
    return path


def owned_ids(caller: Caller) -> list[str]:
    """Create one of everything and return every id of it, external and internal."""
    subscription = subscribed(caller)
    plan, customer = subscription["plan"], caller.get("/customers/acme")["customer"]
    charge = plan["charges"][0]
    return [
        "messages", "team", "acme", "acme-team", charge["lago_billable_metric_id"],
        charge["lago_id"], plan["lago_id"], customer["lago_id"], subscription["lago_id"],
    ]  # fmt: skip


@pytest.mark.parametrize(("method", "path"), OF_ONE)
def test_a_foreign_id_is_404_on_every_route(
    method: str, path: str, caller: Caller, other: Caller
) -> None:
    """Whatever of A's ids B names, there is no such thing."""
    for owned in owned_ids(caller):
        answer = other.ask(method, route_of(path, owned), 404, body_of(method, path))

        assert answer["error"] == "Not Found"


@pytest.mark.parametrize("path", LISTS)
def test_a_list_shows_its_own_service_only(path: str, caller: Caller, other: Caller) -> None:
    """B's lists are empty whatever A owns."""
    owned_ids(caller)

    assert caller.get(path)["meta"]["total_count"] == 1
    assert other.get(path)["meta"]["total_count"] == 0


def test_two_services_may_use_the_same_ids(caller: Caller, other: Caller) -> None:
    """Codes and external ids are unique within a service, not across services."""
    first, second = subscribed(caller), subscribed(other)

    assert first["external_id"] == second["external_id"]
    assert first["lago_id"] != second["lago_id"]


def test_what_a_stranger_tries_changes_nothing(caller: Caller, other: Caller) -> None:
    """After B tried every route on A's ids, A's things are as they were."""
    started = subscribed(caller)
    for method, path in OF_ONE:
        route = route_of(path, "team", "acme-team", "messages")
        other.ask(method, route, 404, body_of(method, path))

    assert caller.get("/subscriptions/acme-team") == {"subscription": started}


@pytest.mark.parametrize("given", ["metric", "customer"])
def test_a_foreign_id_inside_a_body_finds_nothing(
    given: str, caller: Caller, other: Caller
) -> None:
    """B can't price A's metric, and A's customer is not the one B subscribes."""
    plan = subscribed(caller)["plan"]
    charge = plan["charges"][0]
    if given == "metric":
        foreign = {"billable_metric_id": charge["lago_billable_metric_id"]}
        other.post("/plans", a_plan({**foreign, "charge_model": "standard"}), 404)
        return
    mine = subscribed(other)["lago_customer_id"]

    assert mine != caller.get("/customers/acme")["customer"]["lago_id"]


def test_every_route_asks_for_a_key(app: FastAPI, caller: Caller) -> None:
    """No route of the catalogue answers a stranger."""
    del app
    for method, path in ROUTES:
        answer = caller.http.request(method, f"/api/v1{path}")

        assert answer.status_code == 401, (method, path)
