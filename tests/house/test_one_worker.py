"""What is built once is told to one worker, or a parallel run builds it in each."""

import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parents[1] / "conftest.py"
TESTS = """
import pytest

@pytest.fixture(scope="module")
def built():
    return 1

@pytest.mark.parametrize("place", range(4))
def test_shares(built, place):
    pass

@pytest.mark.xdist_group("server")
@pytest.mark.parametrize("place", range(4))
def test_serves(place):
    pass

@pytest.mark.parametrize("place", range(4))
def test_alone(place):
    pass
"""


def test_a_group_is_told_to_one_worker(tmp_path: Path) -> None:
    """Tests of a server, and those that share a module's fixture, are known by their group."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_groups.py").write_text(TESTS)
    (tests / "conftest.py").write_text(f"exec(open({str(CONFTEST)!r}).read())")
    command = ("-m", "pytest", "-n", "2", "--dist", "loadgroup", "-v", "-p", "no:cacheprovider")
    run = subprocess.run(
        [sys.executable, *command, "."],
        cwd=tmp_path,
        env={"PYTHONPATH": str(CONFTEST.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    passed = [line.split()[-1] for line in run.stdout.splitlines() if "PASSED" in line]

    assert len(passed) == 12, run.stdout
    assert sum(each.endswith("@tests/test_groups.py") for each in passed) == 4
    assert sum(each.endswith("@server") for each in passed) == 4
