"""A key, its answer and its effect in a real PostgreSQL: one transaction, whatever cuts it off."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from catalog.store.services import add_service
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.idempotency import store
from fusion_billing.settings import Settings
from storage.request_tables import kept_request
from storage.state_schema import metadata
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.dying_request import ask_for_endpoint
from tests.fusion_billing.makers import a_service
from tests.real_parts import POSTGRES, require, running_postgres

DATABASE = "fusion"
ENDPOINT = metadata.tables["webhook_endpoint"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Give a folder and a database with the service nexadesk in them."""
    with running_postgres(require(POSTGRES)) as server:
        server.create_database(DATABASE)
        url = server.url(DATABASE).replace("postgresql://", "postgresql+psycopg://")
        given = Settings(data_dir=tmp_path_factory.mktemp("house"), database_url=SecretStr(url))
        with (
            opened_house(given, TestClock(OPENED_AT)) as house,
            house.state.write() as connection,
        ):
            add_service(connection, a_service(OPENED_AT))
        yield given


@contextmanager
def roof_over(settings: Settings) -> Iterator[Roof]:
    """Open the house as the next process does."""
    clock = TestClock(OPENED_AT)
    with opened_house(settings, clock) as house, open_roof(house, clock) as roof:
        yield roof


def kept_of(settings: Settings, key: str) -> tuple[int, int]:
    """Return how many answers are kept under a key, and how many of its effects are there."""
    engine = sa.create_engine(settings.database_url.get_secret_value())
    answers = sa.select(sa.func.count()).where(
        kept_request.c.idempotency_key == key, kept_request.c.status.is_not(None)
    )
    effects = sa.select(sa.func.count()).where(ENDPOINT.c.url.contains(f"//{key}."))
    with engine.connect() as connection:
        found = connection.scalar(answers), connection.scalar(effects)
    engine.dispose()
    return int(found[0] or 0), int(found[1] or 0)


@pytest.mark.parametrize(("place", "there"), [("keeping", 0), ("kept", 1)])
def test_killed_beside_the_commit_key_and_effect_are_both_there_or_neither(
    place: str, there: int, settings: Settings
) -> None:
    """A process killed before its commit leaves neither, after it both; a repeat makes it one."""
    program = [sys.executable, "-m", "tests.fusion_billing.dying_request", str(settings.data_dir)]
    url = settings.database_url.get_secret_value()
    done = subprocess.run(
        [*program, place], capture_output=True, text=True, check=False,
        env=os.environ | {"FUSION_DATABASE_URL": url},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert kept_of(settings, place) == (there, there)

    with roof_over(settings) as roof:
        status, _, is_replay = ask_for_endpoint(roof, place)
    assert (status, is_replay) == (200, bool(there))
    assert kept_of(settings, place) == (1, 1)


def test_an_answer_that_cannot_be_kept_takes_its_effect_along(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the answer's write fails nothing of the request stays; the next process does it."""

    def fail(*_: object) -> bool:
        raise sa.exc.OperationalError("cut", None, Exception("the server went away"))

    with roof_over(settings) as roof, monkeypatch.context() as broken:
        broken.setattr(store, "finish", fail)
        assert ask_for_endpoint(roof, "refused")[0] == 503
        assert kept_of(settings, "refused") == (0, 0)

    with roof_over(settings) as roof:
        assert ask_for_endpoint(roof, "refused")[0] == 200
    assert kept_of(settings, "refused") == (1, 1)
