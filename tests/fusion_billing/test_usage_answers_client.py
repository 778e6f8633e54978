"""Lago's official Python client reads usage, fees and estimates from a real server."""

import threading
import time
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias

import pytest
import uvicorn

from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.usage_world import a_charge, a_metric, bill, open_plan, push

START_SECONDS_MAX = 20

# Its types are those of pydantic 1, where every optional member is mandatory to a type checker.
lago: Any = import_module("lago_python_client.models")
LagoApiError: type[Any] = import_module("lago_python_client.exceptions").LagoApiError
Client: TypeAlias = Any
new_client: Any = import_module("lago_python_client.client").Client


@pytest.fixture
def client(roof: Roof) -> Iterator[Client]:
    """Serve the roof's app on a free port and give the client its address."""
    app = roof.client.app
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield new_client(api_key=roof.key, api_url=f"http://127.0.0.1:{port}/")
    server.should_exit = True
    thread.join(START_SECONDS_MAX)


def open_world(roof: Roof) -> None:
    """Open tokens by region in arrears, and calls in advance; use both."""
    tokens = a_metric(roof, filters=[{"key": "region", "values": ["ca", "us"]}])
    one = {"values": {"region": ["ca"]}, "properties": {"amount": "1"}}
    grouped = {"amount": "0.01", "pricing_group_keys": ["model"]}
    open_plan(
        roof,
        a_charge(tokens, filters=[one], properties=grouped),
        a_charge(a_metric(roof, "calls"), pay_in_advance=True, properties={"amount": "2"}),
    )
    push(roof, "1", tokens=3, region="ca")
    push(roof, "2", tokens=100, model="s")
    push(roof, "3", "calls", calls=4)


def test_the_client_reads_usage(roof: Roof, client: Client) -> None:
    """Current, narrowed, projected, past and lifetime usage have the types it insists on."""
    open_world(roof)
    now = client.customers.current_usage("acme", "acme-team")
    calls = client.customers.current_usage("acme", "acme-team", billable_metric_code="calls")
    group = client.customers.current_usage("acme", "acme-team", group={"model": "s"})
    bill(roof)
    past = client.customers.past_usage("acme", "acme-team", {"periods_count": "1"})
    lifetime = client.subscriptions.lifetime_usage("acme-team")
    (period,) = past["usage_periods"]

    assert (now.amount_cents, now.taxes_amount_cents) == (300 + 100 + 800, 0)
    assert [one.charge.charge_model for one in calls.charges_usage] == ["standard"]
    assert group.charges_usage[1].units == "100.0"
    assert (period.amount_cents, period.charges_usage[1].filters[0].units) == (6_200, "3.0")
    assert past["meta"]["total_count"] == 1
    assert lifetime.invoiced_usage_amount_cents == 1_200


def test_the_client_reads_projections(roof: Roof, client: Client) -> None:
    """A projection without filters has the types it insists on."""
    open_plan(roof, a_charge(a_metric(roof)))
    push(roof, "1", tokens=100)
    projected = client.customers.projected_usage("acme", "acme-team")

    assert (projected.amount_cents, projected.projected_amount_cents) == (100, 0)
    assert projected.charges_usage[0].projected_units == "0.0"


def test_the_client_reads_fees(roof: Roof, client: Client) -> None:
    """One fee and a list of fees, of events and of lines."""
    open_world(roof)
    bill(roof)
    found = client.fees.find_all({"external_subscription_id": "acme-team", "per_page": "10"})
    (advance,) = client.fees.find_all({"event_transaction_id": "3"})["fees"]

    assert found["meta"]["total_count"] == 4
    assert sum(fee.amount_cents for fee in found["fees"]) == 6_200
    assert (advance.event_transaction_id, advance.amount_cents) == ("3", 800)
    assert client.fees.find(advance.lago_id) == advance
    with pytest.raises(LagoApiError) as refusal:
        client.fees.find("nobody")
    assert refusal.value.response["code"] == "fee_not_found"


def test_the_client_reads_estimates(roof: Roof, client: Client) -> None:
    """An event, sent with the client's explicit nulls, has its estimate."""
    open_world(roof)
    event = lago.Event(
        transaction_id="4", external_subscription_id="acme-team", code="calls",
        properties={"calls": 2},
    )  # fmt: skip
    (fee,) = client.events.estimate_fees(event)["fees"]

    assert (fee.amount_cents, fee.units, fee.lago_id) == (400, "2.0", None)
