"""Request bodies with sane defaults; a test names only what matters to it."""

from typing import Any

from tests.catalog.conftest import Caller

Json = dict[str, Any]


def a_metric(**changed: object) -> Json:
    sane = {
        "name": "Messages",
        "code": "messages",
        "aggregation_type": "sum_agg",
        "field_name": "count",
    }
    return {"billable_metric": {**sane, **changed}}


def a_charge(metric_id: str, **changed: object) -> Json:
    sane = {
        "billable_metric_id": metric_id,
        "charge_model": "standard",
        "properties": {"amount": "0.10"},
    }
    return {**sane, **changed}


def a_plan(*charges: Json, **changed: object) -> Json:
    sane = {
        "name": "Team",
        "code": "team",
        "interval": "monthly",
        "amount_cents": 4900,
        "amount_currency": "CAD",
        "pay_in_advance": False,
        "charges": list(charges),
    }
    return {"plan": {**sane, **changed}}


def a_customer(external_id: str = "acme", **changed: object) -> Json:
    return {"customer": {"external_id": external_id, **changed}}


def a_subscription(**changed: object) -> Json:
    sane = {"external_id": "acme-team", "external_customer_id": "acme", "plan_code": "team"}
    return {"subscription": {**sane, **changed}}


def metric_id_of(caller: Caller, **changed: object) -> str:
    metric = caller.post("/billable_metrics", a_metric(**changed))["billable_metric"]
    return str(metric["lago_id"])


def priced(caller: Caller) -> Json:
    """Create a metric and a plan that prices it."""
    plan: Json = caller.post("/plans", a_plan(a_charge(metric_id_of(caller))))["plan"]
    return plan


def subscribed(caller: Caller, **changed: object) -> Json:
    """Create a priced plan and a subscription to it."""
    priced(caller)
    answer = caller.post("/subscriptions", a_subscription(**changed))
    subscription: Json = answer["subscription"]
    return subscription


def faults_of_charge(caller: Caller, charge: Json) -> Json:
    """Return what is wrong with a plan of one charge, without our index; empty for nothing."""
    body = a_plan(charge)
    answer = caller.http.post("/api/v1/plans", json=body, headers=caller.headers)
    faults: Json = answer.json().get("error_details", {})
    assert answer.status_code == (422 if faults else 200)
    faults.pop("charges", None)
    return faults
