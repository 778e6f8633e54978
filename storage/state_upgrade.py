"""Alembic, run on the state: loaded only where there is something to migrate."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config


def upgrade(connection: sa.Connection, migrations: Path) -> None:
    """Make all migrations of a folder that were not made yet, in the connection's transaction."""
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
