"""The bridge killed at every step of its protocol with a real Odoo: nothing lost, nothing twice."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.nightly.mortal_service import count_of
from tests.odoo.kill_trials import entries_as_json, places
from tests.real_parts import OdooDatabase

pytestmark = pytest.mark.xdist_group("odoo")

KILLS = 50
NIGHTLY_KILLS = 500
SEED = 20_261_122

Entries = tuple[OdooDatabase, OdooDatabase, OdooDatabase]


def died_at(entries: Entries, folder: Path, kills: int, seed: int) -> dict[str, int]:
    """Let so many lives be killed, check Odoo and the books, and return the deaths."""
    admin, user, _ = entries
    program = [sys.executable, "-m", "tests.odoo.kill_trials", folder / "books", kills, seed]
    done = subprocess.run(
        [str(part) for part in program],
        input=entries_as_json(admin, user),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"CRASH_SEED={seed}\n{done.stdout}\n{done.stderr}"
    report = json.loads(done.stdout.splitlines()[-1])
    print(report)
    return dict(report["died"])


def test_the_protocol_has_places_to_die_at() -> None:
    """Every step between the books and Odoo can be the last one, each under its own name."""
    assert len(set(places())) >= 18


def test_killed_at_every_step_nothing_is_lost_or_doubled(shared: Entries, tmp_path: Path) -> None:
    """Killed at each step and begun again, every draft is one invoice, told of once."""
    died = died_at(shared, tmp_path, KILLS, SEED)

    assert set(died) == set(places())


@pytest.mark.nightly
def test_killed_hundreds_of_times_nothing_is_lost_or_doubled(
    shared: Entries, tmp_path: Path
) -> None:
    """The same with hundreds of kills and the seed of the night."""
    kills, seed = count_of("CRASH_KILLS", NIGHTLY_KILLS), count_of("CRASH_SEED", SEED)
    died = died_at(shared, tmp_path, kills, seed)

    assert set(died) == set(places())
