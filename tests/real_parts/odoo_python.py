"""Odoo 19's own virtual environment, with the packages pinned in `odoo19_requirements.txt`.

It is apart from the product's environment, whose packages Odoo must neither see nor change.
"""

import hashlib
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.real_parts.cache import build_once, cached
from tests.real_parts.commands import run, say
from tests.real_parts.faults import PartMissingError

REQUIREMENTS = Path(__file__).with_name("odoo19_requirements.txt")


def find_python() -> Path | None:
    """Return the Python program that runs Odoo, if it is in the cache."""
    folder = cached(_entry())
    return _program(folder) if folder else None


def ensure_python() -> Path:
    """Return the Python program that runs Odoo, installing its packages first if needed."""
    return _program(build_once(_entry(), _build))


def _entry() -> str:
    facts = f"{sys.base_prefix} {sys.version} {REQUIREMENTS.read_text()}"
    return f"odoo-19-python-{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def _program(folder: Path) -> Path:
    return folder / "bin" / "python"


def _build(folder: Path) -> None:
    say("installing Odoo's Python packages (40 seconds)")
    if not find_spec("ensurepip"):
        reason = "this Python cannot make virtual environments with pip"
        raise PartMissingError(reason, "sudo apt-get install python3-venv")
    run([sys.executable, "-m", "venv", folder])
    run([_program(folder), "-m", "pip", "install", "--quiet", "--requirement", REQUIREMENTS])
