"""An Odoo process of one test's own, on the shared databases: killed and started at will."""

import tempfile
from pathlib import Path

from tests.real_parts.odoo_server import OdooParts, OdooServer
from tests.real_parts.postgres import PostgresServer
from tests.real_parts.supervised import SupervisedServer, free_port


class OwnOdoo:
    """A server that keeps its port when it is started again; killing it is abrupt."""

    def __init__(self, parts: OdooParts, postgres: PostgresServer) -> None:
        self._parts = parts
        self.server = OdooServer("127.0.0.1", free_port(), postgres)
        self._process: SupervisedServer | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        odoo, server = self._parts.odoo, self.server
        work = Path(tempfile.mkdtemp(prefix="fusion-odoo-"))
        configuration = odoo.configure(work, server.postgres, server.port)
        command = odoo.command("-c", configuration)
        environment = odoo.environment(work)
        self._process = SupervisedServer(command, work, "SIGKILL", env=environment)
        self._process.wait_until(server.answers)

    def kill(self) -> None:
        """End the server in the middle of whatever it does."""
        if self._process:
            self._process.stop()
            self._process = None
