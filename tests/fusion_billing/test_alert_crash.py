"""Killed between any two steps of a look, no crossing is lost, and none is told twice."""

import signal
import subprocess
import sys
from pathlib import Path

from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.fusion_billing.alert_world import look, values
from tests.fusion_billing.conftest import OPENED_AT, open_house, open_roof
from tests.fusion_billing.dying_look import prepare

PLACES = ("alerts.noting", "alerts.noted", "alerts.telling", "alerts.told")


def test_killed_at_every_place_each_threshold_is_told_once(tmp_path: Path) -> None:
    """After kill -9 at each step of a look, the next look tells what is missing, and only that."""
    clock = TestClock(OPENED_AT)
    with open_house(tmp_path, clock) as house, open_roof(house, clock) as roof:
        prepare(roof)
        assert look(roof) == []
    for place in PLACES:
        program = [sys.executable, "-m", "tests.fusion_billing.dying_look", str(tmp_path)]
        done = subprocess.run([*program, place, place], capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
    with opened_house(Settings(data_dir=tmp_path), clock) as house, open_roof(house, clock) as roof:
        crossed = [value for each in look(roof) for _, value in values(each)]

    assert crossed == [f"{number}00.0" for number in range(1, len(PLACES) + 1)]
