"""How Odoo's program is called: its Python, its tree, its configuration file, its environment."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.real_parts.commands import Words
from tests.real_parts.postgres import HOST, PostgresServer

CONFIGURATION = """\
[options]
addons_path = {addons}
admin_passwd = {master_password}
data_dir = {folder}/data
db_host = {postgres.host}
db_port = {postgres.port}
db_user = {postgres.user}
db_password = {postgres.password}
http_interface = {host}
http_port = {port}
max_cron_threads = 0
limit_memory_soft = 0
limit_memory_hard = 0
skip_auto_install = True
log_handler = :INFO,odoo.addons.rpc.controllers.jsonrpc:ERROR,werkzeug:WARNING
"""


@dataclass(frozen=True)
class OdooProgram:
    """An unpacked Odoo and the Python that runs it."""

    python: Path
    tree: Path

    def command(self, *arguments: str | Path) -> Words:
        """Return the command line of Odoo with these arguments."""
        return [self.python, "-m", "odoo", *arguments]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of Odoo: nothing of ours but the search path."""
        return {
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(self.tree),
            "TZ": "UTC",
        }

    def configure(
        self, folder: Path, postgres: PostgresServer, port: int, own_addons: Sequence[Path] = ()
    ) -> Path:
        """Write the configuration file of a server that works in this folder."""
        addons = [self.tree / "odoo" / "addons", *own_addons]
        configuration = folder / "odoo.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            CONFIGURATION.format(
                addons=",".join(str(folder) for folder in addons),
                master_password=secrets.token_hex(16),
                folder=folder,
                postgres=postgres,
                host=HOST,
                port=port,
            )
        )
        return configuration
