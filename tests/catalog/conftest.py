"""A small house with the catalogue's routers only, two services, and a clock tests can turn."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

import catalog.routes.billable_metrics
import catalog.routes.customers
import catalog.routes.fixed_charges
import catalog.routes.plan_charge_filters
import catalog.routes.plan_charges
import catalog.routes.plans
import catalog.routes.subscription_charge_filters
import catalog.routes.subscription_charges
import catalog.routes.subscriptions
from catalog.http import BodyLimit, Limits, install_error_handlers
from catalog.services import Service
from catalog.store.api_keys import create_key
from catalog.store.services import add_service
from storage.state import State, open_state

PEPPER = b"pepper of the tests"
START = datetime(2026, 8, 10, 12, 0, tzinfo=UTC)
ROUTERS = (
    catalog.routes.billable_metrics.router,
    catalog.routes.customers.router,
    catalog.routes.plans.router,
    catalog.routes.plan_charges.router,
    catalog.routes.plan_charge_filters.router,
    catalog.routes.fixed_charges.router,
    catalog.routes.subscriptions.router,
    catalog.routes.subscriptions.customer_router,
    catalog.routes.subscription_charges.router,
    catalog.routes.subscription_charge_filters.router,
)

Json = dict[str, Any]


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Caller:
    """One service's app: calls the API with its key."""

    http: TestClient
    key: str
    service: Service
    headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.headers = {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, path: str, status: int = 200, body: object = None) -> Json:
        url = f"/api/v1{path}"
        answer = self.http.request(method, url, headers=self.headers, json=body)
        assert (answer.status_code, answer.text) == (status, answer.text)
        answered: Json = answer.json()
        return answered

    def get(self, path: str, status: int = 200) -> Json:
        return self.ask("GET", path, status)

    def post(self, path: str, body: object, status: int = 200) -> Json:
        return self.ask("POST", path, status, body)

    def put(self, path: str, body: object, status: int = 200) -> Json:
        return self.ask("PUT", path, status, body)

    def delete(self, path: str, status: int = 200) -> Json:
        return self.ask("DELETE", path, status)

    def faults(self, method: str, path: str, body: object) -> Json:
        refusal = self.ask(method, path, 422, body)
        assert refusal["code"] == "validation_errors"
        details: Json = refusal["error_details"]
        return details


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one database; each test gets a copy, which is a hundred times faster."""
    folder = tmp_path_factory.mktemp("migrated")
    open_state("", folder).close()
    return folder / "state.sqlite"


@pytest.fixture
def state(tmp_path: Path, migrated: Path) -> Iterator[State]:
    shutil.copy(migrated, tmp_path)
    opened = open_state("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def built_app() -> FastAPI:
    built = FastAPI()
    api = APIRouter(prefix="/api/v1")
    for router in ROUTERS:
        api.include_router(router)
    built.include_router(api)
    built.add_middleware(BodyLimit, limits=Limits())
    install_error_handlers(built)
    return built


@pytest.fixture(scope="session")
def routed_app() -> FastAPI:
    """Build the routes once: that takes longer than most tests."""
    return built_app()


@pytest.fixture
def app(routed_app: FastAPI, state: State, clock: Clock) -> FastAPI:
    routed_app.state.state = state
    routed_app.state.pepper = PEPPER
    routed_app.state.clock = clock
    routed_app.state.limits = Limits()
    return routed_app


@pytest.fixture
def a_caller(app: FastAPI, state: State) -> Callable[[str], Caller]:
    """Make a service and an app that calls with its key."""

    def make(code: str) -> Caller:
        service = Service(code, code, code.title(), "America/Toronto", "CAD", START)
        with state.write() as connection:
            add_service(connection, service)
            _, key = create_key(connection, code, PEPPER, START)
        return Caller(TestClient(app, raise_server_exceptions=False), key, service)

    return make


@pytest.fixture
def caller(a_caller: Callable[[str], Caller]) -> Caller:
    return a_caller("nexadesk")


@pytest.fixture
def other(a_caller: Callable[[str], Caller]) -> Caller:
    return a_caller("nexacloud")
