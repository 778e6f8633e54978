"""What tests of alerts share: a look, what was told, and calls beyond GET and POST."""

from typing import Any

from fusion_billing.alerting import look_at_alerts
from tests.fusion_billing.conftest import Roof

ALERTS = "/subscriptions/acme-team/alerts"


def an_alert(code: str = "spend", **changed: object) -> dict[str, object]:
    """Return an alert at 10.00 and 20.00, then every 50.00."""
    return {
        "alert_type": "current_usage_amount",
        "code": code,
        "name": "Spend",
        "thresholds": [
            {"code": "warn", "value": "1000"},
            {"code": "stop", "value": 2000},
            {"code": "more", "value": "5000", "recurring": True},
        ],
    } | changed


def look(roof: Roof) -> list[dict[str, Any]]:
    """Flush, let alerts be looked at, and return all that was told of them so far."""
    roof.house.flusher.flush()
    look_at_alerts(roof.house, at=roof.clock(), holder="test")
    return told(roof)


def told(roof: Roof) -> list[dict[str, Any]]:
    """Return the bodies of all alerts told, oldest first; their sequence has no gap."""
    every = roof.get("/lifecycle_events?limit=1000")["lifecycle_events"]
    assert [each["sequence"] for each in every] == list(range(1, len(every) + 1))
    return [each["triggered_alert"] for each in every if each["webhook_type"] == "alert.triggered"]


def values(triggered: dict[str, Any]) -> list[tuple[str, str]]:
    """Return code and value of each threshold crossed."""
    return [(each["code"], each["value"]) for each in triggered["crossed_thresholds"]]


def ask(roof: Roof, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Return status and body of a call; None where the body is empty."""
    answer = roof.client.request(method, f"/api/v1{path}", json=body, headers=roof.headers)
    return answer.status_code, answer.json() if answer.content else None
