"""The Odoo for people with Docker is the one of the tests: the same modules, the same company."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.real_parts.odoo_template import BEFORE_MODULES, MODULES

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """Return the compose file as Docker reads it."""
    read: dict[str, Any] = yaml.safe_load((HERE / "compose.yaml").read_text())
    return read


def test_it_has_the_modules_of_the_tests_and_ours(compose: dict[str, Any]) -> None:
    """What is installed is what the tests' template has, and every addon of our own."""
    command = compose["services"]["prepare"]["command"][0]
    ours = {folder.name for folder in (HERE / "addons").iterdir() if folder.is_dir()}
    installed = command.rsplit("--init ", 1)[1].strip().split(",")

    assert set(installed) == {*MODULES, *(ours - {"__pycache__"})}


def test_its_company_is_that_of_the_tests(compose: dict[str, Any]) -> None:
    """The statements that make the company Canadian are the same; where files lie is Docker's."""
    said = " ".join(compose["services"]["prepare"]["command"][0].split())
    company = [each for each in BEFORE_MODULES if "ir_attachment" not in each]

    assert len(company) == 2
    assert all(" ".join(each.split()) in said for each in company)


def test_it_listens_on_this_machine_alone(compose: dict[str, Any]) -> None:
    """Its password is known: no port is open to others."""
    ports = [port for each in compose["services"].values() for port in each.get("ports", ())]

    assert ports == ["127.0.0.1:8069:8069"]
