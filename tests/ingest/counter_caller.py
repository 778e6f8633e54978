"""One service's app that pushes counters over HTTP, and the house behind it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from aggregation.aggregator import quantities
from aggregation.quantity import UsageWindow
from catalog.store import api_keys, services
from catalog.store.billable_metrics import metrics_by_code
from fusion_billing.app import create_app, create_front_door
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from storage.lake_tables import REVISION, USAGE
from tests.fusion_billing.makers import a_service
from tests.prepared import prepared_house

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)
NOVEMBER = (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))


@dataclass
class Caller:
    """The app of one service."""

    house: House
    clock: TestClock
    client: TestClient
    key: str
    service_code: str

    def text(self, method: str, path: str, body: object = None, status: int = 200) -> str:
        """Return the text of an answer."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.text

    def ask(self, method: str, path: str, body: object = None, status: int = 200) -> dict[str, Any]:
        """Return the JSON of an answer."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = self.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def faults(self, path: str, body: object) -> object:
        """Return the error details of a refused push."""
        return self.ask("PUT", path, body, 422)["error_details"]

    def windows(self, code: str = "tokens") -> list[dict[str, Any]]:
        """Return the windows of sub-1 as they stand."""
        query = f"external_subscription_id=sub-1&code={code}"
        return list(self.ask("GET", f"/usage/windows?{query}")["windows"])

    def add_metric(self, **changed: object) -> None:
        """Create a metric that takes counters."""
        sane = {
            "name": "Tokens", "code": "tokens", "aggregation_type": "sum_agg",
            "field_name": "tokens", "counter_semantics": "delta",
        }  # fmt: skip
        self.ask("POST", "/billable_metrics", {"billable_metric": sane | changed})

    def units(self, code: str = "tokens") -> Decimal:
        """Return what November adds up to for sub-1."""
        watermark = self.house.flusher.flush()
        with self.house.state.read() as connection:
            metric = metrics_by_code(connection, self.service_code)[code]
        window = UsageWindow("window", self.service_code, "sub-1", metric, *NOVEMBER)
        lake, seen = self.house.lake, watermark.includes()
        return quantities(lake.scan(USAGE), [window], seen, lake.scan(REVISION))["window"].units


@dataclass
class SharedHouse:
    """One open house for many tests: opening it takes longer than most of them."""

    house: House
    clock: TestClock
    client: TestClient
    services_count: int = 0

    def new_caller(self) -> Caller:
        """Return the app of a service nobody else uses."""
        self.services_count += 1
        code = f"service-{self.services_count}"
        service = replace(a_service(OPENED_AT), id=code, code=code)
        with self.house.state.write() as connection:
            services.add_service(connection, service)
            _, key = api_keys.create_key(connection, code, self.house.pepper, OPENED_AT)
        return Caller(self.house, self.clock, self.client, key, code)


@contextmanager
def shared_house(folder: Path) -> Iterator[SharedHouse]:
    """Open a house and its app."""
    clock = TestClock(OPENED_AT)
    with opened_house(Settings(data_dir=prepared_house(folder)), clock) as house:
        app = create_app(house)
        door = create_front_door(app, house)
        yield SharedHouse(house, clock, TestClient(door, base_url="http://localhost"))
