"""One Odoo server for a whole test run, with a fresh copy of the template for each test."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen
from uuid import uuid4

from tests.real_parts.odoo_database import OdooDatabase
from tests.real_parts.odoo_program import OdooProgram
from tests.real_parts.odoo_template import ADMIN, TEMPLATE_DATABASE
from tests.real_parts.postgres import HOST, PostgresServer, running_postgres
from tests.real_parts.supervised import SupervisedServer, free_port

HEALTH_SECONDS_MAX = 5


@dataclass(frozen=True)
class OdooParts:
    """Everything an Odoo server is started from."""

    odoo: OdooProgram
    postgres_programs: Path
    template: Path


@dataclass(frozen=True)
class OdooServer:
    """A running server: where it listens and where its databases are."""

    host: str
    port: int
    postgres: PostgresServer

    @property
    def url(self) -> str:
        """Return the address of the server."""
        return f"http://{self.host}:{self.port}"

    @contextmanager
    def fresh_database(self) -> Iterator[OdooDatabase]:
        """Provide a copy of the template of its own, as seen by the administrator."""
        name = f"test_{uuid4().hex}"
        self.postgres.create_database(name, TEMPLATE_DATABASE)
        try:
            yield OdooDatabase(self.host, self.port, name, ADMIN, ADMIN)
        finally:
            self.postgres.drop_database(name)

    def answers(self) -> bool:
        """Tell whether the server is up."""
        try:
            with urlopen(f"{self.url}/web/health", timeout=HEALTH_SECONDS_MAX) as response:
                return bool(response.status == HTTPStatus.OK)
        except (URLError, OSError):
            return False


@contextmanager
def running_odoo(parts: OdooParts, own_addons: Sequence[Path] = ()) -> Iterator[OdooServer]:
    """Run a server on the packed template; `own_addons` are further folders of modules."""
    with (
        running_postgres(parts.postgres_programs, packed=parts.template) as postgres,
        tempfile.TemporaryDirectory(prefix="fusion-odoo-", ignore_cleanup_errors=True) as work,
    ):
        server = OdooServer(HOST, free_port(), postgres)
        process = _start(parts.odoo, server, Path(work), own_addons)
        try:
            process.wait_until(server.answers)
            yield server
        finally:
            process.stop()


def _start(
    odoo: OdooProgram, server: OdooServer, work: Path, own_addons: Sequence[Path]
) -> SupervisedServer:
    configuration = odoo.configure(work, server.postgres, server.port, own_addons)
    command = odoo.command("-c", configuration)
    return SupervisedServer(command, work, "SIGTERM", env=odoo.environment(work))
