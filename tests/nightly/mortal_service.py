"""A service that is killed at moments chance chooses: while it serves, and while it starts."""

import json
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.error
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPException
from pathlib import Path

from tests.lifecycle.running_service import RunningService

START_SECONDS_MAX = 3.0
KILLED_IN_START_ODDS = 0.15
RETRY_SECONDS = 0.02
BUSY_STATUS = 503


def count_of(name: str, default: int) -> int:
    """Return a number that a person may set for one run, such as CRASH_KILLS=500."""
    return int(os.environ.get(name, default))


def seeded_chance(story: str) -> random.Random:
    """Return the chance of this run and print the seed; CRASH_SEED repeats a run's choices."""
    seed = count_of("CRASH_SEED", random.SystemRandom().randrange(2**32))
    print(f"{story}: CRASH_SEED={seed}")
    return random.Random(seed)


def kill_and_start(service: RunningService, chance: random.Random) -> int:
    """Kill the service, start it again, and return the kills that took; some hit the start."""
    service.kill()
    kills = 1
    while chance.random() < KILLED_IN_START_ODDS:
        kills += _killed_in_start(service, chance.uniform(0, START_SECONDS_MAX))
    if service.process is None or service.process.poll() is not None:
        service.start()
    return kills


def _killed_in_start(service: RunningService, seconds: float) -> int:
    """Start the service and kill it so many seconds later, whether it serves already or not."""
    if service.process is not None and service.process.poll() is None:
        service.kill()
    killer = threading.Timer(seconds, _end, [service])
    killer.start()
    try:
        service.start()
    except AssertionError:
        assert service.process is not None
        if service.process.returncode != -signal.SIGKILL:
            raise
    killer.join()
    assert service.process is not None
    service.process.wait()
    return 1


def _end(service: RunningService) -> None:
    if service.process is not None:
        service.process.kill()


def answer_at_last(service: RunningService, path: str, key: str, body: object) -> str:
    """Push blindly until the service answers; what it refuses for another reason is raised."""
    while True:
        try:
            return service.fetch(path, key=key, body=body)
        except urllib.error.HTTPError as refusal:
            if refusal.code != BUSY_STATUS:
                raise AssertionError(f"{refusal.code}: {refusal.read()[:500]!r}") from refusal
        except (OSError, HTTPException):
            pass
        time.sleep(RETRY_SECONDS)


def post(service: RunningService, key: str, path: str, body: object) -> dict[str, object]:
    """Post one object and return the answer's."""
    answer: dict[str, dict[str, object]] = json.loads(
        service.fetch(f"api/v1/{path}", key=key, body=body)
    )
    return next(iter(answer.values()))


def open_catalogue(
    service: RunningService, key: str, metrics: Mapping[str, str], prices: Mapping[str, str]
) -> None:
    """Create metrics (code to aggregation), a monthly plan that prices them, and an account."""
    charges = []
    for code, kind in metrics.items():
        metric = {"name": code, "code": code, "aggregation_type": kind}
        metric |= {} if kind == "count_agg" else {"field_name": "value"}
        kept = post(service, key, "billable_metrics", {"billable_metric": metric})
        charges.append(
            {
                "billable_metric_id": kept["lago_id"],
                "charge_model": "standard",
                "properties": {"amount": prices[code]},
            }
        )
    plan = {"name": "Team", "code": "team", "interval": "monthly", "amount_cents": 1000}
    post(service, key, "plans", {"plan": plan | {"amount_currency": "CAD", "charges": charges}})
    post(service, key, "customers", {"customer": {"external_id": "acme", "country": "CA"}})


def subscribe(service: RunningService, key: str, subscription: str) -> None:
    """Subscribe the account to the plan from now on."""
    asked = {"external_customer_id": "acme", "plan_code": "team", "external_id": subscription}
    post(service, key, "subscriptions", {"subscription": asked})


def torn_files_count(lake: Path) -> int:
    """Return the Parquet files no commit names: writes that a kill cut off. No lake may be open."""
    with closing(sqlite3.connect(lake / "catalog.sqlite")) as catalog:
        known = catalog.execute(
            "SELECT path FROM ducklake_data_file "
            "UNION ALL SELECT path FROM ducklake_files_scheduled_for_deletion"
        ).fetchall()
    named = {Path(path).name for (path,) in known}
    return sum(path.name not in named for path in (lake / "data").rglob("*.parquet"))
