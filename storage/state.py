"""The state database: SQLite in WAL mode with full sync, or PostgreSQL by URL.

Opens it, migrates it and hands out connections; the rooms write the queries.
"""

import sqlite3
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from pathlib import Path
from typing import Concatenate, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection

from storage.joint_write import JointWrite, joint_of
from storage.patience import FROZEN_SECONDS_MAX, PATIENCE, SERVER_PATIENCE, StoreUnavailableError
from storage.sqlite_wal import use_wal
from storage.state_memory import StateMemory

MIGRATIONS = Path(__file__).parent / "migrations" / "state"
Found = TypeVar("Found")
Reading: TypeAlias = Callable[Concatenate[sa.Connection, ...], Found]

VERSIONS = "alembic_version"
BUSY_SECONDS_MAX = 30
FROZEN_STATE = "25P03"
MIGRATION_LOCK = 0x66_62_73_74_61_74_65
# One snapshot for all that a read sees, as in SQLite.
POSTGRESQL_READ = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class StateUnavailableError(StoreUnavailableError):
    """The state database can't be reached or used now; the transaction was rolled back."""


class State:
    """An open, migrated state database."""

    def __init__(self, url: str) -> None:
        """Open the database at a SQLAlchemy URL and bring its tables up to date."""
        # A pooled connection may have been lost meanwhile: it is tried before it is used.
        parsed = sa.make_url(url)
        self._is_sqlite = parsed.get_backend_name() == "sqlite"
        self._engine = sa.create_engine(
            parsed, pool_pre_ping=True, connect_args={} if self._is_sqlite else PATIENCE
        )
        if self._is_sqlite:
            sa.event.listen(self._engine, "connect", _configure_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        else:
            sa.event.listen(self._engine, "connect", _configure_postgresql)
        self._migrate()
        self._memory = StateMemory()
        self._watch = threading.Lock()
        self._watching = _opened_to_watch(parsed) if self._is_sqlite else None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction: committed at the end, rolled back on an error.

        In the context of a joint write it is a step of that, committed with the others.
        """
        joint = joint_of(self._engine)
        if joint is not None:
            with self._told_when_away(), joint.step() as connection:
                yield connection
            return
        with self._told_when_away(), self._engine.connect() as opened:
            connection = opened.execution_options(fusion_write=True)
            with connection.begin():
                yield connection

    def joint_write(self) -> JointWrite:
        """Return a transaction for all that a context writes; whoever asks for it ends it."""
        return JointWrite(self._engine)

    def commit(self, joint: JointWrite) -> None:
        """Commit a joint write; StateUnavailableError when the database is in trouble."""
        with self._told_when_away():
            joint.commit()

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one consistent state and writes nothing."""
        joint = joint_of(self._engine)
        if joint is not None and joint.connection is not None:
            with self._told_when_away():
                yield joint.connection
            return
        with self._told_when_away(), self._engine.connect() as opened:
            options = {} if self._is_sqlite else POSTGRESQL_READ
            yield opened.execution_options(**options)

    def recalled(self, read: Reading[Found], *asked: Hashable) -> Found:
        """Return what `read` finds for what is asked, read anew only after somebody's commit.

        What is found is shared by all who ask: nobody may change it.
        """
        known = self.remembered(read, *asked)
        return self._read_anew(read, *asked) if known is None else known[0]

    def remembered(self, read: Reading[Found], *asked: Hashable) -> tuple[Found] | None:
        """Return what `read` found, alone in a tuple, if that is known without reading."""
        return self._memory.recall(self._version(), read, *asked)

    def close(self) -> None:
        """Close every connection."""
        if self._watching is not None:
            self._watching.close()
        self._engine.dispose()

    def _read_anew(self, read: Reading[Found], *asked: Hashable) -> Found:
        # Told before the reading: a commit between the two is seen, and asked for once more.
        version = self._version()
        with self.read() as connection:
            found = read(connection, *asked)
        self._memory.keep(version, found, read, *asked)
        return found

    def _version(self) -> int | None:
        """Return a number that is another one after every commit of anybody.

        SQLite tells it to a connection that writes nothing. None where nobody tells: with
        PostgreSQL, and in a joint write, whose steps only its own context sees.
        """
        if self._watching is None or joint_of(self._engine) is not None:
            return None
        with self._watch:
            (version,) = self._watching.execute("PRAGMA data_version").fetchone()
        return int(version)

    @contextmanager
    def _told_when_away(self) -> Iterator[None]:
        """Raise what a PostgreSQL in trouble says as StateUnavailableError."""
        try:
            yield
        except sa.exc.DBAPIError as error:
            was_frozen = getattr(error.orig, "sqlstate", None) == FROZEN_STATE
            if self._is_sqlite or not (was_frozen or isinstance(error, sa.exc.OperationalError)):
                raise
            raise StateUnavailableError(
                f"the state database cannot be used ({str(error.orig).strip()}): see that the "
                "PostgreSQL of FUSION_DATABASE_URL runs and can be reached"
            ) from error

    def _migrate(self) -> None:
        if self._is_current():
            return
        with self.write() as connection:
            if not self._is_sqlite:
                # Of processes that start at once one migrates, and the others wait for it.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
            # A start that has nothing to migrate does not load the migrator.
            import_module("storage.state_upgrade").upgrade(connection, MIGRATIONS)

    def _is_current(self) -> bool:
        """Say whether every migration of this release was made."""
        with self.read() as connection:
            return sa.inspect(connection).has_table(VERSIONS) and list(
                connection.scalars(sa.text(f"SELECT version_num FROM {VERSIONS}"))  # noqa: S608
            ) == [newest_revision()]


def newest_revision() -> str:
    """Return the number of the newest migration: its file's name begins with it."""
    return max(path.name for path in MIGRATIONS.glob("versions/*_*.py")).partition("_")[0]


def open_state(url: str, folder: Path) -> State:
    """Open the state database at `url`, or `state.sqlite` in `folder` when no URL is given."""
    return State(url or f"sqlite:///{folder / 'state.sqlite'}")


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_MAX * 1000}")
    use_wal(connection)
    connection.execute("PRAGMA foreign_keys = ON")


def _opened_to_watch(url: sa.URL) -> sqlite3.Connection:
    connection = sqlite3.connect(str(url.database), check_same_thread=False, isolation_level=None)
    _configure_sqlite(connection, None)
    return connection


def _configure_postgresql(connection: DBAPIConnection, _record: object) -> None:
    # The server may be set not to wait for its disk; a commit of ours waits.
    with closing(connection.cursor()) as cursor:
        for name, value in SERVER_PATIENCE.items():
            cursor.execute(f"SET {name} = {value}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{FROZEN_SECONDS_MAX}s'")
        cursor.execute(
            "SELECT set_config('synchronous_commit', 'on', false) "
            "WHERE current_setting('synchronous_commit') = 'off'"
        )
    connection.commit()


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: upgrading a read lock later can fail with no retry.
    writes = connection.get_execution_options().get("fusion_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
