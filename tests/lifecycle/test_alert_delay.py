"""How soon a served house tells of a crossing, over HTTP from the push to the lifecycle event."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from fusion_billing.settings import Settings
from tests.lifecycle.running_service import RunningService

ORDER = "/subscriptions/acme-team/alerts"
# Beside the settings' own waits: two flushes, a look and the answers, on a machine that is busy.
WORK_SECONDS_MAX = 20
ASK_SECONDS = 0.05


@dataclass(frozen=True)
class App:
    """An app of a served house."""

    service: RunningService
    key: str

    def post(self, path: str, body: object) -> dict[str, Any]:
        """Post JSON and return the answer."""
        return dict(json.loads(self.service.fetch(f"api/v1{path}", key=self.key, body=body)))

    def told(self) -> list[dict[str, Any]]:
        """Return the alerts told so far."""
        text = self.service.fetch("api/v1/lifecycle_events?kind=alert.triggered", key=self.key)
        return [each["triggered_alert"] for each in json.loads(text)["lifecycle_events"]]

    def push(self, name: str, count: int) -> float:
        """Push calls of one unit each, at once, and return when that was acknowledged."""
        calls = [
            {"transaction_id": f"{name}-{number}", "external_subscription_id": "acme-team",
             "code": "calls"}
            for number in range(count)
        ]  # fmt: skip
        self.post("/events/batch", {"events": calls})
        return time.monotonic()

    def seconds_until_told(self, count: int, since: float, seconds_max: float) -> float:
        """Return the seconds until so many alerts are told; AssertionError when that is late."""
        while len(self.told()) < count:
            assert time.monotonic() - since < seconds_max, f"no alert within {seconds_max} s"
            time.sleep(ASK_SECONDS)
        return time.monotonic() - since


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """Give an app of a house with the settings as shipped, and an alert at each ten calls."""
    folder = tmp_path_factory.mktemp("served")
    service = RunningService(folder, "")
    key = service.create_service("nexadesk")
    service.start()
    try:
        app = App(service, key)
        _open(app)
        yield app
    finally:
        service.stop()


def _open(app: App) -> None:
    calls = {"name": "Calls", "code": "calls", "aggregation_type": "count_agg"}
    metric = app.post("/billable_metrics", {"billable_metric": calls})["billable_metric"]
    charge = {
        "billable_metric_id": metric["lago_id"], "charge_model": "standard",
        "properties": {"amount": "1"},
    }  # fmt: skip
    plan = {
        "name": "Team", "code": "team", "interval": "monthly", "amount_cents": 0,
        "amount_currency": "CAD", "charges": [charge],
    }  # fmt: skip
    app.post("/plans", {"plan": plan})
    order = {"external_id": "acme-team", "external_customer_id": "acme", "plan_code": "team"}
    app.post("/subscriptions", {"subscription": order})
    alert = {
        "alert_type": "current_usage_amount", "code": "spend",
        "thresholds": [{"code": "each", "value": "1000", "recurring": True}],
    }  # fmt: skip
    app.post(ORDER, {"alert": alert})


def flush_seconds_max(settings: Settings, events: int) -> float:
    """Return how long usage may wait for its flush by the settings, in seconds."""
    is_many = events >= settings.flush_events_min
    return settings.flush_seconds * (1 if is_many else settings.flush_ticks_max)


@pytest.mark.parametrize("events", [100, 10])
def test_a_crossing_is_told_within_the_waits_that_are_set(events: int, app: App) -> None:
    """From the answer to a push until the event is read: flush, look, and no more than work."""
    settings = Settings()
    waits = flush_seconds_max(settings, events) + settings.alert_seconds
    known = len(app.told())
    pushed_at = app.push(f"of-{events}", events)
    seconds = app.seconds_until_told(known + 1, pushed_at, waits + WORK_SECONDS_MAX)

    print(f"{events} events: told after {seconds:.2f} s; the settings' waits are {waits} s")
    assert app.told()[known]["alert_code"] == "spend"
