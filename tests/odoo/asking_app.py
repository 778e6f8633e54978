"""An app over a book's state, asked as a service asks it; its own file, for it imports slowly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.store import api_keys
from fusion_billing.app import create_app, create_front_door
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.odoo.ordering import AT
from tests.real_parts import OdooDatabase


@contextmanager
def asking(
    folder: Path, user: OdooDatabase, service_code: str
) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Run an app over a book's state, and give what asks it with a key of the service."""
    settings = Settings(
        data_dir=folder,
        odoo_url=user.url,
        odoo_database=user.database,
        odoo_login=user.login,
        odoo_password=SecretStr(user.password),
    )
    with opened_house(settings, SystemClock()) as house:
        with house.state.write() as connection:
            _, key = api_keys.create_key(connection, service_code, house.pepper, AT)
        client = TestClient(create_front_door(create_app(house), house))

        def ask(path: str) -> dict[str, Any]:
            headers = {"Authorization": f"Bearer {key}"}
            answer = client.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        yield ask
