"""Usage through a storm: the process dies again and again while clients push and retry."""

import json
import random
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import polars as pl
import pytest

from ingest.usage_event import event_id
from storage.lake import Lake
from storage.lake_tables import QUARANTINE, RATED_LINE, USAGE
from tests.lifecycle.running_service import RunningService
from tests.nightly.mortal_service import (
    answer_at_last,
    count_of,
    kill_and_start,
    open_catalogue,
    seeded_chance,
    subscribe,
    torn_files_count,
)

pytestmark = pytest.mark.nightly

KILLS = 40
PUSHERS = 3
EVENTS_MAX = 200_000
SECONDS_ALIVE_MAX = 1.5
BILL_SECONDS_MAX = 120
OPENED_AT = "2026-01-01T05:00:00Z"
CLOSED_AT = "2026-02-01T07:00:00Z"
FIRST_SECOND, MONTH_SECONDS = 1_767_243_600, 31 * 24 * 3600
SUBSCRIPTIONS = ("acme-1", "acme-2", "acme-3")
METRICS = {
    "requests": "count_agg",
    "tokens": "sum_agg",
    "peak": "max_agg",
    "users": "unique_count_agg",
}
PRICES = {"requests": "0.003", "tokens": "0.00017", "peak": "0.31", "users": "1.25"}
UNKNOWN = "unknown"
# Everything that writes runs as often as it can, so that kills meet it.
BUSY = {
    "flush_seconds": "0.05",
    "compact_seconds": "1",
    "compact_files_min": "3",
    "publish_seconds": "1",
    "bill_seconds": "1",
    "bill_grace_seconds": "0",
}


@dataclass
class Pusher:
    """One client: what it pushed, and which id each event was answered with."""

    name: str
    key: str
    chance: random.Random
    answered: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, object]] = field(default_factory=list)

    def push_until(self, done: threading.Event, service: RunningService) -> None:
        """Push batches, one after the other, each until it is answered, some of them twice."""
        while not done.is_set() and len(self.events) < EVENTS_MAX // PUSHERS:
            batch = [self._event() for _ in range(self.chance.randint(1, 100))]
            self._keep(self._answer(service, batch))
            if self.chance.random() < 0.1:
                self._keep(self._answer(service, batch))

    def _event(self) -> dict[str, object]:
        code = self.chance.choice([*METRICS] * 25 + [UNKNOWN])
        value = Decimal(self.chance.randrange(10**9)).scaleb(-self.chance.randrange(7))
        user = f"user-{self.chance.randrange(500)}"
        at = Decimal(self.chance.randrange(MONTH_SECONDS * 1000)).scaleb(-3) + FIRST_SECOND
        event: dict[str, object] = {
            "transaction_id": f"{self.name}-{len(self.events)}",
            "external_subscription_id": self.chance.choice(SUBSCRIPTIONS),
            "code": code,
            "timestamp": str(at),
            "properties": {"value": user if code == "users" else str(value)},
        }
        self.events.append(event)
        return event

    def _answer(
        self, service: RunningService, batch: list[dict[str, object]]
    ) -> list[dict[str, str]]:
        text = answer_at_last(service, "api/v1/events/batch", self.key, {"events": batch})
        answer: dict[str, list[dict[str, str]]] = json.loads(text)
        assert len(answer["events"]) == len(batch)
        return answer["events"]

    def _keep(self, events: list[dict[str, str]]) -> None:
        for event in events:
            transaction_id, answer = event["transaction_id"], event["lago_id"]
            assert self.answered.setdefault(transaction_id, answer) == answer


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    """Give a service that flushes, merges and bills without pause."""
    service = RunningService(tmp_path, OPENED_AT, BUSY)
    yield service
    if service.process is not None and service.process.poll() is None:
        service.kill()


def storm(service: RunningService, key: str, chance: random.Random) -> tuple[list[Pusher], int]:
    """Let clients push while the service is killed; return them and the number of kills."""
    pushers = [Pusher(f"p{n}", key, random.Random(chance.random())) for n in range(PUSHERS)]
    done, kills = threading.Event(), 0
    with ThreadPoolExecutor(PUSHERS) as threads:
        running = [threads.submit(pusher.push_until, done, service) for pusher in pushers]
        try:
            while kills < count_of("CRASH_KILLS", KILLS):
                time.sleep(chance.uniform(0, SECONDS_ALIVE_MAX))
                kills += kill_and_start(service, chance)
        finally:
            done.set()
        for push in running:
            push.result()
    return pushers, kills


def bill(service: RunningService, key: str) -> None:
    """Move past the month's end and wait until every subscription has its draft."""
    service.advance_clock(key, CLOSED_AT)
    deadline = time.monotonic() + BILL_SECONDS_MAX
    while len(json.loads(service.fetch("dashboards/drafts.json"))["drafts"]) < len(SUBSCRIPTIONS):
        assert time.monotonic() < deadline, service.fetch("health")
        time.sleep(0.2)


def check_usage(lake: Lake, pushers: list[Pusher]) -> None:
    """The lake holds what was answered, under the ids that were answered, and nothing else."""
    answered = sorted(pair for pusher in pushers for pair in pusher.answered.items())
    pushed = [event for pusher in pushers for event in pusher.events]
    assert len(answered) == len(pushed)
    columns = ["service", "subscription_id", "transaction_id", "metric_code"]
    usage = lake.scan(USAGE).select(columns).collect()
    quarantine = lake.scan(QUARANTINE).select(columns).collect()
    stored = pl.concat([usage, quarantine])
    keys = stored.select("service", "subscription_id", "transaction_id").iter_rows()
    ids = [(key[2], event_id("\0".join(key).encode())) for key in keys]
    assert sorted(ids) == answered
    assert set(quarantine["metric_code"]) == {UNKNOWN}
    assert UNKNOWN not in set(usage["metric_code"])
    by_duckdb = lake.query("SELECT count(*), count(DISTINCT transaction_id) FROM lake.raw.usage")
    assert by_duckdb.row(0) == (len(usage), len(usage))


def check_rated_lines(lake: Lake, pushers: list[Pusher]) -> None:
    """Quantity and cents of every rated line equal a plain count of what was pushed."""
    values: dict[tuple[object, object], list[str]] = defaultdict(list)
    for pusher in pushers:
        for event in pusher.events:
            properties = event["properties"]
            assert isinstance(properties, dict)
            group = (event["external_subscription_id"], event["code"])
            values[group].append(str(properties["value"]))
    expected = {
        (group[0], group[1], units, _cents(units, str(group[1])))
        for group, texts in values.items()
        if group[1] != UNKNOWN
        for units in [_units(str(group[1]), texts)]
    }
    charges = lake.scan(RATED_LINE).filter(kind="charge")
    rows = charges.select("subscription_id", "metric_code", "quantity", "amount_cents").collect()
    assert set(rows.iter_rows()) == expected
    assert len(rows) == len(expected)


def _units(code: str, values: list[str]) -> Decimal:
    match METRICS[code]:
        case "sum_agg":
            return sum(map(Decimal, values), Decimal(0))
        case "max_agg":
            return max(map(Decimal, values))
        case "unique_count_agg":
            return Decimal(len(set(values)))
    return Decimal(len(values))


def _cents(units: Decimal, code: str) -> int:
    return int((units * Decimal(PRICES[code]) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def test_a_storm_of_kills_loses_and_doubles_nothing(service: RunningService) -> None:
    """Killed forty times among pushes, flushes, merges and starts, it bills what it answered."""
    chance = seeded_chance("crash storm")
    key = service.create_service("nexadesk")
    service.start()
    open_catalogue(service, key, METRICS, PRICES)
    for subscription in SUBSCRIPTIONS:
        subscribe(service, key, subscription)

    pushers, kills = storm(service, key, chance)
    bill(service, key)

    assert service.stop() == 0
    torn = torn_files_count(service.data_dir / "lake")
    lake = Lake(service.data_dir / "lake")
    check_usage(lake, pushers)
    check_rated_lines(lake, pushers)
    lake.close()
    events = sum(len(pusher.events) for pusher in pushers)
    print(f"crash storm: {kills} kills, {torn} torn files, {events} events, 0 lost, 0 doubled")
