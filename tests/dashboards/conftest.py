"""The seeded house, opened once for all tests that only read it."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from storage.lake import Lake
from tests.dashboards.seed import open_seeded, seeded_app
from tests.prepared import prepared_lake


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    lake, state = open_seeded(tmp_path_factory.mktemp("seeded"))
    with TestClient(seeded_app(lake, state)) as seeded:
        yield seeded
    lake.close()
    state.close()


@pytest.fixture
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    opened = Lake(prepared_lake(tmp_path_factory.mktemp("lake")))
    yield opened
    opened.close()
