"""A whole house in a temporary folder, with a clock the test moves, and its app over HTTP."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from starlette.testclient import TestClient

from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.scheduler import Scheduler
from fusion_billing.settings import Settings
from tests.fusion_billing.makers import a_service
from tests.prepared import prepared_house

OPENED_AT = datetime(2026, 1, 1, 5, 0, tzinfo=UTC)


@dataclass
class Roof:
    """The open house, its clock, and a client of its app."""

    house: House
    clock: TestClock
    client: TestClient
    key: str
    scheduler: Scheduler

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON with the key of nexadesk and return the answer, which must be a 200."""
        answer = self.client.post(f"/api/v1{path}", json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, path: str) -> dict[str, Any]:
        """Get JSON with the key of nexadesk."""
        answer = self.client.get(f"/api/v1{path}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    @property
    def app(self) -> FastAPI:
        """Return the app behind whatever stands before it."""
        found: Any = self.client.app
        while not isinstance(found, FastAPI):
            found = found.app
        return found

    @property
    def headers(self) -> dict[str, str]:
        """Return the authorization header of nexadesk."""
        return {"Authorization": f"Bearer {self.key}"}


@pytest.fixture
def clock() -> TestClock:
    """Give a clock that stands at the first of January in Toronto."""
    return TestClock(OPENED_AT)


@contextmanager
def open_house(folder: Path, clock: TestClock) -> Iterator[House]:
    """Open a house with the service nexadesk in an empty folder."""
    with opened_house(Settings(data_dir=prepared_house(folder)), clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
        yield house


@contextmanager
def fresh_roof(folder: Path) -> Iterator[Roof]:
    """Run the app of a new house: for tests that need one for each example."""
    clock = TestClock(OPENED_AT)
    with open_house(folder, clock) as house, open_roof(house, clock) as roof:
        yield roof


@pytest.fixture
def house(tmp_path: Path, clock: TestClock) -> Iterator[House]:
    """Give an open house with the service nexadesk."""
    with open_house(tmp_path, clock) as house:
        yield house


@contextmanager
def open_roof(house: House, clock: TestClock) -> Iterator[Roof]:
    """Run the app of a house, with a fresh key of nexadesk."""
    with house.state.write() as connection:
        _, key = api_keys.create_key(connection, "nexadesk", house.pepper, OPENED_AT)
    app = create_app(house)
    with TestClient(
        create_front_door(app, house),
        base_url="http://localhost",
        client=("127.0.0.1", 50_000),
        raise_server_exceptions=False,
    ) as client:
        yield Roof(house, clock, client, key, app.state.scheduler)


@pytest.fixture
def roof(house: House, clock: TestClock) -> Iterator[Roof]:
    """Give the house's app, up and running."""
    with open_roof(house, clock) as roof:
        yield roof


@pytest.fixture
def own_logs() -> Iterator[None]:
    """Give the loggers back as they were."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
