"""Makers of what the roof's tests need, in Lago's words."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from catalog.services import Service

if TYPE_CHECKING:
    from tests.fusion_billing.conftest import Roof


def a_service(at: datetime) -> Service:
    """Return the service nexadesk."""
    return Service("service-1", "nexadesk", "NexaDesk", "America/Toronto", "CAD", at)


def open_account(roof: "Roof", amount: str = "0.01", amount_cents: int = 5_000) -> str:
    """Create metric, plan, account and subscription; return the id of the plan's charge."""
    metric = roof.post(
        "/billable_metrics",
        {"billable_metric": {
            "name": "Tokens", "code": "tokens", "aggregation_type": "sum_agg",
            "field_name": "tokens",
        }},
    )["billable_metric"]  # fmt: skip
    plan = roof.post("/plans", {"plan": a_plan(metric["lago_id"], amount, amount_cents)})["plan"]
    roof.post("/customers", {"customer": {"external_id": "acme", "country": "CA", "state": "ON"}})
    roof.post(
        "/subscriptions",
        {"subscription": {
            "external_customer_id": "acme", "plan_code": "team", "external_id": "acme-team",
        }},
    )  # fmt: skip
    return str(plan["charges"][0]["lago_id"])


def a_plan(metric_id: str, amount: str, amount_cents: int) -> dict[str, Any]:
    """Return a monthly plan with one standard charge."""
    return {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": amount_cents,
        "amount_currency": "CAD",
        "charges": [{
            "billable_metric_id": metric_id, "charge_model": "standard",
            "properties": {"amount": amount},
        }],
    }  # fmt: skip


def a_push(transaction_id: str, tokens: int = 100, **changed: object) -> dict[str, object]:
    """Return one usage event on the tenth of January 2026."""
    return {
        "transaction_id": transaction_id,
        "external_subscription_id": "acme-team",
        "code": "tokens",
        "timestamp": 1_768_046_400,
        "properties": {"tokens": tokens},
    } | changed
