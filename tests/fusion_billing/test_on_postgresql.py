"""The whole way with the state in a real PostgreSQL: the same routes, the same bills, once."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr

from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from storage.lake_tables import RATED_LINE
from storage.state_schema import metadata
from tests.fusion_billing.conftest import OPENED_AT, open_roof
from tests.fusion_billing.makers import a_push, a_service, open_account
from tests.real_parts import POSTGRES, require, running_postgres

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
DATABASE = "fusion"


@pytest.fixture
def house_on_postgresql(tmp_path: Path, clock: TestClock) -> Iterator[House]:
    """Give an open house whose state is in a PostgreSQL of its own."""
    with running_postgres(require(POSTGRES)) as server:
        server.create_database(DATABASE)
        url = server.url(DATABASE).replace("postgresql://", "postgresql+psycopg://")
        settings = Settings(data_dir=tmp_path, database_url=SecretStr(url))
        with opened_house(settings, clock) as house:
            with house.state.write() as connection:
                services.add_service(connection, a_service(OPENED_AT))
            yield house


def test_a_month_is_billed_once_on_postgresql(house_on_postgresql: House, clock: TestClock) -> None:
    """Catalogue, usage, bill and a second run give what they give on SQLite."""
    house = house_on_postgresql
    with open_roof(house, clock) as roof:
        open_account(roof)
        roof.post("/events", {"event": a_push("1", 150)})
        (first,) = bill_services(house, at=FEBRUARY)
        (second,) = bill_services(house, at=FEBRUARY)

    assert (first.amount_cents, second.drafts) == (5_150, ())
    assert sorted(house.lake.scan(RATED_LINE).collect()["amount_cents"]) == [150, 5_000]


def test_migrations_make_exactly_the_tables_on_postgresql(house_on_postgresql: House) -> None:
    """The migrated database and the table definitions are the same there too."""
    with house_on_postgresql.state.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)

    assert differences == []
