"""The parts a test can require, and what happens when one is missing."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NoReturn, Protocol, TypeVar

import pytest

from tests.real_parts import packages
from tests.real_parts.commands import retry_command
from tests.real_parts.faults import PartMissingError
from tests.real_parts.node import ensure_node, find_node
from tests.real_parts.odoo_program import OdooProgram
from tests.real_parts.odoo_python import ensure_python, find_python
from tests.real_parts.odoo_server import OdooParts
from tests.real_parts.odoo_template import ensure_template, find_template
from tests.real_parts.odoo_tree import ensure_tree, find_tree

Found_co = TypeVar("Found_co", covariant=True)

PROCESSES = Path("/proc/self")
_reasons_known: dict[str, str] = {}


class Ensure(Protocol[Found_co]):
    """Return the part, installed or built if need be."""

    def __call__(self, *, may_use_sudo: bool) -> Found_co:
        """Return the part, or raise PartMissingError."""


@dataclass(frozen=True)
class Part(Generic[Found_co]):
    """Something real that tests need; `find` only looks, `ensure` also installs or builds."""

    name: str
    find: Callable[[], Found_co]
    ensure: Ensure[Found_co]


def require(part: Part[Found_co]) -> Found_co:
    """Return the part, prepared if need be; otherwise skip the test, or fail it in CI."""
    if part.name in _reasons_known:
        _give_up(_reasons_known[part.name])
    try:
        return part.ensure(may_use_sudo=False)
    except PartMissingError as missing:
        _reasons_known[part.name] = f"{part.name}: {missing}"
        _give_up(_reasons_known[part.name])


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _find_postgres() -> Path:
    return packages.find_or_explain(packages.POSTGRES_PACKAGES, packages.find_postgres)


def _ensure_postgres(*, may_use_sudo: bool) -> Path:
    return packages.ensure_debian_package(
        packages.POSTGRES_PACKAGES, packages.find_postgres, may_use_sudo=may_use_sudo
    )


def _find_chromium() -> Path:
    return packages.find_or_explain(packages.CHROMIUM_PACKAGES, packages.find_chromium)


def _ensure_chromium(*, may_use_sudo: bool) -> Path:
    return packages.ensure_debian_package(
        packages.CHROMIUM_PACKAGES, packages.find_chromium, may_use_sudo=may_use_sudo
    )


def _find_curl() -> Path:
    return packages.find_or_explain(packages.CURL_PACKAGES, packages.find_curl)


def _ensure_curl(*, may_use_sudo: bool) -> Path:
    return packages.ensure_debian_package(
        packages.CURL_PACKAGES, packages.find_curl, may_use_sudo=may_use_sudo
    )


def _find_odoo() -> OdooParts:
    programs, tree, python = _find_postgres(), find_tree(), find_python()
    odoo = OdooProgram(python, tree) if python and tree else None
    template = find_template(odoo, programs) if odoo else None
    if not (odoo and template):
        reason = "Odoo 19 has not been prepared yet"
        raise PartMissingError(reason, retry_command())
    return OdooParts(odoo, programs, template)


def _ensure_odoo(*, may_use_sudo: bool) -> OdooParts:
    if not PROCESSES.is_dir():
        reason = "Odoo looks at its own process in /proc, which is not mounted here"
        raise PartMissingError(reason, "mount -t proc proc /proc")
    programs = _ensure_postgres(may_use_sudo=may_use_sudo)
    odoo = OdooProgram(ensure_python(), ensure_tree())
    return OdooParts(odoo, programs, ensure_template(odoo, programs))


POSTGRES = Part("PostgreSQL", _find_postgres, _ensure_postgres)
CHROMIUM = Part("Chromium", _find_chromium, _ensure_chromium)
ODOO = Part("Odoo 19", _find_odoo, _ensure_odoo)
CURL = Part("curl", _find_curl, _ensure_curl)
NODE = Part("Node with the packages of the examples", find_node, ensure_node)
PARTS: tuple[Part[object], ...] = (POSTGRES, CHROMIUM, ODOO, CURL, NODE)
