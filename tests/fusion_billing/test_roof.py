"""The roof: clocks, logs, jobs, health, who may see the pages, and the demo's world."""

import json
import logging
import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from fusion_billing.app import create_app
from fusion_billing.clock import SystemClock, TestClock
from fusion_billing.demo import build_demo, is_begun
from fusion_billing.demo_world import SERVICES, demo_clients, demo_events, months_until
from fusion_billing.house import House, opened_house
from fusion_billing.logs import REDACTED, configure_logs, redact_secrets
from fusion_billing.metrics import metrics_registry
from fusion_billing.opened_state import read_pepper
from fusion_billing.scheduler import Scheduler
from fusion_billing.settings import Settings
from storage.lake_tables import COST, RATED_LINE
from tests.fusion_billing.conftest import Roof

NOVEMBER = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def test_a_test_clock_moves_only_forward() -> None:
    """It stands still until advanced, and never goes back."""
    clock = TestClock(NOVEMBER)
    clock.advance(NOVEMBER + timedelta(hours=1))

    assert clock() == NOVEMBER + timedelta(hours=1)
    with pytest.raises(ValueError, match="only moves forward"):
        clock.advance(NOVEMBER)
    with pytest.raises(ValueError, match="needs a timezone"):
        TestClock(NOVEMBER.replace(tzinfo=None))


def test_the_clock_is_moved_over_http(roof: Roof) -> None:
    """With a test clock the route is there, and a wrong time is refused."""
    url, headers = "/test_clock/advance", roof.headers
    moved = roof.client.post(url, json={"to": "2026-03-01T00:00:00Z"}, headers=headers)
    back = roof.client.post(url, json={"to": "2026-02-01T00:00:00Z"}, headers=headers)

    assert moved.json() == {"now": "2026-03-01T00:00:00Z"}
    assert back.json()["error_details"] == {"to": ["invalid_date"]}
    assert roof.clock() == datetime(2026, 3, 1, tzinfo=UTC)


def test_the_real_clock_has_no_route(tmp_path: Path) -> None:
    """Nobody can move the time of a real service."""
    with (
        opened_house(Settings(data_dir=tmp_path), SystemClock()) as house,
        TestClient(create_app(house)) as client,
    ):
        assert client.post("/test_clock/advance", json={}).status_code == 404


@pytest.mark.usefixtures("own_logs")
def test_secrets_do_not_reach_the_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """A field named like a secret is written as a placeholder, and odoorpc says nothing."""
    configure_logs("info", "json")
    logging.getLogger("odoorpc.rpc").warning("credential in the body")

    event = redact_secrets(None, "", {"event": "login", "odoo_password": "pw", "API_KEY": "k"})

    assert event == {"event": "login", "odoo_password": REDACTED, "API_KEY": REDACTED}
    assert "credential" not in capsys.readouterr().err


@pytest.mark.usefixtures("own_logs")
def test_logs_are_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Our lines and a library's are one JSON object each, with level, name and time."""
    configure_logs("info", "json")
    logging.getLogger("library").warning("careful")

    line = json.loads(capsys.readouterr().err.splitlines()[-1])
    assert (line["event"], line["level"], line["logger"]) == ("careful", "warning", "library")
    assert line["timestamp"].endswith("Z")


@pytest.mark.usefixtures("own_logs")
def test_a_request_is_one_line_without_secrets(
    roof: Roof, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request is logged with its status, never with its key or its query; health is not."""
    configure_logs("info", "json")
    roof.client.get("/api/v1/plans?token=hush", headers=roof.headers)
    roof.client.get("/livez")

    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    ours = [line for line in lines if line["logger"].startswith("fusion_billing")]
    assert [(line["method"], line["path"], line["status"]) for line in ours] == [
        ("GET", "/api/v1/plans", 200)
    ]
    assert roof.key not in str(ours)


def test_a_failing_job_is_shown_and_tried_again(house: House) -> None:
    """A job that fails says so in the health, and stops neither itself nor others."""
    scheduler = Scheduler(house, metrics_registry(house)[1])
    calls: list[int] = []
    done = threading.Event()

    def stumble() -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("no disk")
        done.set()

    scheduler.add("stumble", stumble, seconds=0.05)
    scheduler.start()
    assert done.wait(timeout=10)
    scheduler.stop()

    assert len(calls) >= 2
    assert scheduler.health["stumble"].problem is None


def test_health_names_a_failing_job(roof: Roof) -> None:
    """The health is degraded while a job fails, and says what went wrong."""
    scheduler = roof.scheduler
    scheduler.health["bill"].problem = "OSError: no space left"

    health = roof.client.get("/health").json()

    assert (health["status"], health["jobs"]["bill"]["problem"]) == (
        "degraded",
        "OSError: no space left",
    )


def test_ready_until_the_committer_stops(roof: Roof) -> None:
    """Traffic is taken while pushes can be kept; after that the answer is 503 and says why."""
    assert roof.client.get("/livez").status_code == 200
    assert roof.client.get("/readyz").status_code == 200
    roof.house.committer.close()

    answer = roof.client.get("/readyz")

    assert answer.status_code == 503
    assert "stopped" in answer.json()["checks"]["committer"]


@pytest.mark.parametrize(
    ("client", "headers", "password", "status"),
    [
        ("127.0.0.1", {}, "", 200),
        ("::1", {"Host": "[::1]:8600"}, "", 200),
        ("10.0.0.9", {}, "", 403),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.9"}, "", 403),
        ("127.0.0.1", {"Host": "evil.example"}, "", 403),
        ("10.0.0.9", {}, "secret", 401),
        ("10.0.0.9", {"Authorization": "Basic eDp3cm9uZw=="}, "secret", 401),
        ("10.0.0.9", {"Authorization": "Basic eDpzZWNyZXQ="}, "secret", 200),
    ],
)
def test_pages_are_for_this_machine_or_the_password(
    tmp_path: Path, client: str, headers: dict[str, str], password: str, status: int
) -> None:
    """Without a password only this machine sees the pages; with one, whoever has it."""
    settings = Settings(data_dir=tmp_path, pages_password=SecretStr(password))
    with opened_house(settings, TestClock(NOVEMBER)) as house:
        app = create_app(house)
        browser = TestClient(app, base_url="http://localhost:8600", client=(client, 5_000))

        assert browser.get("/dashboards", headers=headers).status_code == status


def test_the_pepper_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Every process of a data folder digests keys with the same secret, readable by its owner."""
    first = read_pepper(tmp_path)

    assert read_pepper(tmp_path) == first
    assert len(first) == 32
    assert (tmp_path / "pepper").stat().st_mode & 0o777 == 0o600


def test_the_demo_world_is_the_same_every_time() -> None:
    """Forty clients and fourteen months, some using several services, come from one seed."""
    months = months_until(date(2026, 11, 22))
    clients = demo_clients(months)

    assert (len(months), months[0], months[-1]) == (14, date(2025, 10, 1), date(2026, 11, 1))
    assert clients == demo_clients(months)
    assert len(clients) == 40
    assert sum(len(client.services) > 1 for client in clients) >= 10
    days = (months[0], months[1] - timedelta(days=1))
    assert list(demo_events(SERVICES[0], clients[0], *days)) == list(
        demo_events(SERVICES[0], clients[0], *days)
    )


def test_the_demo_has_bills_costs_and_losers(tmp_path: Path) -> None:
    """Thirteen months of four services are billed, and some accounts cost more than they pay."""
    with opened_house(Settings(data_dir=tmp_path), TestClock(NOVEMBER)) as house:
        build_demo(house, at=NOVEMBER, progress=lambda _what, _done, _total: None)
        rated = house.lake.scan(RATED_LINE).collect()
        costs = house.lake.scan(COST).collect()

        assert is_begun(house)
        assert rated["service"].n_unique() == 4
        assert rated["month"].n_unique() == 13
        assert rated["account_id"].n_unique() == 40
        losers = _losers(rated.to_dicts(), costs.to_dicts())
        assert 2 <= len(losers) <= 12


def _losers(rated: list[dict[str, object]], costs: list[dict[str, object]]) -> list[object]:
    """Return the accounts of a service whose direct cost is above their revenue."""
    profit: dict[tuple[object, object], Decimal] = {}
    for line in rated:
        key = (line["service"], line["account_id"])
        profit[key] = profit.get(key, Decimal(0)) + Decimal(str(line["amount_cents"])) / 100
    for cost in costs:
        if cost["account_id"] is not None:
            key = (cost["service"], cost["account_id"])
            profit[key] = profit.get(key, Decimal(0)) - Decimal(str(cost["cogs_cad"]))
    return [key for key, amount in profit.items() if amount < 0]


def test_a_cloud_event_is_known_however_its_type_is_written(roof: Roof) -> None:
    """A media type has no case: the door reads a CloudEvent for what it is."""
    event = {
        "specversion": "1.0", "id": "1", "source": "/cells/7", "type": "tokens",
        "subject": "acme-team", "data": {"tokens": 7},
    }  # fmt: skip
    headers = roof.headers | {"content-type": "Application/CloudEvents+JSON; charset=utf-8"}
    answer = roof.client.post("/api/v1/events", content=json.dumps(event), headers=headers)

    assert answer.status_code == 200, answer.text
    assert answer.json()["event"]["transaction_id"] == "/cells/7|1"
