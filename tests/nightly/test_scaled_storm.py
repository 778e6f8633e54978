"""Many processes through a storm: killed, frozen and cut off at moments chance chooses."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from psycopg import sql

from tests.fusion_billing.test_scaled_fleet import (
    check_bill,
    check_lake,
    check_reads,
    check_sums,
    pushing,
)
from tests.lifecycle.fleet import LEASE_SECONDS, ROLES, Fleet, Stores, fleet_of, new_stores
from tests.lifecycle.fleet_books import open_books
from tests.lifecycle.fleet_clients import Journal
from tests.lifecycle.hosts import Hosts, running_hosts
from tests.lifecycle.running_service import COMMAND
from tests.nightly.mortal_service import count_of, seeded_chance
from tests.real_parts import POSTGRES, PostgresServer, postgres, require, running_postgres, s3
from tests.real_parts.s3 import S3Server, running_s3

pytestmark = pytest.mark.nightly

KILLS = 20
FREEZE_ODDS, FLEET_START_ODDS = 0.3, 0.5
EVENTS_MAX = 200_000
CUT_SECONDS = 45
FLUSHED_SECONDS_MAX = 120
EVERYWHERE = "*"


def storm(fleet: Fleet, chance: random.Random, kills_max: int) -> tuple[int, int]:
    """Kill or freeze one process after another, some together; return how often each was done."""
    kills = freezes = 0
    frozen: set[str] = set()
    while kills < kills_max:
        time.sleep(chance.uniform(0, LEASE_SECONDS))
        name = chance.choice(list(ROLES))
        if name in frozen:
            fleet.resume(name)
            frozen.discard(name)
        elif chance.random() < FREEZE_ODDS:
            fleet.pause(name)
            frozen.add(name)
            freezes += 1
        else:
            fleet.members[name].kill()
            kills += 1
        dead = [each for each in ROLES if not fleet.is_running(each)]
        if dead and (len(dead) == len(ROLES) or chance.random() < FLEET_START_ODDS):
            fleet.start(dead)
    for name in frozen:
        fleet.resume(name)
    fleet.start()
    return kills, freezes


def test_a_storm_over_many_processes_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Whoever dies or sleeps, and whenever, what was answered is billed, once."""
    chance = seeded_chance("scaled storm")
    with (
        running_postgres(require(POSTGRES)) as postgresql,
        running_s3() as bucket_server,
        fleet_of(stores := new_stores(postgresql, bucket_server), tmp_path) as fleet,
    ):
        fleet.start()
        key = fleet.members["api-1"].create_service("nexadesk")
        open_books(fleet.members["api-1"], key)
        with pushing(fleet, key, count=3, events_max=EVENTS_MAX) as clients:
            kills, freezes = storm(fleet, chance, count_of("CRASH_KILLS", KILLS))
        check_reads(fleet, key, clients)
        check_sums(fleet, key, clients)
        check_lake(stores, tmp_path, [client.journal for client in clients])
        check_bill(fleet, stores, tmp_path, clients)
        events = sum(len(client.journal.answered) for client in clients)
    print(f"scaled storm: {kills} kills, {freezes} freezes, {events} events, 0 lost, 0 doubled")


@contextmanager
def open_to(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[PostgresServer, S3Server]]:
    """Give stores that the hosts reach."""
    monkeypatch.setitem(postgres.SETTINGS, "listen_addresses", EVERYWHERE)
    monkeypatch.setattr(s3, "HOST", "0.0.0.0")  # noqa: S104 - the hosts' network ends here
    with running_postgres(require(POSTGRES)) as postgresql, running_s3() as bucket_server:
        rules = postgresql.folder / "data" / "pg_hba.conf"
        rules.write_text(rules.read_text() + f"host all all {hosts.subnet} scram-sha-256\n")
        postgresql.execute(sql.SQL("SELECT pg_reload_conf()"))
        yield postgresql, bucket_server


def at_gateway(stores: Stores, hosts: Hosts) -> Stores:
    """Return the stores as the hosts reach them."""
    return Stores(
        stores.database_url.replace("127.0.0.1", hosts.gateway),
        stores.bucket,
        stores.s3_url.replace("0.0.0.0", hosts.gateway),  # noqa: S104 - an address is replaced
        stores.s3,
        stores.pepper,
    )


@contextmanager
def pushing_from_hosts(hosts: Hosts, fleet: Fleet, key: str, folder: Path) -> Iterator[list[Path]]:
    """Push as each API host's own client, and as one that reaches both; give their journals."""
    local = {name: [f"http://127.0.0.1:{fleet.members[name].port}/"] for name in ("api-1", "api-2")}
    both = [fleet.members[name].url for name in ("api-1", "api-2")]
    starts = [(name, hosts.inside(name), urls) for name, urls in local.items()]
    starts.append(("both", [], both))
    journals = [folder / f"{name}.journal" for name, _, _ in starts]
    program = (sys.executable, "-m", "tests.lifecycle.fleet_clients")
    running = [
        subprocess.Popen([*inside, *program, name, key, str(journal), *urls])
        for (name, inside, urls), journal in zip(starts, journals, strict=True)
    ]
    try:
        yield journals
    finally:
        for process in running:
            process.terminate()
    assert [process.wait(timeout=120) for process in running] == [0] * len(running)


def asked(hosts: Hosts, fleet: Fleet, name: str, path: str) -> tuple[int, dict[str, object]]:
    """Return status and body of what a host's process answers to its neighbour at home."""
    url = f"http://127.0.0.1:{fleet.members[name].port}/{path}"
    command = ["curl", "-s", "-m", "60", "-w", "\n%{http_code}", url]
    done = subprocess.run(
        [*hosts.inside(name), *command], capture_output=True, text=True, check=False
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body or "{}")


def test_a_cut_cable_is_told_and_mended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that is cut off says 503 within a minute, another does its work, nothing is lost."""
    with (
        running_hosts(list(ROLES)) as hosts,
        open_to(hosts, monkeypatch) as (postgresql, bucket_server),
        fleet_of(
            at_gateway(stores := new_stores(postgresql, bucket_server), hosts),
            tmp_path,
            hosts=hosts,
        ) as fleet,
    ):
        fleet.start()
        key = create_books(hosts, fleet)
        with pushing_from_hosts(hosts, fleet, key, tmp_path) as journals:
            time.sleep(5)
            for name in ("api-1", "flush-1"):
                hosts.cut(name)
            time.sleep(CUT_SECONDS)
            status, said = asked(hosts, fleet, "api-1", "readyz")
            assert (status, said["status"]) == (503, "unavailable")
            for name in ("api-1", "flush-1"):
                hosts.mend(name)
            time.sleep(CUT_SECONDS / 3)
            assert asked(hosts, fleet, "api-1", "readyz")[0] == 200
        found = [Journal.read(path) for path in journals]
        # Only the client at the cut-off host met refusals; each of them was a clear 503.
        assert set(found[0].refusals) == {503}
        assert all(found_one.answered for found_one in found)
        check_lake_at_last(stores, tmp_path, found)


def check_lake_at_last(stores: Stores, folder: Path, journals: list[Journal]) -> None:
    """Check the lake once the workers have flushed what waits; a busy machine takes its time."""
    deadline = time.monotonic() + FLUSHED_SECONDS_MAX
    while True:
        try:
            return check_lake(stores, folder, journals)
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def create_books(hosts: Hosts, fleet: Fleet) -> str:
    """Create a service and its catalogue from a host and return the key."""
    member = fleet.members["api-1"]
    words = ["service", "create", "nexadesk", "--json", "--data-dir", str(member.data_dir)]
    created = subprocess.run(
        [*hosts.inside("api-1"), *COMMAND, *words],
        check=True,
        capture_output=True,
        text=True,
        env=member._environment(),
    )
    key = str(json.loads(created.stdout)["api_key"])
    program = [sys.executable, "-m", "tests.lifecycle.fleet_books", str(member.port), key]
    subprocess.run([*hosts.inside("api-1"), *program], check=True)
    return key
