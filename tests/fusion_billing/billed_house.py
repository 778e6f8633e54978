"""A house that has billed for months: groups, filters, history, corrections, late usage."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from storage.lake import CompactionRules
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.makers import a_service
from tests.prepared import prepared_house

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
DAY = 86_400
SOLD_METRICS: dict[str, dict[str, Any]] = {
    "tokens": {
        "aggregation_type": "sum_agg", "field_name": "tokens",
        "filters": [{"key": "model", "values": ["large", "small"]}],
    },
    "calls": {"aggregation_type": "count_agg"},
    "seats": {"aggregation_type": "unique_count_agg", "field_name": "seat", "recurring": True},
    "disk": {
        "aggregation_type": "weighted_sum_agg", "field_name": "gb", "recurring": True,
        "weighted_interval": "seconds",
    },
    "peak": {
        "aggregation_type": "max_agg", "field_name": "peak", "rounding_function": "ceil",
        "rounding_precision": 0,
    },
}  # fmt: skip
METRICS = SOLD_METRICS | {
    "meter": {
        "aggregation_type": "sum_agg", "field_name": "read", "counter_semantics": "cumulative",
    },
}  # fmt: skip


@contextmanager
def in_house(folder: Path, at: datetime = OPENED_AT) -> Iterator[Roof]:
    """Open the house of a folder, with nexadesk once, and its app."""
    clock = TestClock(at)
    with opened_house(Settings(data_dir=prepared_house(folder)), clock) as house:
        with house.state.write() as connection:
            if services.find_service(connection, "nexadesk") is None:
                services.add_service(connection, a_service(OPENED_AT))
        with open_roof(house, clock) as roof:
            yield roof


def billed_house(folder: Path) -> None:
    """Fill a folder: two months billed, and everything changed since that may change."""
    with in_house(folder) as roof:
        sell(roof)
        use(roof, "january", OPENED_AT)
        roof.clock.advance(FEBRUARY)
        bill_services(roof.house, at=FEBRUARY)
        change(roof)
        roof.clock.advance(MARCH)
        bill_services(roof.house, at=MARCH)
        correct(roof, "void", "january-3")
        push(roof, "later", OPENED_AT, "calls", {})
        roof.house.flusher.flush()
        roof.house.lake.compact(MARCH, CompactionRules(files_min=2))


def sell(roof: Roof) -> None:
    """Create the metrics, a plan with a charge on each, and one subscription."""
    ids = {}
    for code, members in METRICS.items():
        body = {"name": code.title(), "code": code, **members}
        ids[code] = roof.post("/billable_metrics", {"billable_metric": body})["billable_metric"][
            "lago_id"
        ]
    charges = [
        {
            "billable_metric_id": ids["tokens"], "charge_model": "standard",
            "properties": {"amount": "0.0333", "included_quota": "100"},
            "filters": [{"values": {"model": ["large"]}, "properties": {"amount": "0.07"}}],
        },
        {
            "billable_metric_id": ids["calls"], "charge_model": "graduated",
            "properties": {"pricing_group_keys": ["team"], "graduated_ranges": [
                {"from_value": 0, "to_value": 2, "per_unit_amount": "1.5", "flat_amount": "1"},
                {"from_value": 3, "to_value": None, "per_unit_amount": "0.1", "flat_amount": "0"},
            ]},
        },
        {
            "billable_metric_id": ids["seats"], "charge_model": "standard", "prorated": True,
            "properties": {"amount": "31"},
        },
        {
            "billable_metric_id": ids["disk"], "charge_model": "standard",
            "properties": {"amount": "2.5"}, "min_amount_cents": 5_000,
        },
        {
            "billable_metric_id": ids["meter"], "charge_model": "standard",
            "properties": {"amount": "0.5"},
        },
        {
            "billable_metric_id": ids["peak"], "charge_model": "package",
            "properties": {"amount": "3", "package_size": 10, "free_units": 5},
        },
    ]  # fmt: skip
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 4_999,
        "amount_currency": "CAD", "charges": charges,
    }  # fmt: skip
    roof.post("/plans", {"plan": plan})
    roof.post("/customers", {"customer": {"external_id": "acme"}})
    ordered = {
        "external_customer_id": "acme", "plan_code": "team", "external_id": "acme-team",
        "subscription_at": OPENED_AT.isoformat(),
    }  # fmt: skip
    roof.post("/subscriptions", {"subscription": ordered})


def use(roof: Roof, name: str, begins_at: datetime) -> None:
    """Use something of everything, from a day after an instant on."""
    for number in range(6):
        at = begins_at + timedelta(days=1 + 2 * number)
        tokens = {"tokens": 40 + number, "model": ("large", "small", "other")[number % 3]}
        push(roof, f"{name}-{number}", at, "tokens", tokens)
        push(roof, f"{name}-call-{number}", at, "calls", {"team": "ab"[number % 2]})
        push(roof, f"{name}-seat-{number}", at, "seats", {"seat": f"{name}-{number % 4}"})
        push(roof, f"{name}-disk-{number}", at, "disk", {"gb": 7 - 2 * number})
        reading = 100 * (begins_at.month + 1) + number * number
        read_meter(roof, f"{name}-meter-{number}", at, reading)
        push(roof, f"{name}-peak-{number}", at, "peak", {"peak": f"{number * 3}.25"})


def read_meter(roof: Roof, name: str, at: datetime, reading: int) -> None:
    """Push a reading of an ever-rising counter."""
    window = {
        "transaction_id": name, "external_subscription_id": "acme-team", "code": "meter",
        "window_end": at.isoformat(), "value": reading,
    }  # fmt: skip
    answer = roof.client.put("/api/v1/usage", json={"usage": window}, headers=roof.headers)
    assert answer.status_code == 200, answer.text


def push(roof: Roof, name: str, at: datetime, code: str, properties: Mapping[str, object]) -> None:
    """Push one event."""
    event = {
        "transaction_id": name, "external_subscription_id": "acme-team", "code": code,
        "timestamp": int(at.timestamp()), "properties": properties,
    }  # fmt: skip
    roof.post("/events", {"event": event})


def change(roof: Roof) -> None:
    """In February: a dearer plan, corrections of January, late usage of it, and new usage."""
    charges = [
        {"id": each["lago_id"], "charge_model": each["charge_model"]}
        for each in roof.get("/plans/team")["plan"]["charges"]
    ]
    dearer = {"from_value": 0, "to_value": None, "per_unit_amount": "9", "flat_amount": "0"}
    charges[1]["properties"] = {"graduated_ranges": [dearer]}
    body = {"plan": {"amount_cents": 9_999, "charges": charges}}
    answer = roof.client.put("/api/v1/plans/team", json=body, headers=roof.headers)
    assert answer.status_code == 200, answer.text
    correct(roof, "void", "january-1")
    correct(roof, "amend", "january-disk-2", value="11")
    push(roof, "late", OPENED_AT + timedelta(days=20), "tokens", {"tokens": 500, "model": "large"})
    use(roof, "february", FEBRUARY)


def correct(roof: Roof, kind: str, transaction_id: str, **changes: object) -> None:
    """Void or amend one event."""
    selected = {"external_subscription_id": "acme-team", "transaction_id": transaction_id}
    body = {"kind": kind, "selection": selected, "author": "ann", "reason": "wrong"}
    roof.post("/corrections", {"correction": body | ({"changes": changes} if changes else {})})
