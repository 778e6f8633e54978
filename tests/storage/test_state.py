"""The state database is migrated, durable and transactional."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from storage.state import open_state
from storage.tables import metadata, service

MOMENT = datetime(2026, 3, 8, 6, 59, 59, 123456, tzinfo=UTC)
ROW = {
    "id": "1",
    "code": "nexadesk",
    "name": "NexaDesk",
    "timezone": "America/Toronto",
    "currency": "CAD",
    "created_at": MOMENT,
}


def test_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    """The migrated database and the table definitions are the same."""
    state = open_state("", tmp_path)
    with state.read() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    state.close()

    assert differences == []


def test_every_commit_reaches_the_disk(tmp_path: Path) -> None:
    """SQLite runs in WAL mode with full sync and checks foreign keys."""
    state = open_state("", tmp_path)
    with state.read() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    state.close()

    assert pragmas == ["wal", 2, 1]


def test_instants_keep_their_microseconds(tmp_path: Path) -> None:
    """An instant comes back exactly, in UTC; a naive one is refused."""
    state = open_state("", tmp_path)
    with state.write() as connection:
        connection.execute(service.insert().values(ROW))
    with state.read() as connection:
        found = connection.execute(sa.select(service.c.created_at)).scalar_one()
    with pytest.raises(sa.exc.StatementError, match="timezone"), state.write() as connection:
        connection.execute(service.insert().values(ROW | {"created_at": datetime(2026, 1, 1)}))  # noqa: DTZ001
    state.close()

    assert found == MOMENT


def test_a_failed_write_keeps_nothing(tmp_path: Path) -> None:
    """A write that raises is rolled back as a whole."""
    state = open_state("", tmp_path)

    def write_and_stop() -> None:
        with state.write() as connection:
            connection.execute(service.insert().values(ROW))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        write_and_stop()
    with state.read() as connection:
        count = connection.execute(sa.select(sa.func.count()).select_from(service)).scalar_one()
    state.close()

    assert count == 0


def test_opening_twice_migrates_once(tmp_path: Path) -> None:
    """A second opening finds the tables and keeps the rows."""
    first = open_state("", tmp_path)
    with first.write() as connection:
        connection.execute(service.insert().values(ROW))
    first.close()

    second = open_state("", tmp_path)

    with second.read() as connection:
        assert connection.execute(sa.select(service.c.code)).scalars().all() == ["nexadesk"]
    second.close()
