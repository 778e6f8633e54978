"""The way through the house: contracts stand in pyproject.toml, import-linter checks them."""

import subprocess
import sys

from tests.house.contracts import ROOT


def test_every_import_goes_one_way_through_the_house() -> None:
    """No room imports a higher one, pure files and doors stay pure, each driver has one home."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.house.contracts"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
