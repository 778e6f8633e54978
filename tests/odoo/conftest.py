"""Fixtures of a real Odoo 19: one server for the run; a shared database, or a fresh one.

Tests that use them carry `pytestmark = pytest.mark.xdist_group("odoo")`, so that a parallel run
with `--dist loadgroup` starts one server in one worker. Without the mark they are still correct:
each worker then starts a server of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from odoo_bridge.fields import setup
from tests.odoo.api_keys import with_api_key
from tests.odoo.clocking import STUB
from tests.odoo.house import House
from tests.odoo_bridge.broken_line import BrokenLine, broken_line
from tests.odoo_bridge.makers import Books, entered
from tests.real_parts import ODOO, OdooDatabase, OdooServer, require, running_odoo
from tests.real_parts.odoo_database import with_integration_user

OWN_ADDONS = Path(__file__).with_name("addons")


@pytest.fixture(scope="session")
def odoo_server(pytestconfig: pytest.Config) -> Iterator[OdooServer]:
    """Run one Odoo server; modules of ours in `tests/odoo/addons` can be installed in it."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        parts = require(ODOO)
    own_addons = [OWN_ADDONS] if OWN_ADDONS.is_dir() else []
    with running_odoo(parts, own_addons) as server:
        yield server


@pytest.fixture
def odoo_database(odoo_server: OdooServer) -> Iterator[OdooDatabase]:
    """Provide a fresh copy of the template database, entered by its administrator."""
    with odoo_server.fresh_database() as database:
        yield database


@pytest.fixture
def integration_user(odoo_database: OdooDatabase) -> OdooDatabase:
    """Provide the same database, entered by the user with the bridge's minimal rights."""
    return with_integration_user(odoo_database)


@pytest.fixture(scope="session")
def shared(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase, OdooDatabase]]:
    """Provide a database with our fields: its administrator, the minimal user, and that by key."""
    with odoo_server.fresh_database() as admin:
        setup(entered(admin), dry_run=False)
        user = with_integration_user(admin)
        yield admin, user, with_api_key(admin, user)


@pytest.fixture(scope="module")
def stubbed(odoo_server: OdooServer) -> Iterator[tuple[OdooDatabase, OdooDatabase]]:
    """Provide a database with the stub and our fields: administrator, and our user by key."""
    with odoo_server.fresh_database() as admin:
        admin.call("ir.module.module", "update_list")
        modules = admin.call("ir.module.module", "search", [["name", "=", STUB]])
        admin.call("ir.module.module", "button_immediate_install", modules)
        setup(entered(admin), dry_run=False)
        yield admin, with_api_key(admin, with_integration_user(admin))


@pytest.fixture
def house(
    shared: tuple[OdooDatabase, OdooDatabase, OdooDatabase], tmp_path: Path
) -> Iterator[House]:
    """Provide empty books beside an Odoo that is entered with minimal rights."""
    admin, user, keyed = shared
    books = Books(tmp_path)
    yield House(books, entered(user), admin, user, keyed, f"t{uuid4().hex[:12]}")
    books.state.close()


@pytest.fixture
def line(odoo_server: OdooServer) -> Iterator[BrokenLine]:
    """Provide a proxy before the server that can cut calls."""
    with broken_line(odoo_server.host, odoo_server.port) as made:
        yield made
