"""A private PostgreSQL server for one test run, thrown away at the end.

It listens on a loopback port (random password) and on a socket inside its own closed folder. A
whole server can be packed into one file, from which the next one starts within two seconds.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.real_parts import postgres_data
from tests.real_parts.supervised import SupervisedServer, free_port

HOST = "127.0.0.1"
USER = "tester"
SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "100",
    "shared_buffers": "256MB",
    "jit": "off",
    "max_wal_size": "256MB",
    "timezone": "UTC",
}
FORGETFUL_SETTINGS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class PostgresServer:
    """A running server: where it listens and how to enter it."""

    port: int
    folder: Path
    password: str = field(repr=False)
    host: str = HOST
    user: str = USER

    def url(self, database: str) -> str:
        """Return the URL of a database over loopback TCP."""
        return f"postgresql://{self.user}:{self.password}@{self.host}:{self.port}/{database}"

    def execute(self, statement: sql.Composed | sql.SQL, database: str = "postgres") -> None:
        """Execute one statement outside any transaction."""
        with self._connected(database) as connection:
            connection.execute(statement)

    def create_database(self, name: str, template: str = "template1") -> None:
        """Create a database, empty or as a copy of another one that nobody uses."""
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        self.execute(create.format(sql.Identifier(name), sql.Identifier(template)))

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever still uses it."""
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        self.execute(drop.format(sql.Identifier(name)))

    def answers(self) -> bool:
        """Tell whether the server accepts connections."""
        try:
            self._connected("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _connected(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(self.folder), port=self.port, user=USER, dbname=database, autocommit=True
        )


@contextmanager
def running_postgres(
    programs: Path, *, packed: Path | None = None, keeps_promises: bool = False
) -> Iterator[PostgresServer]:
    """Run a server, new or from a packed one; `keeps_promises` makes its commits durable."""
    account = postgres_data.postgres_account()
    with postgres_data.private_folder(account, in_memory=not keeps_promises) as folder:
        data = folder / "data"
        if packed:
            postgres_data.unpack(packed, data, account)
        else:
            postgres_data.initialise(programs, data, USER, account)
        settings = SETTINGS if keeps_promises else SETTINGS | FORGETFUL_SETTINGS
        server, process = _start(programs, folder, settings, account)
        try:
            yield server
        finally:
            process.stop()


@contextmanager
def packing_postgres(programs: Path, packed: Path) -> Iterator[PostgresServer]:
    """Run a new server and, if all went well, pack it at the end."""
    account = postgres_data.postgres_account()
    with postgres_data.private_folder(account, in_memory=True) as folder:
        data = folder / "data"
        postgres_data.initialise(programs, data, USER, account)
        server, process = _start(programs, folder, SETTINGS | FORGETFUL_SETTINGS, account)
        try:
            yield server
            postgres_data.halt(programs, data, account)
            process.wait_until_ended()
            postgres_data.pack(data, packed)
        finally:
            process.stop()


def _start(
    programs: Path, folder: Path, settings: dict[str, str], account: str | None
) -> tuple[PostgresServer, SupervisedServer]:
    server = PostgresServer(free_port(), folder, secrets.token_hex(16))
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    command += ["-p", str(server.port), "-k", str(folder)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    process = SupervisedServer(command, folder, "SIGINT", account=account)
    process.wait_until(server.answers)
    alter = sql.SQL("ALTER ROLE {} PASSWORD {}")
    server.execute(alter.format(sql.Identifier(USER), sql.Literal(server.password)))
    return server, process
