"""Many processes over one database and bucket: nothing lost, nothing doubled, whoever dies."""

import json
import random
import threading
import time
import urllib.error
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from storage.lake_tables import QUARANTINE, RATED_LINE, USAGE
from tests.lifecycle.fleet import LEASE_SECONDS, Fleet, Stores, fleet_of, new_stores
from tests.lifecycle.fleet_books import open_books
from tests.lifecycle.fleet_clients import SUBSCRIPTIONS, Client, Journal, units
from tests.real_parts import POSTGRES, PostgresServer, require, running_postgres
from tests.real_parts.s3 import S3Server, running_s3

EVENTS_MAX = 4_000
CLOSED_AT = "2026-02-01T07:00:00Z"
REFUSED = "value_already_exist"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgresServer]:
    """Give a running PostgreSQL."""
    with running_postgres(require(POSTGRES)) as server:
        yield server


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    """Give a running S3 server."""
    with running_s3() as server:
        yield server


@pytest.fixture
def stores(postgresql: PostgresServer, s3: S3Server) -> Stores:
    """Give an empty database and bucket."""
    return new_stores(postgresql, s3)


@contextmanager
def pushing(
    fleet: Fleet, key: str, count: int = 2, events_max: int = EVENTS_MAX
) -> Iterator[list[Client]]:
    """Let clients push to both API processes until the block ends."""
    urls = [fleet.members[name].url for name in ("api-1", "api-2")]
    clients = [Client(f"c{n}", key, urls, random.Random(n)) for n in range(count)]
    done = threading.Event()
    with ThreadPoolExecutor(count) as threads:
        running = [threads.submit(each.push_until, done, events_max) for each in clients]
        try:
            yield clients
        finally:
            done.set()
        for each in running:
            each.result()


def units_at_last(fleet: Fleet, name: str, key: str, subscription: str) -> int:
    """Ask one process until it answers; while no worker is there it may only say 503."""
    while True:
        try:
            return units(fleet.members[name].url, key, subscription)
        except urllib.error.HTTPError as refusal:
            said = json.loads(refusal.read())
        expect((503, "usage_is_not_in_the_lake_yet"), (said["status"], said.get("code")))


def expect(expected: object, found: object) -> None:
    """Two things are the same."""
    assert found == expected


def check_reads(fleet: Fleet, key: str, clients: list[Client]) -> None:
    """Either API process tells at least what was answered before the question."""
    for name in ("api-1", "api-2"):
        subscription = random.choice(SUBSCRIPTIONS)
        answered = sum(client.journal.total(subscription) for client in clients)
        assert units_at_last(fleet, name, key, subscription) >= answered


def check_roles(fleet: Fleet, key: str) -> None:
    """A process without the role api answers for its health alone."""
    for name in ("flush-1", "jobs"):
        assert json.loads(fleet.members[name].fetch("health"))["status"]
        for path, body in (("api/v1/plans", None), ("api/v1/events", {}), ("dashboards", None)):
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fleet.members[name].fetch(path, key=key, body=body)


def check_lake(stores: Stores, folder: Path, journals: list[Journal]) -> None:
    """The lake holds each answered event once, and each conflict set aside once."""
    answered = {name: told for journal in journals for name, told in journal.answered.items()}
    altered = {name for journal in journals for name in journal.altered}
    with stores.opened_lake(folder) as lake:
        usage = lake.scan(USAGE).select("transaction_id", "subscription_id", "value").collect()
        aside = lake.scan(QUARANTINE).select("transaction_id", "reason").collect()
    stored = {name: (subscription, int(value)) for name, subscription, value in usage.iter_rows()}
    assert stored == answered
    assert len(usage) == len(answered)
    assert sorted(aside.iter_rows()) == sorted((name, REFUSED) for name in altered)


def check_sums(fleet: Fleet, key: str, clients: list[Client]) -> None:
    """Both API processes tell the sum of what was answered, to the unit."""
    for subscription in SUBSCRIPTIONS:
        answered = sum(client.journal.total(subscription) for client in clients)
        told = [
            units_at_last(fleet, name, key, subscription)
            for name in ("api-1", "api-2")
            if fleet.is_running(name)
        ]
        assert set(told) == {answered}


def check_bill(fleet: Fleet, stores: Stores, folder: Path, clients: list[Client]) -> None:
    """A bill run from the command line, beside the fleet, bills what was answered."""
    fleet.run("bill", "--at", CLOSED_AT)
    with stores.opened_lake(folder) as lake:
        lines = lake.scan(RATED_LINE).filter(kind="charge").collect()
    billed = dict(lines.select("subscription_id", "quantity").iter_rows())
    assert len(lines) == len(SUBSCRIPTIONS)
    for subscription in SUBSCRIPTIONS:
        answered = sum(client.journal.total(subscription) for client in clients)
        assert billed[subscription] == answered


def test_whoever_dies_nothing_is_lost_or_doubled(stores: Stores, tmp_path: Path) -> None:
    """Each kind of process is killed in turn, and one flush worker sleeps through its lease."""
    with fleet_of(stores, tmp_path) as fleet:
        fleet.start()
        key = fleet.members["api-1"].create_service("nexadesk")
        open_books(fleet.members["api-1"], key)
        check_roles(fleet, key)
        with pushing(fleet, key) as clients:
            check_reads(fleet, key, clients)
            fleet.members["api-1"].kill()
            fleet.members["flush-1"].kill()
            fleet.members["jobs"].kill()
            fleet.start(["api-1"])
            check_reads(fleet, key, clients)
            fleet.pause("flush-2")
            fleet.start(["flush-1", "jobs"])
            time.sleep(2 * LEASE_SECONDS)
            check_reads(fleet, key, clients)
            fleet.resume("flush-2")
            time.sleep(LEASE_SECONDS)
            check_reads(fleet, key, clients)
        check_sums(fleet, key, clients)
        check_lake(stores, tmp_path, [client.journal for client in clients])
        check_bill(fleet, stores, tmp_path, clients)
