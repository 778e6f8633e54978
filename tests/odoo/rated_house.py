"""A house whose service has billed a month: random clients of every province, random usage."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.services import Posting, Service
from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from odoo_bridge.checks.taxes import RATES
from tests.real_parts import OdooDatabase

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
CLOSED_AT = datetime(2026, 2, 1, 6, 0, tzinfo=UTC)
USED_AT = 1_768_046_400
EVENTS_PER_BATCH = 100
PLANS = 7
METRICS = ("tokens", "calls", "seats")

Json = Mapping[str, Any]


@contextmanager
def a_rated_house(
    folder: Path, user: OdooDatabase, count: int, chance: random.Random
) -> Iterator[tuple[House, str]]:
    """Provide a house, and its service's code, that has billed so many random subscriptions."""
    settings = Settings(
        data_dir=folder,
        odoo_url=user.url,
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
        odoo_drafts_max=max(count, 1),
    )
    code = f"r{uuid4().hex[:10]}"
    clock = TestClock(OPENED_AT)
    with opened_house(settings, clock) as house:
        door = create_front_door(create_app(house), house)
        with TestClient(door, base_url="http://localhost") as client:
            _use(house, client, code, count, chance)
        bill_services(house, at=CLOSED_AT)
        yield house, code


def _use(house: House, client: TestClient, code: str, count: int, chance: random.Random) -> None:
    service = Service(
        *(f"id-{code}", code, code, "America/Toronto", "CAD", OPENED_AT), posting=Posting.POST
    )
    with house.state.write() as connection:
        services.add_service(connection, service)
        _, key = api_keys.create_key(connection, code, house.pepper, OPENED_AT)

    def post(path: str, body: Json) -> Json:
        answer = client.post(
            f"/api/v1{path}", json=body, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.is_success, answer.text
        told: Json = answer.json()
        return told

    ids = {name: post("/billable_metrics", _a_metric(name)) for name in METRICS}
    metric_ids = {name: told["billable_metric"]["lago_id"] for name, told in ids.items()}
    for number in range(PLANS):
        post("/plans", {"plan": _a_plan(number, metric_ids, chance)})
    events: list[Json] = []
    for number in range(count):
        _subscribe(post, code, number, chance)
        events += [_an_event(number, metric, chance) for metric in METRICS]
    for start in range(0, len(events), EVENTS_PER_BATCH):
        post("/events/batch", {"events": events[start : start + EVENTS_PER_BATCH]})


def _subscribe(post: Any, code: str, number: int, chance: random.Random) -> None:  # noqa: ANN401 - a local function
    provinces = sorted(RATES)
    customer = {
        "external_id": f"{code}-{number}",
        "name": f"Client {number}",
        "email": f"client{number}@{code}.example",
        "country": "CA",
        "state": provinces[number % len(provinces)],
    }
    post("/customers", {"customer": customer})
    subscription = {
        "external_customer_id": customer["external_id"],
        "plan_code": f"plan{chance.randrange(PLANS)}",
        "external_id": f"sub-{number}",
    }
    post("/subscriptions", {"subscription": subscription})


def _a_metric(name: str) -> Json:
    metric = {"name": name, "code": name, "aggregation_type": "sum_agg", "field_name": "n"}
    return {"billable_metric": metric}


def _a_plan(number: int, metric_ids: Mapping[str, str], chance: random.Random) -> Json:
    """Return a monthly plan with a charge of three models, whose prices leave parts of cents."""

    def price(digits: int) -> str:
        return f"0.{chance.randint(1, 10**digits - 1):0{digits}}"

    ranges = [
        {"from_value": 0, "to_value": 100, "per_unit_amount": price(5), "flat_amount": price(2)},
        {"from_value": 100, "to_value": None, "per_unit_amount": price(7), "flat_amount": "0"},
    ]
    package = {"amount": price(3), "free_units": 10, "package_size": 7}
    models: list[tuple[str, str, Json]] = [
        ("tokens", "standard", {"amount": price(6)}),
        ("calls", "graduated", {"graduated_ranges": ranges}),
        ("seats", "package", package),
    ]
    charges = [
        {"billable_metric_id": metric_ids[name], "charge_model": model, "properties": properties}
        for name, model, properties in models
    ]
    known = {"name": f"Plan {number}", "code": f"plan{number}", "interval": "monthly"}
    fee = {"amount_cents": chance.randint(0, 99_999), "amount_currency": "CAD"}
    return known | fee | {"charges": charges}


def _an_event(number: int, metric: str, chance: random.Random) -> Json:
    return {
        "transaction_id": f"{number}-{metric}",
        "external_subscription_id": f"sub-{number}",
        "code": metric,
        "timestamp": USED_AT + number,
        "properties": {"n": f"{chance.randint(0, 5_000)}.{chance.randint(0, 999):03}"},
    }
