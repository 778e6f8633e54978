"""The gate before a shared lake decides as a plain dict would: first write wins, each key once."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.committer import Committer
from ingest.deciding import ShardDecider
from ingest.event_columns import columns_of, content_digests, event_keys
from ingest.flush import Flusher, stream_of
from ingest.inbox_body import Section, events_body, events_of_section, refused_of_section
from ingest.keys import index_gate, key_index
from ingest.keys.index_gate import IndexGate
from ingest.keys.key_index import KeyIndex, Verdict
from ingest.keys.known_keys import load_lake_keys
from ingest.push import Door
from ingest.stored_usage import Key, StoredEvent
from ingest.usage_event import UsageEvent, refused_key
from storage.inbox import open_inbox
from storage.lake import Lake, StaleMarkError
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import NOW, a_batch, an_event
from tests.ingest.running_ingest import METRICS, SEED, SINCE, Ingest

SERVICE = "nexadesk"
NOW_S = int(NOW.timestamp())
OLD_S = 1_700_000_000
WRITTEN = ('{"tokens":1}', '{"tokens":2}', '{ "tokens" : 1 }')
Flush: TypeAlias = tuple[list[list[Section]], bool]


def told(name: str, written: str, subscription: str = "sub-1") -> UsageEvent:
    """Return an event; one whose name begins with "old" happened before the index's horizon."""
    at = OLD_S if name.startswith("old") else NOW_S
    event = an_event(name, external_subscription_id=subscription, timestamp=at)
    return msgspec.structs.replace(event, properties=msgspec.Raw(written.encode()))


def section(*events: UsageEvent, skipped: Sequence[int] = ()) -> Section:
    """Return a section as several API processes write it."""
    return Section(SERVICE, NOW_S, Door.EVENTS, list(skipped), events_body(events))


events = st.builds(
    told,
    st.sampled_from(["a", "b", "old-a", "old-b"]),
    st.sampled_from(WRITTEN),
    st.sampled_from(["sub-1", "sub-2"]),
)
sections = st.lists(events, min_size=1, max_size=2).map(lambda found: section(*found))
rows = st.lists(st.lists(sections, min_size=1, max_size=2), min_size=1, max_size=2)
flushes = st.lists(st.tuples(rows, st.booleans()), max_size=4)


@dataclass
class Shelf:
    """A lake as a dict, behind one gate that may be opened anew."""

    gate: IndexGate = field(init=False)
    kept: dict[Key, StoredEvent] = field(default_factory=dict)
    aside: list[tuple[Key, int]] = field(default_factory=list)
    mark: int = 0

    def __post_init__(self) -> None:
        """Open the first gate."""
        self.open_gate()

    def open_gate(self) -> None:
        """Load a new index with what a start finds: all but what is old in every sense."""
        index = KeyIndex(SEED)
        keys, contents = [], []
        for stored in self.kept.values():
            if stored.received_s >= SINCE.timestamp():
                keys += event_keys(SERVICE, columns_of([stored.event]))
                contents.append(stored.content_digest)
        for (subscription, name), content in self.aside:
            event = told(name, "{}", subscription)
            keys.append(refused_key(event_keys(SERVICE, columns_of([event]))[0], content))
            contents.append(content)
        received_s = np.full(len(keys), NOW_S, np.uint32)
        index.load([(index.hash_array(keys), np.array(contents, np.uint64), received_s)])
        self.gate = IndexGate(index, None, SINCE, self.mark)  # type: ignore[arg-type] # patched

    def flush(self, rows: Sequence[Sequence[Section]], *, fails: bool = False) -> None:
        """Let rows through the gate and keep what it admits, unless the append fails."""
        admitted = self.gate.admit(rows)
        assert len(admitted) == len(rows)
        if fails:
            self.gate.undo()
            return
        for each in [part for row in admitted for part in row]:
            self._keep(each)
        self.mark += 1
        self.gate.settle(self.mark)

    def stored(self, _lake: object, service: str, keys: Sequence[Key]) -> Mapping[Key, object]:
        """Answer in the place of `stored_events`."""
        assert service == SERVICE
        return {key: [self.kept[key]] for key in keys if key in self.kept}

    def _keep(self, admitted: Section) -> None:
        told_events = events_of_section(admitted)
        contents = content_digests(SERVICE, columns_of(told_events))
        for place, (event, content) in enumerate(zip(told_events, contents, strict=True)):
            key = (event.external_subscription_id or "", event.transaction_id)
            if admitted.door is Door.REFUSED:
                self.aside.append((key, content))
            elif place not in admitted.skipped:
                assert key not in self.kept, "a key was admitted twice"
                self.kept[key] = StoredEvent(event, NOW_S, content)


@dataclass
class Oracle:
    """What should come of it: a plain dict, first write wins."""

    kept: dict[Key, bytes] = field(default_factory=dict)
    aside: set[tuple[Key, int]] = field(default_factory=set)

    def push(self, rows: Sequence[Sequence[Section]]) -> None:
        """Take everything in, in order."""
        for each in [part for row in rows for part in row]:
            told_events = events_of_section(each)
            contents = content_digests(SERVICE, columns_of(told_events))
            for event, content in zip(told_events, contents, strict=True):
                key = (event.external_subscription_id or "", event.transaction_id)
                meant = bytes(event.properties).replace(b" ", b"")
                if self.kept.setdefault(key, meant) != meant:
                    self.aside.add((key, content))


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys move from run to run after a handful, as they do after millions."""
    monkeypatch.setattr(key_index, "RECENT_KEYS_MAX", 3)
    monkeypatch.setattr(key_index, "MIDDLE_KEYS_MAX", 8)


def through(
    monkeypatch: pytest.MonkeyPatch, flushes: Sequence[Flush], *, reopens: bool = False
) -> tuple[Shelf, Oracle]:
    """Send flushes (rows, whether the first try fails) through a gate and through the oracle."""
    shelf, oracle = Shelf(), Oracle()
    with monkeypatch.context() as patched:
        patched.setattr(index_gate, "stored_events", shelf.stored)
        for rows, fails in flushes:
            if fails:
                shelf.flush(rows, fails=True)
            shelf.flush(rows)
            oracle.push(rows)
            if reopens:
                shelf.open_gate()
    return shelf, oracle


def meant(shelf: Shelf) -> dict[Key, bytes]:
    """Return what a shelf holds, without spaces."""
    return {
        key: bytes(stored.event.properties).replace(b" ", b"") for key, stored in shelf.kept.items()
    }


@given(flushes, st.booleans())
def test_it_decides_as_a_dict(flushes: list[Flush], reopens: bool) -> None:  # noqa: FBT001 - drawn
    """Repeats, conflicts, failed appends and new starts: each key once, each conflict once."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        shelf, oracle = through(monkeypatch, flushes, reopens=reopens)

    assert meant(shelf) == oracle.kept
    assert sorted(shelf.aside) == sorted(oracle.aside)


@given(flushes)
def test_keys_that_share_a_hash_are_kept_apart(flushes: list[Flush]) -> None:
    """A hash may only suspect: when all keys meet in one, usage comes out the same."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(KeyIndex, "hashes", lambda _self, keys: [5] * len(keys))
        shelf, oracle = through(monkeypatch, flushes)

    assert meant(shelf) == oracle.kept
    assert set(shelf.aside) == oracle.aside


@given(rows, rows)
def test_a_failed_append_leaves_no_trace(
    first: list[list[Section]], second: list[list[Section]]
) -> None:
    """After an undo the index holds what it held before, also where hashes met."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(KeyIndex, "hashes", lambda _self, keys: [len(key) for key in keys])
        shelf, _ = through(monkeypatch, [(first, False)])
        before = dict(shelf.gate.index._recent)
        monkeypatch.setattr(index_gate, "stored_events", shelf.stored)
        shelf.flush(second, fails=True)

    assert shelf.gate.index._recent == before


@given(sections)
def test_sections_keep_their_order_and_their_skipped_events(one: Section) -> None:
    """A section comes out where it went in; what was skipped stays so and is not remembered."""
    skipping = msgspec.structs.replace(one, skipped=[0])
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(index_gate, "stored_events", lambda *_: {})
        gate = Shelf().gate
        ((first, *_), *others) = gate.admit([[skipping], [one]])

    assert first.body == skipping.body
    assert 0 in first.skipped
    assert others[0][0].body == one.body


def test_a_conflict_is_told_with_both_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was refused and what is kept can be compared later."""
    one, other = told("a", WRITTEN[0]), told("a", WRITTEN[1])
    monkeypatch.setattr(index_gate, "stored_events", lambda *_: {})

    ((passed, refused),) = Shelf().gate.admit([[section(one, other)]])

    kept, refused_one = content_digests(SERVICE, columns_of([one, other]))
    assert passed.skipped == [1]
    assert msgspec.json.decode(refused_of_section(refused).details[0]) == {
        "refused_digest": f"{refused_one:016x}",
        "kept_digest": f"{kept:016x}",
    }


def test_replayed_events_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay is judged by what is usage already, not by a key that quarantine made known."""
    monkeypatch.setattr(index_gate, "stored_events", lambda *_: {})
    gate = Shelf().gate
    replay = msgspec.structs.replace(section(told("a", WRITTEN[0])), door=Door.REPLAYED)

    assert gate.admit([[section(told("a", WRITTEN[0])), replay]])[0][1] == replay


@dataclass
class Worker:
    """A flush worker over real stores that other workers share."""

    inbox_folder: Path
    lake: Lake

    def __post_init__(self) -> None:
        """Open the inbox and load the index, as a worker does that takes a shard."""
        self.inbox = open_inbox("", self.inbox_folder)
        self.committer = Committer(self.inbox, lambda: ShardDecider(1))
        index, mark = KeyIndex(SEED), self.lake.mark(stream_of(0))
        load_lake_keys(index, self.lake, shard=0, since=SINCE)
        gate = IndexGate(index, self.lake, SINCE, mark)
        self.flusher = Flusher(self.inbox, self.lake, lambda: METRICS, 0, gate)

    def push(self, *pushed: UsageEvent) -> None:
        """Acknowledge a push; nobody knows yet whether it is new."""
        receipt = self.committer.submit(a_batch(*pushed, is_partial=True))
        assert set(receipt.verdicts) == {Verdict.NEW}

    def close(self) -> None:
        """Stop without a last flush."""
        self.committer.close()
        self.inbox.close()


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """Give a lake that workers share."""
    lake = Lake(tmp_path / "shared")
    yield lake
    lake.close()


@pytest.fixture
def worker(tmp_path: Path, lake: Lake) -> Iterator[Worker]:
    """Give a flush worker."""
    worker = Worker(tmp_path, lake)
    yield worker
    worker.close()


def usage(lake: Lake) -> list[tuple[str, str, str]]:
    """Return what is usage, sorted."""
    columns = ("subscription_id", "transaction_id", "properties")
    return sorted(lake.scan(USAGE).select(columns).collect().iter_rows())


def set_aside(lake: Lake) -> list[tuple[str, str]]:
    """Return transaction id and the refused content's digest of what was refused, sorted."""
    found = lake.scan(QUARANTINE).collect()
    refused = [msgspec.json.decode(details)["refused_digest"] for details in found["details"]]
    return sorted(zip(found["transaction_id"], refused, strict=True))


def test_many_processes_end_where_one_does(tmp_path: Path, worker: Worker) -> None:
    """The same pushes leave the same usage and the same refusals as with one process."""
    chance = random.Random(7)
    (tmp_path / "one").mkdir()
    one = Ingest.start(tmp_path / "one")
    for _ in range(4):
        for _ in range(8):
            pushed = [
                told(chance.choice(["a", "b", "c", "old-a", "old-b"]), chance.choice(WRITTEN))
                for _ in range(chance.randint(1, 4))
            ]
            one.take_in(a_batch(*pushed, is_partial=True))
            worker.push(*pushed)
        one.flusher.flush()
        worker.flusher.flush()
    expected = usage(one.lake), set_aside(one.lake)
    one.stop()

    assert (usage(worker.lake), set_aside(worker.lake)) == expected
    assert len(expected[0]) == 5


def test_a_new_worker_knows_what_the_last_one_moved(tmp_path: Path, worker: Worker) -> None:
    """Repeats and conflicts of what another worker moved, old usage too, change nothing."""
    known = [told("a", WRITTEN[0]), told("old-a", WRITTEN[0]), told("b", WRITTEN[0])]
    conflict = told("a", WRITTEN[1])
    worker.push(*known, conflict)
    worker.flusher.flush()
    worker.close()

    taken_over = Worker(tmp_path, worker.lake)
    taken_over.push(*known, conflict, told("c", WRITTEN[0]))
    taken_over.flusher.flush()

    assert [name for _, name, _ in usage(worker.lake)] == ["a", "b", "c", "old-a"]
    assert len(set_aside(worker.lake)) == 1
    taken_over.close()


def test_a_worker_that_slept_while_another_took_over_writes_nothing(
    tmp_path: Path, worker: Worker
) -> None:
    """Its index lacks what was moved meanwhile, so that it could not tell a repeat: it stops."""
    worker.push(told("a", WRITTEN[0]))
    other = Worker(tmp_path, worker.lake)
    other.flusher.flush()
    other.push(told("a", WRITTEN[0]))

    with pytest.raises(StaleMarkError, match="load the index anew"):
        worker.flusher.flush()
    other.flusher.flush()
    assert [name for _, name, _ in usage(worker.lake)] == ["a"]
    other.close()


def test_a_replay_is_usage_once_however_often_one_flush_meets_it(worker: Worker) -> None:
    """A replay that was pushed again after a crash is one row, in one flush as in two."""
    replay = replace(a_batch(told("a", WRITTEN[0])), door=Door.REPLAYED)
    for replays in ([replay, replay], [replay]):
        for each in replays:
            worker.committer.submit(each)
        worker.flusher.flush()

    assert [name for _, name, _ in usage(worker.lake)] == ["a"]


def test_a_worker_is_asked_only_about_what_it_has_judged(worker: Worker) -> None:
    """What waits may repeat what is known: a worker flushes before it tells of usage."""
    for _ in "ab":
        worker.push(told("a", WRITTEN[0]))
    known = worker.flusher.acknowledged(
        SERVICE, str(told("a", WRITTEN[0]).external_subscription_id)
    )

    assert (known.waiting, known.position) == ({}, None)
    assert known.usage(worker.lake).collect()["transaction_id"].to_list() == ["a"]
