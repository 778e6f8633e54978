"""The lives that Lago's clients have lived here, one of each client a run of the tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lago_clients.javascript import live
from tests.lago_clients.python_client import python_client
from tests.lago_clients.python_selling import sell
from tests.lago_clients.python_using import leave, read, use
from tests.lago_clients.python_with_odoo import ask_odoo
from tests.lago_clients.recorder import Exchange
from tests.lago_clients.served import TWELFTH, Served, served, served_with_odoo
from tests.real_parts import NODE, require


@pytest.fixture(scope="session")
def python_life(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Give every exchange of the Python client's life; each answer passed its models."""
    with served(tmp_path_factory.mktemp("python")) as world:
        lago = python_client(world)
        sell(lago)
        world.clock.advance(TWELFTH)
        use(lago)
        world.end_month()
        read(lago)
        leave(lago)
        return world.recorder.exchanges


@pytest.fixture(scope="session")
def javascript_life(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Give every exchange of the JavaScript client's life, in Node."""
    node = require(NODE)
    folder = tmp_path_factory.mktemp("node")
    with served(tmp_path_factory.mktemp("javascript")) as world:
        live("sell", "/api/billing/v1", world, node, folder)
        world.clock.advance(TWELFTH)
        live("use", "/api/billing/v1", world, node, folder)
        world.end_month()
        live("read", "/api/billing/v1", world, node, folder)
        return world.recorder.exchanges


@pytest.fixture(scope="session")
def lives_with_odoo(tmp_path_factory: pytest.TempPathFactory) -> list[Exchange]:
    """Give what both clients ask of a house with an Odoo, one after the other."""
    node = require(NODE)
    with served_with_odoo(tmp_path_factory.mktemp("with_odoo")) as world:
        ask_odoo(python_client(world))
        live("odoo", "/api/billing/v1", world, node, tmp_path_factory.mktemp("node_odoo"))
        return world.recorder.exchanges


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give a served house that a module's tests share."""
    with served(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder for a program of Node."""
    return tmp_path_factory.mktemp("program")
