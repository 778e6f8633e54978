"""A service whose plan has a charge of every kind, and usage that meets each of them."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.ingest.counter_caller import Caller

START = datetime(2026, 1, 1, 5, tzinfo=UTC)
NOW = datetime(2026, 4, 20, tzinfo=UTC)
JANUARY_TO_APRIL = {"from": "2026-01-01", "to": "2026-04-01"}
METRICS: dict[str, dict[str, Any]] = {
    "tokens": {
        "aggregation_type": "sum_agg",
        "filters": [{"key": "region", "values": ["ca", "us"]}],
    },
    "credits": {"aggregation_type": "sum_agg", "counter_semantics": "delta"},
    "calls": {"aggregation_type": "count_agg", "field_name": None},
    "peak": {"aggregation_type": "max_agg", "rounding_function": "ceil", "rounding_precision": 0},
    "users": {"aggregation_type": "unique_count_agg", "field_name": "user"},
    "seats": {"aggregation_type": "sum_agg", "recurring": True},
    "store": {"aggregation_type": "weighted_sum_agg", "weighted_interval": "seconds",
              "recurring": True},
}  # fmt: skip
TIERS = [
    {"from_value": 0, "to_value": 10, "per_unit_amount": "0.31", "flat_amount": "1.50"},
    {"from_value": 11, "to_value": None, "per_unit_amount": "0.127", "flat_amount": "0.5"},
]
CHARGES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("tokens", "standard", {"amount": "0.0173"}, {"min_amount_cents": 300}),
    ("credits", "standard", {"amount": "0.02"}, {}),
    ("calls", "graduated", {"graduated_ranges": TIERS}, {}),
    ("tokens", "standard", {"amount": "0.5", "pricing_group_keys": ["model"]}, {}),
    ("tokens", "package", {"amount": "0.25", "package_size": 10, "free_units": 5}, {
        "filters": [{"values": {"region": ["ca"]},
                     "properties": {"amount": "0.75", "package_size": 3, "free_units": 0}}],
    }),
    ("peak", "volume", {"volume_ranges": TIERS}, {}),
    ("users", "standard", {"amount": "2.5"}, {}),
    ("calls", "percentage", {"rate": "1.5", "fixed_amount": "0.07", "free_units_per_events": 2},
     {}),
    ("tokens", "standard", {"amount": "0.011"}, {"pay_in_advance": True}),
    ("tokens", "standard", {"amount": "0.013"}, {"pay_in_advance": True, "invoiceable": False}),
    ("seats", "standard", {"amount": "3"}, {"prorated": True}),
    ("store", "standard", {"amount": "0.9"}, {}),
    ("tokens", "dynamic", {}, {}),
]  # fmt: skip
PRICES = frozenset({"amount", "per_unit_amount", "flat_amount", "rate", "fixed_amount"})


def a_draft(caller: Caller, **changed: object) -> dict[str, Any]:
    """Return the plan of the service, ready to be posted or drafted."""
    listed = caller.ask("GET", "/billable_metrics")["billable_metrics"]
    ids = {metric["code"]: metric["lago_id"] for metric in listed}
    charges = [
        {"billable_metric_id": ids[code], "charge_model": model, "properties": properties, **more}
        for code, model, properties, more in CHARGES
    ]
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 2_500,
        "amount_currency": "CAD", "trial_period": 5, "charges": charges,
        "minimum_commitment": {"amount_cents": 6_000},
    }  # fmt: skip
    return deepcopy(plan | changed)


def build(caller: Caller) -> None:
    """Create metrics, plan, three subscriptions and their usage; one of them has corrections."""
    for code, changed in METRICS.items():
        metric = {"name": code, "code": code, "field_name": "n", **changed}
        caller.ask("POST", "/billable_metrics", {"billable_metric": metric})
    caller.ask("POST", "/plans", {"plan": a_draft(caller)})
    caller.clock.advance(datetime(2026, 3, 12, 17, tzinfo=UTC))
    subscribe(caller, "acme", "2026-01-01T05:00:00Z", "calendar")
    subscribe(caller, "beta", "2026-01-10T15:00:00Z", "anniversary")
    subscribe(caller, "gone", "2026-01-20T15:00:00Z", "calendar")
    for number, name in enumerate(("acme", "beta", "gone")):
        for code in METRICS:
            caller.ask("POST", "/events/batch", {"events": usage_of(name, number, code)})
    caller.ask("DELETE", "/subscriptions/gone-team")
    caller.clock.advance(NOW)
    window = {"window_start": "2026-02-10T12:00:00Z", "window_end": "2026-02-10T13:00:00Z"}
    usage = {"transaction_id": "p", "external_subscription_id": "acme-team", "code": "credits"}
    caller.ask("PUT", "/usage", {"usage": {**usage, "value": 50, **window}})


def subscribe(caller: Caller, account: str, at: str, billing_time: str) -> None:
    """Open an account and subscribe it to the plan."""
    caller.ask("POST", "/customers", {"customer": {"external_id": account}})
    order = {
        "external_customer_id": account, "plan_code": "team", "external_id": f"{account}-team",
        "subscription_at": at, "billing_time": billing_time,
    }  # fmt: skip
    caller.ask("POST", "/subscriptions", {"subscription": order})


def usage_of(account: str, number: int, code: str) -> list[dict[str, Any]]:
    """Return events of a metric, some days apart."""
    hours = number + list(METRICS).index(code)
    return [
        {
            "transaction_id": f"{code}-{day}", "external_subscription_id": f"{account}-team",
            "code": code,
            "timestamp": int((START + timedelta(days=day, hours=hours)).timestamp()),
            "precise_total_amount_cents": str(day * 10 + number),
            "properties": {
                "n": str(Decimal(day * 7 + hours) / 4), "user": f"user-{day % 5}",
                "region": ("ca", "us", "fr")[day % 3], "model": ("small", "large")[day % 2],
            },
        }
        for day in range(21, 69, 2)
    ]  # fmt: skip


def doubled(value: object, *, is_price: bool = False) -> object:
    """Return properties with every price twice as high."""
    if isinstance(value, dict):
        return {key: doubled(each, is_price=key in PRICES) for key, each in value.items()}
    if isinstance(value, list):
        return [doubled(each, is_price=is_price) for each in value]
    return str(Decimal(str(value)) * 2) if is_price else value
