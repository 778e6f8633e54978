"""A process that looks at alerts and is killed at a place: python -m … FOLDER PLACE EVENT."""

import sys
from pathlib import Path

from fusion_billing.alerting import look_at_alerts
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from storage.fault_points import arm
from tests.fusion_billing.alert_world import ALERTS, an_alert
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.usage_world import a_charge, a_metric, open_plan, push

STEP = 100


def prepare(roof: Roof) -> None:
    """Keep an alert at every whole Canadian dollar."""
    open_plan(roof, a_charge(a_metric(roof)))
    thresholds = [{"value": STEP, "recurring": True}]
    roof.post(ALERTS, {"alert": an_alert(thresholds=thresholds)})


def die(folder: Path, place: str, event: str) -> None:
    """Push what crosses one threshold, then look at it, and be killed at the place."""
    # Looks of the scheduler would be killed elsewhere: this one is the only one.
    settings = Settings(data_dir=folder, alert_seconds=3_600)
    clock = TestClock(OPENED_AT)
    with opened_house(settings, clock) as house, open_roof(house, clock) as roof:
        look_at_alerts(house, at=clock(), holder=event)
        push(roof, event, tokens=STEP)
        house.flusher.flush()
        arm(place)
        look_at_alerts(house, at=clock(), holder=event)


if __name__ == "__main__":
    die(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
