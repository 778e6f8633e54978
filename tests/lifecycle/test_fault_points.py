"""Killed at every named place of the write path, usage is neither lost nor doubled."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lifecycle.fault_trials import embedded_places, places
from tests.nightly.mortal_service import count_of

LIVES = 100
NIGHTLY_LIVES = 1_000
SEED = 20_261_122
START_MS_MAX = 5_000


def died_at(folder: Path, lives: int, seed: int) -> dict[str, int]:
    """Let so many lives end at their places, check what is left, and return the deaths."""
    program = [sys.executable, "-m", "tests.lifecycle.fault_trials", folder, lives, seed]
    done = subprocess.run(
        [str(part) for part in program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"CRASH_SEED={seed}\n{done.stdout}\n{done.stderr}"
    report = json.loads(done.stdout.splitlines()[-1])
    print(report)
    assert report["slowest_start_ms"] < START_MS_MAX or lives < NIGHTLY_LIVES
    return dict(report["died"])


def test_the_write_path_has_places_to_die_at() -> None:
    """Every step of the write path can be made the last one, each under a name of its own."""
    assert len(places()) >= 40
    assert len(embedded_places()) >= 24


def test_killed_at_every_place_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """A hundred lives, each killed at its place: all sums are right, all answers the same."""
    died = died_at(tmp_path, LIVES, SEED)

    assert set(died) == set(embedded_places())


@pytest.mark.nightly
def test_killed_a_thousand_times_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """The same with a thousand lives and the seed of the night."""
    died = died_at(tmp_path, count_of("CRASH_KILLS", NIGHTLY_LIVES), count_of("CRASH_SEED", SEED))

    assert set(died) == set(embedded_places())
