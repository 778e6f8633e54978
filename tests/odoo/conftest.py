"""Fixtures of a real Odoo 19: one server for the run, a fresh database for each test.

Tests that use them carry `pytestmark = pytest.mark.xdist_group("odoo")`, so that a parallel run
with `--dist loadgroup` starts one server in one worker. Without the mark they are still correct:
each worker then starts a server of its own.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

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
