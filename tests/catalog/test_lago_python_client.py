"""Lago's official Python client against a real server on a loopback port."""

import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias

import pytest
import uvicorn
from fastapi import FastAPI

from tests.catalog.conftest import Caller

START_SECONDS_MAX = 20

# Its types are those of pydantic 1, where every optional member is mandatory to a type checker.
lago: Any = import_module("lago_python_client.models")
LagoApiError: type[Any] = import_module("lago_python_client.exceptions").LagoApiError
Client: TypeAlias = Any
Shape: TypeAlias = Any
new_client: Any = import_module("lago_python_client.client").Client


@pytest.fixture
def client(app: FastAPI, caller: Caller) -> Iterator[Client]:
    """Serve the app on a free port and give the client its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield new_client(api_key=caller.key, api_url=f"http://127.0.0.1:{port}/")
    server.should_exit = True
    thread.join(START_SECONDS_MAX)


def create_metric(client: Client) -> str:
    metric = lago.BillableMetric(
        name="Messages", code="messages", aggregation_type="sum_agg", field_name="count",
        recurring=False,
    )  # fmt: skip
    return str(client.billable_metrics.create(metric).lago_id)


def create_plan(client: Client, **changed: object) -> Shape:
    charge = lago.Charge(
        billable_metric_id=create_metric(client),
        charge_model="graduated",
        pay_in_advance=False,
        min_amount_cents=0,
        properties={
            "graduated_ranges": [
                {"from_value": 0, "to_value": 10, "per_unit_amount": "1", "flat_amount": "5"},
                {"from_value": 11, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"},
            ],
            "included_quota": "100",
        },
    )
    plan = lago.Plan(
        name="Team", code="team", interval="monthly", amount_cents=4900, amount_currency="CAD",
        trial_period=0.0, pay_in_advance=False, bill_charges_monthly=False,
        charges=lago.Charges(__root__=[charge]), **changed,
    )  # fmt: skip
    return client.plans.create(plan)


def test_metrics_live_their_whole_life(client: Client) -> None:
    """Create, find, list, update and destroy a metric, as an app does."""
    metric_id = create_metric(client)
    found = client.billable_metrics.find("messages")
    changed = client.billable_metrics.update(
        lago.BillableMetric(name="Texts", rounding_function="ceil"), "messages"
    )

    assert (found.lago_id, found.field_name) == (metric_id, "count")
    assert (changed.name, changed.rounding_function) == ("Texts", "ceil")
    assert client.billable_metrics.find_all({"per_page": 2})["meta"]["total_count"] == 1
    assert client.billable_metrics.destroy("messages").lago_id == metric_id
    assert client.billable_metrics.find_all()["meta"]["total_count"] == 0


def test_plans_live_their_whole_life(client: Client) -> None:
    """Create, find, list, update and destroy a plan with its charges."""
    created = create_plan(client)
    charge = client.plans.find("team").charges.__root__[0]
    kept = lago.Charge(id=charge.lago_id, properties=charge.properties)
    changed = client.plans.update(
        lago.Plan(amount_cents=5900, charges=lago.Charges(__root__=[kept])), "team"
    )

    assert charge.properties["included_quota"] == "100"
    assert changed.amount_cents == 5900
    assert changed.charges == created.charges
    assert [plan.code for plan in client.plans.find_all()["plans"]] == ["team"]
    assert client.plans.destroy("team").lago_id == created.lago_id


def test_customers_live_their_whole_life(client: Client) -> None:
    """Create, upsert, find, list and destroy a customer."""
    created = client.customers.create(
        lago.Customer(external_id="acme", name="Acme", currency="CAD")
    )
    changed = client.customers.create(lago.Customer(external_id="acme", email="a@b.ca"))

    assert (changed.lago_id, changed.name, changed.email) == (created.lago_id, "Acme", "a@b.ca")
    assert client.customers.find("acme").applicable_timezone == "America/Toronto"
    assert client.customers.find_all()["meta"]["total_count"] == 1
    assert client.customers.destroy("acme").external_id == "acme"


def test_subscriptions_live_their_whole_life(client: Client) -> None:
    """Create, repeat, find, list, update and terminate a subscription."""
    create_plan(client)
    order = lago.Subscription(
        external_customer_id="acme", plan_code="team", external_id="acme team", name="Team",
        billing_time="anniversary",
    )  # fmt: skip
    created = client.subscriptions.create(order)
    changed = client.subscriptions.update(lago.Subscription(name="Crew"), "acme team")

    assert client.subscriptions.create(order).lago_id == created.lago_id
    assert client.subscriptions.find("acme team").status == "active"
    assert changed.name == "Crew"
    listed = client.subscriptions.find_all(
        {"external_customer_id": "acme", "status[]": ["active", "pending"]}
    )
    assert [one.external_id for one in listed["subscriptions"]] == ["acme team"]
    ended = client.subscriptions.destroy("acme team")
    assert (ended.lago_id, ended.status) == (created.lago_id, "terminated")


@pytest.mark.parametrize(
    ("plan", "customer", "status", "code"),
    [
        ("nothing", "acme", 404, "plan_not_found"),
        ("team", "a/b", 422, "validation_errors"),
    ],
)
def test_a_refusal_is_the_clients_api_error(
    plan: str, customer: str, status: int, code: str, client: Client
) -> None:
    """The client reads status and code of a refusal."""
    create_plan(client)
    order = lago.Subscription(external_customer_id=customer, plan_code=plan, external_id="x")
    with pytest.raises(LagoApiError) as refusal:
        client.subscriptions.create(order)

    assert (refusal.value.status_code, refusal.value.response["code"]) == (status, code)


def test_a_wrong_key_is_the_clients_401(client: Client) -> None:
    """The client reports a key nobody knows."""
    stranger = new_client(api_key="nobody", api_url=client.base_api_url.removesuffix("api/v1/"))
    with pytest.raises(LagoApiError) as refusal:
        stranger.plans.find("team")

    assert refusal.value.status_code == 401
