"""An import that is killed at a place: python -m … FOLDER URL KEY PLACE PASSES."""

import sys
from pathlib import Path

from fusion_billing.clock import TestClock
from fusion_billing.lago_import import importing
from storage.fault_points import arm
from tests.fusion_billing.lago_import.world import MIDDLE, brought, quick_source, target_house

OBJECTS_PER_COMMIT = 2


def die(folder: Path, url: str, key: str, place: str, passes: int) -> None:
    """Import, a few objects in each transaction, and be killed at the place."""
    importing.OBJECTS_PER_COMMIT_MAX = OBJECTS_PER_COMMIT
    with target_house(folder, TestClock(MIDDLE)) as house:
        arm(place, passes)
        brought(house, quick_source(url, key))


if __name__ == "__main__":
    die(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], int(sys.argv[5]))
