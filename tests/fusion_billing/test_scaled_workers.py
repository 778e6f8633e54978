"""Flush workers share the shards, step aside when they fail, and decide from no stale index."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fusion_billing.shard_leases import ShardLeases
from fusion_billing.shard_workers import ShardWorkers
from ingest.awaited_flush import AwaitedFlush, LateFlush
from ingest.committer import Committer
from ingest.deciding import ShardDecider
from ingest.flush import stream_of
from ingest.intake_counts import IntakeCounts
from storage.inbox import Inbox, open_inbox
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.state import State, open_state
from tests.ingest.makers import a_batch, an_event
from tests.ingest.running_ingest import METRICS, SINCE
from tests.prepared import prepared_house

START = datetime(2026, 11, 5, 12, 0, tzinfo=UTC)
LEASE_SECONDS = 15


@dataclass
class Time:
    """One time for all: a clock for leases, and a stopwatch."""

    seconds: int = 0

    def clock(self) -> datetime:
        """Return the instant."""
        return START + timedelta(seconds=self.seconds)

    def ticks(self) -> float:
        """Return the stopwatch."""
        return self.seconds


@dataclass
class Town:
    """Stores that several workers share."""

    folder: Path
    state: State
    lake: Lake
    inbox: Inbox
    time: Time = field(default_factory=Time)

    def leases(self, holder: str, shards: int = 4) -> ShardLeases:
        """Return the leases of one worker."""
        time = self.time
        return ShardLeases(self.state, time.clock, time.ticks, holder, shards, LEASE_SECONDS)

    def worker(self, holder: str) -> ShardWorkers:
        """Return one worker; there is one shard."""
        return ShardWorkers(
            self.state,
            self.inbox,
            self.lake,
            lambda: METRICS,
            self.time.clock,
            SINCE,
            holder,
            LEASE_SECONDS,
            IntakeCounts(),
            b"pepper",
            self.time.ticks,
        )

    def push(self, *names: str) -> None:
        """Acknowledge events."""
        committer = Committer(self.inbox, lambda: ShardDecider(1))
        for name in names:
            committer.submit(a_batch(an_event(name), is_partial=True))
        committer.close()

    def stored(self) -> list[str]:
        """Return the transaction ids in the lake, sorted."""
        return sorted(self.lake.scan(USAGE).collect()["transaction_id"])


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """Give empty stores."""
    prepared_house(tmp_path)
    state, lake = open_state("", tmp_path), Lake(tmp_path / "lake")
    inbox = open_inbox("", tmp_path)
    yield Town(tmp_path, state, lake, inbox)
    for store in (inbox, lake, state):
        store.close()


def settle(*workers: ShardLeases) -> list[list[int]]:
    """Let workers tick until nothing moves any more; return what each holds."""
    for _ in range(3):
        for worker in workers:
            worker.renew()
            for shard in worker.surplus():
                worker.release(shard)
            worker.take()
    return [worker.held for worker in workers]


def test_shards_are_shared_fairly_as_workers_come_and_go(town: Town) -> None:
    """Each shard has one holder; who joins gets a share, and who dies is inherited from."""
    one, two, three = (town.leases(name) for name in ("one", "two", "three"))

    assert settle(one) == [[0, 1, 2, 3]]
    assert sorted(map(len, settle(one, two))) == [2, 2]
    shared = settle(one, two, three)
    assert sorted(shard for held in shared for shard in held) == [0, 1, 2, 3]
    assert all(shared)
    for _ in range(4):
        town.time.seconds += LEASE_SECONDS // 2
        left = settle(one, three)
    assert sorted(shard for held in left for shard in held) == [0, 1, 2, 3]
    three.release_all()
    assert settle(one) == [[0, 1, 2, 3]]


def test_more_workers_than_shards_stand_by(town: Town) -> None:
    """A worker without a seat takes nothing until somebody leaves."""
    one, two = town.leases("one", shards=1), town.leases("two", shards=1)

    assert settle(one, two) == [[0], []]
    one.release_all()
    assert settle(two) == [[0]]


def test_a_lease_that_ran_out_is_taken_again_if_nobody_else_did(town: Town) -> None:
    """After a pause of everybody, a database restart say, each worker keeps its shards."""
    one = town.leases("one")
    settle(one)
    town.time.seconds += 10 * LEASE_SECONDS
    one.renew()

    assert one.held == [0, 1, 2, 3]


def test_a_worker_that_slept_through_its_lease_writes_nothing_twice(town: Town) -> None:
    """The other worker has moved on; the sleeper's index is stale, and it finds that out."""
    sleeper, other = town.worker("sleeper"), town.worker("other")
    town.push("a")
    sleeper.flush()
    town.time.seconds += 2 * LEASE_SECONDS
    town.push("b")
    other.flush()
    town.push("b", "c")

    sleeper.hurry([0])
    assert town.stored() == ["a", "b"]
    sleeper.flush()
    assert sleeper.held == []
    other.flush()

    assert town.stored() == ["a", "b", "c"]
    other.close()
    sleeper.flush()
    town.push("b", "c", "d")
    sleeper.flush()
    assert town.stored() == ["a", "b", "c", "d"]


def test_a_worker_that_fails_for_long_steps_aside(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its host may be cut off: another one gets the shard, and it tries again later."""
    failing, other = town.worker("failing"), town.worker("other")
    failing.flush()
    town.push("a")

    def unreachable(*_: object) -> None:
        raise OSError("no route to the bucket")

    with monkeypatch.context() as patched:
        patched.setattr(town.lake, "append_once", unreachable)
        for _ in range(7):
            town.time.seconds += LEASE_SECONDS // 3
            if failing.held:
                with pytest.raises(OSError, match="no route"):
                    failing.flush()
    assert failing.held == []
    failing.flush()
    assert failing.held == []
    other.flush()

    assert town.stored() == ["a"]
    assert other.held == [0]


def test_a_worker_gives_its_shards_up_when_it_closes(town: Town) -> None:
    """The next one need not wait, and finds everything in the lake."""
    one, two = town.worker("one"), town.worker("two")
    one.flush()
    town.push("a")
    one.close()

    assert town.stored() == ["a"]
    two.flush()
    assert two.held == [0]


def test_a_read_waits_until_its_usage_is_in_the_lake(town: Town) -> None:
    """It hurries the worker of its own process, and then has nothing to wait for."""
    worker = town.worker("one")
    worker.flush()
    town.push("a")
    awaited = AwaitedFlush(town.inbox, town.lake, 1, worker.hurry, town.time.ticks)

    assert str(awaited.flush()) == "0:1"
    assert town.stored() == ["a"]


def test_a_read_that_waits_in_vain_says_what_to_do(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a worker it ends with a 503 that names the shard and the cure."""
    town.push("a")
    monkeypatch.setattr("time.sleep", pass_time(town.time))
    awaited = AwaitedFlush(town.inbox, town.lake, 10, ticks=town.time.ticks)

    with pytest.raises(LateFlush, match="serve --roles flush") as late:
        awaited.flush()
    assert (late.value.status, late.value.code) == (503, "usage_is_not_in_the_lake_yet")
    assert late.value.details is not None
    assert late.value.details["shards"] == ["0"]
    assert town.lake.mark(stream_of(0)) == 0


def pass_time(time: Time) -> Callable[[float], None]:
    """Return a sleep that only moves the time."""

    def sleep(_seconds: float) -> None:
        time.seconds += 1

    return sleep
