"""The preparation of real parts: built once, whole or not at all, and nothing is left running."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real_parts import POSTGRES, Part, PartMissingError, require
from tests.real_parts.cache import build_once, cached

ROOT = Path(__file__).parents[2]
DIES_HARD = """
import os, signal, sys
from pathlib import Path
from tests.real_parts import running_postgres
with running_postgres(Path(sys.argv[1])) as server:
    print(server.folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
STOP_SECONDS_MAX = 30


def a_missing_part(name: str) -> Part[Path]:
    """Make a part that this machine can never have."""

    def absent(*, may_use_sudo: bool = False) -> Path:
        reason = "it is not installed"
        raise PartMissingError(reason, "sudo apt-get install moon")

    return Part(name, absent, absent)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep these tests away from the real cache."""
    monkeypatch.setenv("FUSION_TEST_CACHE", str(tmp_path / "cache"))


def test_missing_part_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a person's machine a missing part skips the test and says how to install it."""
    monkeypatch.delenv("CI", raising=False)

    with pytest.raises(pytest.skip.Exception, match="sudo apt-get install moon"):
        require(a_missing_part("the moon"))


def test_missing_part_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """In CI a missing part fails the test: nothing is passed over in silence."""
    monkeypatch.setenv("CI", "true")

    with pytest.raises(pytest.fail.Exception, match="sudo apt-get install moon"):
        require(a_missing_part("the moon in CI"))


def test_parallel_runs_build_once() -> None:
    """Two runs that need the same part at the same time build it once."""
    builds = []

    def build(folder: Path) -> None:
        time.sleep(0.1)
        builds.append(folder)

    with ThreadPoolExecutor() as runs:
        entries = list(runs.map(lambda _: build_once("part-1", build), range(4)))

    assert len(builds) == 1
    assert entries == [cached("part-1")] * 4


def test_broken_build_leaves_nothing() -> None:
    """A build that fails half way is not taken for a part by the next run."""

    def build(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        build_once("part-1", build)

    assert cached("part-1") is None


def test_server_ends_with_its_starter() -> None:
    """A server whose starter is killed stops by itself and its folder is removed."""
    programs = require(POSTGRES)
    command = [sys.executable, "-c", DIES_HARD, str(programs)]
    started = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    folder = Path(started.stdout.strip())
    deadline = time.monotonic() + STOP_SECONDS_MAX
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.1)

    assert folder.name.startswith("fusion-postgres-")
    assert not folder.exists()
