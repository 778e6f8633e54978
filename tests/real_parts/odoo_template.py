"""The template database: a Canadian company in Ontario with sales and invoicing, ready to copy.

It is made once, inside a private PostgreSQL server that is then packed whole into the cache.
Attachments live in the database, so that a copy of the database is a copy of everything.
"""

import hashlib
import tempfile
from pathlib import Path
from typing import LiteralString

from psycopg import sql

from tests.real_parts.cache import build_once, cached
from tests.real_parts.commands import Words, run, say
from tests.real_parts.odoo_program import OdooProgram
from tests.real_parts.postgres import PostgresServer, packing_postgres

RECIPE = 1
TEMPLATE_DATABASE = "template_odoo"
ADMIN = "admin"
LANGUAGE = "en_CA"
MODULES = ("rpc", "sale_management", "l10n_ca", "base_automation")
PACKED = "cluster.tar"
BEFORE_MODULES = (
    "UPDATE res_company SET name = 'Maple Test Company' WHERE id = 1",
    """
    UPDATE res_partner SET name = 'Maple Test Company', city = 'Toronto', state_id = (
        SELECT s.id FROM res_country_state s JOIN res_country c ON c.id = s.country_id
        WHERE c.code = 'CA' AND s.code = 'ON'
    ) WHERE id = 1
    """,
    "INSERT INTO ir_config_parameter (key, value) VALUES ('ir_attachment.location', 'db')",
)
AFTER_MODULES = ("VACUUM ANALYZE",)
# A database that anybody is connected to cannot be copied: from now on nobody can be.
CLOSED = f"ALTER DATABASE {TEMPLATE_DATABASE} WITH IS_TEMPLATE true ALLOW_CONNECTIONS false"


def find_template(odoo: OdooProgram, programs: Path) -> Path | None:
    """Return the packed PostgreSQL server that holds the template, if it is in the cache."""
    folder = cached(_entry(odoo, programs))
    return folder / PACKED if folder else None


def ensure_template(odoo: OdooProgram, programs: Path) -> Path:
    """Return the packed PostgreSQL server that holds the template, making it if needed."""

    def build(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="fusion-odoo-") as work:
            _build(odoo, programs, Path(work), folder / PACKED)

    return build_once(_entry(odoo, programs), build) / PACKED


def _entry(odoo: OdooProgram, programs: Path) -> str:
    recipe = (RECIPE, LANGUAGE, MODULES, BEFORE_MODULES, AFTER_MODULES, CLOSED)
    postgres = run([programs / "postgres", "--version"])
    facts = f"{recipe} {postgres} {odoo.tree.name} {odoo.python.parent.parent.name}"
    return f"odoo-19-template-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def _build(odoo: OdooProgram, programs: Path, work: Path, packed: Path) -> None:
    say("starting a PostgreSQL server for Odoo's template database")
    with packing_postgres(programs, packed) as postgres:
        configuration = odoo.configure(work, postgres, port=0)
        environment = odoo.environment(work)
        say("creating Odoo's template database (15 seconds)")
        create: Words = ["db", "-c", configuration, "init", TEMPLATE_DATABASE]
        create += ["--country", "CA", "--language", LANGUAGE]
        create += ["--username", ADMIN, "--password", ADMIN]
        run(odoo.command(*create), env=environment, cwd=work)
        _execute(postgres, TEMPLATE_DATABASE, BEFORE_MODULES)
        say("installing sales, invoicing and the Canadian chart of accounts (40 seconds)")
        install: Words = ["-c", configuration, "-d", TEMPLATE_DATABASE, "-i", ",".join(MODULES)]
        install += ["--stop-after-init", "--no-http"]
        run(odoo.command(*install), env=environment, cwd=work)
        _execute(postgres, TEMPLATE_DATABASE, AFTER_MODULES)
        _execute(postgres, "postgres", (CLOSED,))


def _execute(
    postgres: PostgresServer, database: str, statements: tuple[LiteralString, ...]
) -> None:
    for statement in statements:
        postgres.execute(sql.SQL(statement), database)
