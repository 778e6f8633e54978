"""Alerts with the state in a real PostgreSQL: kept, told once by several lookers, and told anew."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from catalog.store.services import add_service
from fusion_billing.alerting import look_at_alerts
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.fusion_billing.alert_world import ALERTS, an_alert, ask, told, values
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.makers import a_service
from tests.fusion_billing.usage_world import a_charge, a_metric, open_plan, push
from tests.real_parts import POSTGRES, require, running_postgres

DATABASE = "fusion"


@pytest.fixture
def roof(tmp_path: Path) -> Iterator[Roof]:
    """Give a house whose state is in a PostgreSQL of its own."""
    with running_postgres(require(POSTGRES)) as server:
        server.create_database(DATABASE)
        url = server.url(DATABASE).replace("postgresql://", "postgresql+psycopg://")
        settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))
        clock = TestClock(OPENED_AT)
        with opened_house(settings, clock) as house:
            with house.state.write() as connection:
                add_service(connection, a_service(OPENED_AT))
            with open_roof(house, clock) as roof:
                yield roof


def test_many_lookers_tell_once_on_postgresql(roof: Roof) -> None:
    """Rows are locked, not the database: still nothing is told twice, and keys are made once."""
    open_plan(roof, a_charge(a_metric(roof)))
    roof.post(ALERTS, {"alert": an_alert(thresholds=[{"value": 100, "recurring": True}])})
    for number in range(1, 6):
        push(roof, f"a{number}", tokens=100)
        roof.house.flusher.flush()
        looks = [roof.clock()] * 4
        with ThreadPoolExecutor(4) as looking:
            list(looking.map(lambda at: look_at_alerts(roof.house, at=at, holder="t"), looks))

    crossed = [value for each in told(roof) for _, value in values(each)]
    assert crossed == [f"{number}00.0" for number in range(1, 6)]
    assert ask(roof, "GET", "/webhooks/json_public_key")[0] == 200
    assert ask(roof, "DELETE", ALERTS) == (200, None)
