"""A world for tests of usage, fees and estimates, made over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fusion_billing.billing import bill_services
from rating.bill_run import BillReport
from tests.fusion_billing.conftest import Roof

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
TENTH = 1_768_046_400
SUBSCRIPTION = "external_subscription_id=acme-team"


def a_metric(roof: Roof, code: str = "tokens", **changed: object) -> str:
    """Create a metric that sums a property of its own name; return its id."""
    metric = {
        "name": code.capitalize(), "code": code, "aggregation_type": "sum_agg", "field_name": code,
    } | changed  # fmt: skip
    return str(
        roof.post("/billable_metrics", {"billable_metric": metric})["billable_metric"]["lago_id"]
    )


def a_charge(metric_id: str, model: str = "standard", **changed: object) -> dict[str, object]:
    """Return a charge of a plan; 0.01 for each unit."""
    return {
        "billable_metric_id": metric_id, "charge_model": model, "properties": {"amount": "0.01"},
    } | changed  # fmt: skip


def open_plan(
    roof: Roof, *charges: Mapping[str, object], amount_cents: int = 5_000, **changed: object
) -> dict[str, Any]:
    """Create a monthly plan, and acme's subscription acme-team to it; return the plan."""
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": amount_cents,
        "amount_currency": "CAD", "charges": list(charges),
    } | changed  # fmt: skip
    created = roof.post("/plans", {"plan": plan})["plan"]
    roof.post("/customers", {"customer": {"external_id": "acme", "country": "CA", "state": "ON"}})
    order = {"external_customer_id": "acme", "plan_code": "team", "external_id": "acme-team"}
    roof.post("/subscriptions", {"subscription": order})
    return dict(created)


def push(roof: Roof, transaction_id: str, code: str = "tokens", **properties: object) -> None:
    """Push one event on the tenth of January, or at `at` (seconds since the epoch)."""
    at = properties.pop("at", TENTH)
    event = {
        "transaction_id": transaction_id, "external_subscription_id": "acme-team", "code": code,
        "timestamp": at, "properties": properties,
    }  # fmt: skip
    roof.post("/events", {"event": event})


def bill(roof: Roof, at: datetime = FEBRUARY) -> BillReport:
    """Move the clock to an instant and close what is due then."""
    roof.clock.advance(at)
    (report,) = bill_services(roof.house, at=at)
    return report


def usage(roof: Roof, *query: str, kind: str = "current_usage") -> dict[str, Any]:
    """Return an answer about acme-team's usage."""
    asked = "&".join((SUBSCRIPTION, *query))
    return roof.get(f"/customers/acme/{kind}?{asked}")


def refusal(roof: Roof, path: str, body: object = None) -> tuple[int, object]:
    """Return status, and code or details, of a call that is refused."""
    url = f"/api/v1{path}"
    answer = (
        roof.client.get(url, headers=roof.headers)
        if body is None
        else roof.client.post(url, json=body, headers=roof.headers)
    )
    told = answer.json()
    return answer.status_code, told.get("error_details") or told["code"]


def fees(roof: Roof, *query: str) -> list[dict[str, Any]]:
    """Return the fees that a query finds."""
    found: Sequence[dict[str, Any]] = roof.get(f"/fees?{'&'.join(query)}")["fees"]
    return list(found)
