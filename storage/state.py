"""The state database: SQLite in WAL mode with full sync, or PostgreSQL by URL.

Opens it, migrates it and hands out connections; the rooms write the queries.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

MIGRATIONS = Path(__file__).parent / "migrations" / "state"
BUSY_SECONDS_MAX = 30


class State:
    """An open, migrated state database."""

    def __init__(self, url: str) -> None:
        """Open the database at a SQLAlchemy URL and bring its tables up to date."""
        self._engine = sa.create_engine(url)
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _configure_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        self._migrate()

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Give a connection in one transaction: committed at the end, rolled back on an error."""
        with self._engine.connect() as opened:
            connection = opened.execution_options(fusion_write=True)
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one consistent state and writes nothing."""
        with self._engine.connect() as connection:
            yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        self._engine.dispose()

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        with self.write() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def open_state(url: str, folder: Path) -> State:
    """Open the state database at `url`, or `state.sqlite` in `folder` when no URL is given."""
    return State(url or f"sqlite:///{folder / 'state.sqlite'}")


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS_MAX * 1000}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: sa.Connection) -> None:
    # A writer takes the lock at once: upgrading a read lock later can fail with no retry.
    writes = connection.get_execution_options().get("fusion_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
