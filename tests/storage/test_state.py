"""The state database is migrated, durable and transactional."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql

from storage.joint_write import joining
from storage.state import MIGRATIONS, State, newest_revision, open_state
from storage.state_schema import metadata
from storage.tables import service
from tests.real_parts import PostgresServer

MOMENT = datetime(2026, 3, 8, 6, 59, 59, 123456, tzinfo=UTC)
ROW = {
    "id": "1",
    "code": "nexadesk",
    "name": "NexaDesk",
    "timezone": "America/Toronto",
    "currency": "CAD",
    "created_at": MOMENT,
}


OPEN_STATE = """
import sys
from pathlib import Path
from storage.state import open_state

print("ready", flush=True)
sys.stdin.readline()
open_state(sys.argv[1], Path(sys.argv[2])).close()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def state_of_either_kind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """Give an empty state database of either kind."""
    on_postgresql = request.param == "postgresql"
    url = psycopg_url(request.getfixturevalue("database_url")) if on_postgresql else ""
    with closing(open_state(url, tmp_path)) as state:
        yield state


def psycopg_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def open_at_once(url: str, folder: Path) -> list[int]:
    """Return the exit codes of four processes that open the same database at one moment."""
    command = [sys.executable, "-c", OPEN_STATE, url, str(folder)]
    opening = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    for process in opening:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in opening:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    for process in opening:
        process.communicate(timeout=60)
    return [process.returncode for process in opening]


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


def test_a_state_of_this_release_is_opened_without_the_migrator(tmp_path: Path) -> None:
    """The newest file's number is Alembic's head, and a state at it needs no Alembic."""
    open_state("", tmp_path).close()
    opening = "from pathlib import Path; import sys; from storage.state import open_state; "
    asked = "open_state('', Path(sys.argv[1])).close(); sys.exit('alembic' in sys.modules)"

    assert newest_revision() == ScriptDirectory(str(MIGRATIONS)).get_current_head()
    subprocess.run([sys.executable, "-c", opening + asked, str(tmp_path)], check=True, timeout=60)


def test_a_state_of_an_older_release_is_migrated(tmp_path: Path) -> None:
    """What stopped one migration before the newest gets that one when it is opened."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, f"{newest_revision()}-1")
    engine.dispose()

    with closing(open_state("", tmp_path)) as state, state.read() as connection:
        version = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    assert version == newest_revision()


def test_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    """Four processes that find no database at all come up, with the tables made once."""
    assert open_at_once("", tmp_path) == [0] * 4


def test_processes_that_start_at_once_migrate_postgresql_once(
    database_url: str, tmp_path: Path
) -> None:
    """Four processes that find an empty PostgreSQL come up, with the tables made once."""
    url = psycopg_url(database_url)
    assert open_at_once(url, tmp_path) == [0] * 4

    with closing(open_state(url, tmp_path)) as state, state.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_lost_connections_are_replaced(
    postgresql: PostgresServer, database_url: str, tmp_path: Path
) -> None:
    """After the server ended every session, reading and writing go on without an error."""
    end = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}")
    end_all = end.format(sql.Literal(database_url.rpartition("/")[2]))
    with closing(open_state(psycopg_url(database_url), tmp_path)) as state:
        postgresql.execute(end_all)
        with state.write() as connection:
            connection.execute(service.insert().values(ROW))
        postgresql.execute(end_all)
        with state.read() as connection:
            found = connection.execute(sa.select(service.c.code)).scalars().all()

    assert found == ["nexadesk"]


def test_a_read_sees_one_moment(state_of_either_kind: State) -> None:
    """What is committed during a read is not seen by it, but by the next one."""
    count = sa.select(sa.func.count()).select_from(service)
    with state_of_either_kind.read() as connection:
        first = connection.execute(count).scalar_one()
        with state_of_either_kind.write() as other:
            other.execute(service.insert().values(ROW))
        second = connection.execute(count).scalar_one()
    with state_of_either_kind.read() as connection:
        third = connection.execute(count).scalar_one()

    assert (first, second, third) == (0, 0, 1)


def test_a_read_keeps_nothing(state_of_either_kind: State) -> None:
    """A write on a reading connection is refused or forgotten, and writing goes on after it."""
    with (
        suppress(sa.exc.InternalError),
        state_of_either_kind.read() as connection,
    ):
        connection.execute(service.insert().values(ROW))
    with state_of_either_kind.write() as connection:
        connection.execute(service.insert().values(ROW))


def service_count(connection: sa.Connection) -> int:
    """Return how many services there are; a reading of the state."""
    return int(connection.execute(sa.select(sa.func.count()).select_from(service)).scalar_one())


def test_what_was_read_is_remembered_until_a_commit(state_of_either_kind: State) -> None:
    """A reading sees every commit before it, and is known without reading until the next one."""
    state = state_of_either_kind
    assert state.remembered(service_count) is None

    assert state.recalled(service_count) == 0
    with state.write() as connection:
        connection.execute(service.insert().values(ROW))
    assert state.remembered(service_count) is None
    assert state.recalled(service_count) == 1


def test_a_reading_on_sqlite_outlives_what_commits_nothing(tmp_path: Path) -> None:
    """Reading and a write that was rolled back change nothing, so nothing is read again."""
    with closing(open_state("", tmp_path)) as state:
        state.recalled(service_count)
        with suppress(RuntimeError), state.write() as connection:
            connection.execute(service.insert().values(ROW))
            raise RuntimeError("stop")
        with state.read() as connection:
            service_count(connection)

        assert state.remembered(service_count) == (0,)


def test_a_commit_of_another_process_is_seen(tmp_path: Path) -> None:
    """The command line may write beside the service: what it changed is read anew."""
    with closing(open_state("", tmp_path)) as state, closing(open_state("", tmp_path)) as other:
        assert state.recalled(service_count) == 0
        with other.write() as connection:
            connection.execute(service.insert().values(ROW))

        assert state.recalled(service_count) == 1


def test_a_commit_during_a_reading_ends_what_it_found(tmp_path: Path) -> None:
    """What was read while somebody committed is not remembered beyond that moment."""
    with closing(open_state("", tmp_path)) as state:

        def slow_count(connection: sa.Connection) -> int:
            found = service_count(connection)
            with state.write() as other:
                other.execute(service.insert().values(ROW))
            return found

        state.recalled(slow_count)

        assert state.remembered(slow_count) is None


def test_steps_of_a_joint_write_are_read_by_its_context_alone(tmp_path: Path) -> None:
    """What is not committed yet is seen within, remembered by nobody, and gone if taken back."""
    with closing(open_state("", tmp_path)) as state:
        assert state.recalled(service_count) == 0
        joint = state.joint_write()
        with joining(joint), state.write() as connection:
            connection.execute(service.insert().values(ROW))
        with joining(joint):
            assert state.recalled(service_count) == 1
            joint.roll_back()

        assert state.recalled(service_count) == 0


def test_every_commit_on_postgresql_reaches_the_disk(database_url: str, tmp_path: Path) -> None:
    """Even where the server commits without waiting for the disk, the state waits."""
    with (
        closing(open_state(psycopg_url(database_url), tmp_path)) as state,
        state.write() as connection,
    ):
        setting = connection.exec_driver_sql("SHOW synchronous_commit").scalar_one()

    assert setting == "on"
