"""Real parts for tests: PostgreSQL, Chromium, Node, an Odoo 19 server, prepared on this machine.

Nothing here imports the product. A test asks for a part with `require`, which prepares it where
that is possible and otherwise skips the test (or fails it in CI) with the reason and the cure.
"""

from tests.real_parts.availability import (
    CHROMIUM,
    CURL,
    NODE,
    ODOO,
    PARTS,
    POSTGRES,
    Part,
    require,
)
from tests.real_parts.faults import PartMissingError
from tests.real_parts.node import NodeParts
from tests.real_parts.odoo_database import OdooDatabase, OdooRefusalError
from tests.real_parts.odoo_server import OdooServer, running_odoo
from tests.real_parts.postgres import PostgresServer, running_postgres

__all__ = [
    "CHROMIUM",
    "CURL",
    "NODE",
    "ODOO",
    "PARTS",
    "POSTGRES",
    "NodeParts",
    "OdooDatabase",
    "OdooRefusalError",
    "OdooServer",
    "Part",
    "PartMissingError",
    "PostgresServer",
    "require",
    "running_odoo",
    "running_postgres",
]
