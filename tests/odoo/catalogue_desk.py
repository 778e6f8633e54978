"""An app of one service, before a real Odoo that owns its catalogue and knows one metric."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.store import api_keys
from catalog.store.services import add_service
from fusion_billing.app import create_app, create_front_door
from fusion_billing.catalogue import read_from_odoo
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from odoo_bridge.odoo_value import OdooValue
from tests.fusion_billing.makers import a_service
from tests.odoo_bridge.makers import entered
from tests.real_parts import OdooDatabase

COUNTED = '{"aggregation_type": "sum_agg", "field_name": "count"}'
FIELDS = ["name", "active", "list_price", "x_fc_plan_code", "x_fc_charge_code", "write_date"]
FIELDS += ["x_fc_charge_properties", "invoice_policy"]

Ask = Callable[..., tuple[int, Any]]


@contextmanager
def asking_desk(folder: Path, user: OdooDatabase, key: str, port: int = 0) -> Iterator[Ask]:
    """Run an app over a folder and give what asks it by a key; another port goes by a proxy."""
    with opened_house(_settings(folder, user, port), SystemClock()) as house:
        client = TestClient(create_front_door(create_app(house), house))

        def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
            headers = {"Authorization": f"Bearer {key}"}
            answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
            return answer.status_code, answer.json()

        yield ask


def open_desk(folder: Path, inside: OdooDatabase, user: OdooDatabase, code: str) -> str:
    """Make the service in a folder, its metric in Odoo, and return a key of the service."""
    metric = {"name": "Tokens", "x_fc_service": code, "x_fc_metric_code": "tokens"}
    inside.call("product.template", "create", metric | {"x_fc_metric_properties": COUNTED})
    clock = SystemClock()
    with opened_house(_settings(folder, user), clock) as house:
        with house.state.write() as connection:
            add_service(connection, replace(a_service(clock()), id=code, code=code))
            _, key = api_keys.create_key(connection, code, house.pepper, clock())
        read_from_odoo(house.state, entered(user), at=clock())
    return str(key)


def products_of(inside: OdooDatabase, code: str) -> list[OdooValue]:
    """Return every product that says something of a plan of a service, archived too."""
    mine = [["x_fc_service", "=", code], ["x_fc_plan_code", "!=", False]]
    context = {"active_test": False}
    model = "product.template"
    return list(inside.call(model, "search_read", mine, FIELDS, order="id", context=context))


def _settings(folder: Path, user: OdooDatabase, port: int = 0) -> Settings:
    return Settings(
        data_dir=folder,
        catalogue_owner="odoo",
        odoo_url=f"http://{user.host}:{port or user.port}",
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
        odoo_transport="json2",
    )
