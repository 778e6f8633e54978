"""A house of its own in a temporary folder, served in this process, with a clock that stands."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from catalog.services import Service
from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.prepared import prepared_house

SERVICE_CODE = "vectors"
OK = 200


class Refused(Exception):
    """The served app answered a request with something else than 200."""


@dataclass(frozen=True, slots=True)
class ServedHouse:
    """The app of a house, and the key of its only service."""

    client: TestClient
    key: str

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return what a posted object was answered; Refused with the answer's words."""
        answer = self.client.post(f"/api/v1{path}", json=body, headers=self._headers)
        return _answered(answer.status_code, f"POST {path}", answer)

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return what a question was answered; Refused with the answer's words."""
        answer = self.client.get(f"/api/v1{path}", params=query, headers=self._headers)
        return _answered(answer.status_code, f"GET {path}", answer)

    def advance(self, to: datetime) -> None:
        """Move the frozen time forward."""
        body = {"to": to.isoformat()}
        answer = self.client.post("/test_clock/advance", json=body, headers=self._headers)
        _answered(answer.status_code, "POST /test_clock/advance", answer)

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@contextmanager
def served_house(
    at: datetime, timezone: str, currency: str, tax_rate: Decimal = Decimal(0)
) -> Iterator[ServedHouse]:
    """Give an empty house that stands at an instant; `tax_rate` (percent) is its estimate."""
    clock = TestClock(at)
    named = Service("service-1", SERVICE_CODE, "Vectors", timezone, currency, at)
    service = replace(named, estimated_tax_rate=tax_rate)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened_house(Settings(data_dir=prepared_house(Path(folder))), clock) as house,
    ):
        with house.state.write() as connection:
            services.add_service(connection, service)
            _, key = api_keys.create_key(connection, SERVICE_CODE, house.pepper, at)
        door = create_front_door(create_app(house), house)
        with TestClient(
            door,
            base_url="http://localhost",
            client=("127.0.0.1", 50_000),
            raise_server_exceptions=False,
        ) as client:
            yield ServedHouse(client, key)


def _answered(status: int, asked: str, answer: Any) -> dict[str, Any]:  # noqa: ANN401 - an HTTP answer
    if status != OK:
        raise Refused(f"{asked} answered {status}: {answer.text[:400]}")
    return dict(answer.json())
