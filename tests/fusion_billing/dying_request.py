"""A process that is killed while it answers: python -m … FOLDER PLACE."""

import sys
from pathlib import Path

from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from storage.fault_points import arm
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof


def ask_for_endpoint(roof: Roof, key: str) -> tuple[int, str, bool]:
    """Ask for a webhook endpoint under a key; return status, id and whether it was a replay."""
    headers = roof.headers | {"Idempotency-Key": key}
    body = {"webhook_endpoint": {"webhook_url": f"https://{key}.example.com/"}}
    answer = roof.client.post("/api/billing/v1/webhook_endpoints", json=body, headers=headers)
    made = answer.json().get("webhook_endpoint", {})
    return answer.status_code, made.get("lago_id", ""), "idempotent-replayed" in answer.headers


def die(folder: Path, place: str) -> None:
    """Ask under a key that is named after the place, and be killed there."""
    clock = TestClock(OPENED_AT)
    with (
        opened_house(Settings(data_dir=folder), clock) as house,
        open_roof(house, clock) as roof,
    ):
        arm(f"idempotency.{place}")
        ask_for_endpoint(roof, place)


if __name__ == "__main__":
    die(Path(sys.argv[1]), sys.argv[2])
