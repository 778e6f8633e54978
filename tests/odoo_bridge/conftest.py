"""Fixtures of the scripted Odoo: what uses them is judged at both doors, JSON-RPC and JSON-2."""

from collections.abc import Iterator

import pytest

from odoo_bridge.connection import OdooConnection, OdooSettings
from tests.odoo_bridge.scripted_odoo import SECRET, ScriptedOdoo, scripted_odoo


@pytest.fixture(params=["jsonrpc", "json2"])
def server(request: pytest.FixtureRequest) -> Iterator[ScriptedOdoo]:
    """Run a scripted server, entered by each of the two transports in turn."""
    with scripted_odoo(request.param) as odoo:
        yield odoo


@pytest.fixture
def odoo(server: ScriptedOdoo) -> OdooConnection:
    """Provide a connection to the scripted server that hardly waits."""
    url = f"http://127.0.0.1:{server.port}"
    settings = OdooSettings(url, "books", "bridge", SECRET, transport=server.transport)
    return OdooConnection(settings, sleep=lambda _seconds: None)
