"""A whole house that bills January, with no Odoo or with one that its settings name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.services import Service
from catalog.store import api_keys, services
from fusion_billing.app import create_app, create_front_door
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.makers import a_push, a_service, open_account
from tests.odoo_bridge.scripted_odoo import SECRET, ScriptedOdoo, scripted_odoo
from tests.prepared import prepared_house

CLOSED_AT = datetime(2026, 2, 1, 6, tzinfo=UTC)
OTHER = "nexamaps"


@contextmanager
def billed_roof(folder: Path, **known: object) -> Iterator[Roof]:
    """Run the app of a house that has billed January of nexadesk's account acme."""
    clock = TestClock(OPENED_AT)
    settings = Settings(data_dir=prepared_house(folder), **known)  # type: ignore[arg-type]
    with opened_house(settings, clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
            _, key = api_keys.create_key(connection, "nexadesk", house.pepper, OPENED_AT)
        app = create_app(house)
        with TestClient(create_front_door(app, house), base_url="http://localhost") as client:
            roof = Roof(house, clock, client, key, app.state.scheduler)
            open_account(roof, amount="0.0333", amount_cents=4_990)
            roof.post("/events", {"event": a_push("1", tokens=1_777)})
            bill_services(house, at=CLOSED_AT)
            clock.advance(CLOSED_AT)
            yield roof


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roof]:
    """Give a billed house without any Odoo; the tests of a module only ask it."""
    with billed_roof(tmp_path_factory.mktemp("house")) as roof:
        yield roof


@pytest.fixture(scope="module")
def script() -> Iterator[ScriptedOdoo]:
    """Run a scripted Odoo."""
    with scripted_odoo("jsonrpc") as odoo:
        yield odoo


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory, script: ScriptedOdoo) -> Iterator[Roof]:
    """Give a billed house beside a scripted Odoo."""
    folder = tmp_path_factory.mktemp("house")
    with billed_roof(folder, **odoo_settings(script.port)) as roof:
        yield roof


def odoo_settings(port: int) -> dict[str, object]:
    """Return settings that name an Odoo of this machine."""
    return {
        "odoo_url": f"http://127.0.0.1:{port}",
        "odoo_database": "books",
        "odoo_login": "bridge",
        "odoo_password": SecretStr(SECRET),
    }


def key_of_other_service(house: House) -> str:
    """Make a second service and return its key."""
    service = Service("service-2", OTHER, OTHER, "America/Toronto", "CAD", OPENED_AT)
    with house.state.write() as connection:
        services.add_service(connection, service)
        _, key = api_keys.create_key(connection, OTHER, house.pepper, OPENED_AT)
    return key
