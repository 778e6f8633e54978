"""A real PostgreSQL for the storage tests: one server, an empty database for each test."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.real_parts import POSTGRES, PostgresServer, require, running_postgres

_numbers = count(1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """Give a running server."""
    with running_postgres(require(POSTGRES)) as server:
        yield server


@pytest.fixture
def database_url(postgresql: PostgresServer) -> Iterator[str]:
    """Give the URL of an empty database, dropped at the end whoever still uses it."""
    name = f"storage_{next(_numbers)}"
    postgresql.create_database(name)
    yield postgresql.url(name)
    postgresql.drop_database(name)
