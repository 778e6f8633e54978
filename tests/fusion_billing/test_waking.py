"""Odoo may say that something changed: the feed looks sooner, no oftener, and believes nothing."""

import threading
import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from fusion_billing.app import create_app
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.metrics import metrics_registry
from fusion_billing.scheduler import Scheduler
from fusion_billing.settings import Settings
from tests.prepared import prepared_house

NOWHERE = "http://127.0.0.1:1"


def settings_of(folder: Path, url: str, feed_seconds: int = 3600) -> Settings:
    """Return settings of a house beside an Odoo that nobody serves."""
    return Settings(
        data_dir=prepared_house(folder), odoo_url=url, odoo_database="o", odoo_login="l",
        odoo_password=SecretStr("p"), odoo_feed_seconds=feed_seconds,
    )  # fmt: skip


def test_a_job_that_is_woken_often_runs_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked a hundred times at one moment, a job has one turn, long before its own time."""
    monkeypatch.setattr("fusion_billing.scheduler.WAKE_SECONDS", 0.3)
    ran = threading.Semaphore(0)
    with opened_house(Settings(data_dir=prepared_house(tmp_path)), SystemClock()) as house:
        scheduler = Scheduler(house, metrics_registry(house)[1])
        scheduler.add("look", ran.release, 3600)
        scheduler._ticker.start()
        woken = [scheduler.wake("look") for _ in range(100)]
        is_run = ran.acquire(timeout=10)
        time.sleep(0.5)
        scheduler.stop()

    assert all(woken)
    assert is_run
    assert not ran.acquire(blocking=False)


def test_a_job_that_is_not_there_is_not_woken(tmp_path: Path) -> None:
    """Where the feed is read by command only, saying that something changed does nothing."""
    settings = settings_of(tmp_path, NOWHERE, feed_seconds=0)
    with (
        opened_house(settings, SystemClock()) as house,
        TestClient(create_app(house)) as client,
    ):
        answer = client.post("/odoo/changed", content=b"{not even JSON")

    assert (answer.status_code, answer.json()) == (202, {"looks": False})


def test_without_an_odoo_nobody_is_heard(tmp_path: Path) -> None:
    """A house without an Odoo has no such address."""
    with (
        opened_house(Settings(data_dir=prepared_house(tmp_path)), SystemClock()) as house,
        TestClient(create_app(house)) as client,
    ):
        assert client.post("/odoo/changed").status_code == 404
