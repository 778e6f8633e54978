"""Intake over HTTP: the product's server beside a bare one and beside the peer's inserts.

A server has one core for itself and its client another, where the machine has two. Every way
gets the same events; what it then holds must be the same in number and sum.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import msgspec
import polars as pl

from benchmarks.bare_app import BATCH, SINGLE
from benchmarks.figures import TURNS, Figure, Other
from benchmarks.machine import cpu_microseconds, memory_megabytes
from benchmarks.peer_writes import CONNECTIONS, Event, Writer, running_writer
from benchmarks.raw_client import Answered, asked, request, sent
from benchmarks.serving import Server, create_service, serving, serving_bare
from benchmarks.workload import BATCH_EVENTS, batches, push_events
from catalog.billable_metrics import AggregationType
from storage.lake import Lake
from storage.lake_tables import USAGE
from tests.real_parts import PartMissingError

EVENTS_PATH = "/api/v1/events"
ONLY_INTAKE = {"flush_seconds": "86400", "publish_seconds": "86400"}
AS_SHIPPED: dict[str, str] = {}
SPAN_SECONDS = 60
INTAKE, FLUSHED = "answered", "in the lake"
BARE = "a bare ASGI app that reads and answers as many bytes (limit)"
PEER = "Lago's insert on PostgreSQL"
Runs = dict[str, list[Answered]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How events come: how many in a request, from how many clients, in what share of the runs."""

    what: str
    events_each: int
    clients: int
    share: int


SHAPES = (
    Shape("POST one event, 32 clients", 1, 32, 1),
    Shape("POST one event, 1 client", 1, 1, 10),
    Shape(f"POST {BATCH_EVENTS} events, 8 clients", BATCH_EVENTS, 8, 10),
)


def http_figures(folder: Path, requests_count: int) -> Iterator[Figure | str]:
    """Yield requests and events a second, answered and in the lake, for three shapes of intake."""
    with ExitStack() as opened:
        peer: Writer | None = None
        try:
            peer = opened.enter_context(running_writer())
        except PartMissingError as missing:
            yield f"the peer is left out: {missing.reason}; to have it: {missing.command}"
        houses = {
            INTAKE: House(folder / "http_intake", ONLY_INTAKE),
            FLUSHED: House(folder / "http_shipped", AS_SHIPPED),
        }
        with ExitStack() as served:
            trial = Trial(houses, peer)
            for house in houses.values():
                house.server = served.enter_context(serving(house.folder, house.settings))
                house.create_metric()
            trial.bare = served.enter_context(
                serving_bare(folder, *houses[INTAKE].answers_bytes(trial.first_events()))
            )
            for shape in SHAPES:
                runs = trial.runs(shape, max(requests_count // shape.share, shape.clients))
                yield from _figures(shape, runs)
            memory = memory_megabytes(houses[INTAKE].server.pid)
        yield f"the server that took it all in holds {memory:.0f} MB of memory"
        yield from trial.check()


@dataclass(slots=True)
class House:
    """A data folder, its key, and the server that is running on it."""

    folder: Path
    settings: dict[str, str]
    key: str = ""
    server: Server = field(default_factory=lambda: Server(0, 0, 0.0))

    def __post_init__(self) -> None:
        """Create the service."""
        self.folder.mkdir()
        self.key = create_service(self.folder)

    def create_metric(self) -> None:
        """Create the metric that all events are of."""
        code = str(AggregationType.SUM)
        metric = {"name": code, "code": code, "aggregation_type": code, "field_name": "value"}
        body = msgspec.json.encode({"billable_metric": metric})
        asked(self.server.port, "POST", "/api/v1/billable_metrics", self.key, body)

    def answers_bytes(self, events: Sequence[Event]) -> tuple[int, int]:
        """Push a batch, one of its events alone again, and return how long the answers are."""
        batch = asked(self.server.port, "POST", *self._push(events))
        single = asked(self.server.port, "POST", *self._push(events[:1]))
        return len(single), len(batch)

    def requests(self, groups: Sequence[Sequence[Event]]) -> list[bytes]:
        """Return the pushes of groups of events."""
        return [request("POST", *self._push(group)) for group in groups]

    def push(self, requests: Sequence[bytes], clients: int) -> Answered:
        """Send pushes and wait for their answers."""
        return sent(self.server.port, self.server.pid, requests, connections=clients)

    def see(self, event: Event) -> None:
        """Ask for an event, which brings everything into the lake that was acknowledged."""
        asked(self.server.port, "GET", f"{EVENTS_PATH}/{event['transaction_id']}", self.key)

    def total(self) -> tuple[int, Decimal]:
        """Return number and sum of the rows in the lake; its server must have ended."""
        lake = Lake(self.folder / "lake")
        row = lake.scan(USAGE).select(pl.len(), pl.col("value").sum()).collect().row(0)
        lake.close()
        return int(row[0]), Decimal(row[1])

    def _push(self, group: Sequence[Event]) -> tuple[str, str, bytes]:
        if len(group) == 1:
            return EVENTS_PATH, self.key, msgspec.json.encode({"event": group[0]})
        return f"{EVENTS_PATH}/batch", self.key, msgspec.json.encode({"events": group})


@dataclass(slots=True)
class Trial:
    """Every way in, and what went into it."""

    houses: dict[str, House]
    peer: Writer | None
    bare: Server = field(default_factory=lambda: Server(0, 0, 0.0))

    def first_events(self) -> list[Event]:
        """Return a batch that only makes the answers' lengths known; the peer gets it too."""
        events = _events(BATCH_EVENTS, run="first")
        self.houses[FLUSHED].answers_bytes(events)
        if self.peer:
            self.peer.insert([events], connections=1)
        return events

    def runs(self, shape: Shape, requests_count: int) -> Runs:
        """Return what each turn took in each way."""
        found: Runs = defaultdict(list)
        for turn in range(TURNS):
            run = f"{shape.clients}-{turn}"
            events = _events(requests_count * shape.events_each, run=run)
            groups = batches(events) if shape.events_each > 1 else [[each] for each in events]
            found[INTAKE].append(self._answered(INTAKE, groups, shape.clients))
            found[FLUSHED].append(self._flushed(groups, shape.clients))
            found[BARE].append(self._bare(shape, groups))
            if self.peer:
                connections = min(CONNECTIONS, shape.clients)
                found[PEER].append(self.peer.insert(groups, connections=connections))
        return found

    def check(self) -> Iterator[str]:
        """Yield what was checked: that every way holds the same, and what a row takes."""
        totals = {house.total() for house in self.houses.values()}
        if self.peer:
            totals.add(self.peer.total())
            yield f"an event takes {self.peer.bytes_per_row():.0f} bytes in the peer's table"
        assert len(totals) == 1, totals
        ((count, total),) = totals
        yield f"checked: every way in holds the same {count:,} events, {total} in all"

    def _answered(self, way: str, groups: Sequence[Sequence[Event]], clients: int) -> Answered:
        house = self.houses[way]
        return house.push(house.requests(groups), clients)

    def _flushed(self, groups: Sequence[Sequence[Event]], clients: int) -> Answered:
        house = self.houses[FLUSHED]
        answered = self._answered(FLUSHED, groups, clients)
        cpu, started = cpu_microseconds(house.server.pid), time.perf_counter()
        house.see(groups[-1][-1])
        return replace(
            answered,
            seconds=answered.seconds + time.perf_counter() - started,
            server_cpu_us=answered.server_cpu_us + cpu_microseconds(house.server.pid) - cpu,
        )

    def _bare(self, shape: Shape, groups: Sequence[Sequence[Event]]) -> Answered:
        path = SINGLE if shape.events_each == 1 else BATCH
        house = self.houses[INTAKE]
        bodies = [each.partition(b"\r\n\r\n")[2] for each in house.requests(groups)]
        requests = [request("POST", path, house.key, body) for body in bodies]
        return sent(self.bare.port, self.bare.pid, requests, connections=shape.clients)


def _figures(shape: Shape, runs: Runs) -> Iterator[Figure]:
    medians = {
        way: sorted(each, key=lambda run: run.seconds)[TURNS // 2] for way, each in runs.items()
    }
    others = [
        Other(way, medians[way].per_second(shape.events_each), str(medians[way]))
        for way in (BARE, PEER)
        if way in medians
    ]
    for way in (INTAKE, FLUSHED):
        ours = medians[way]
        rate = ours.per_second(shape.events_each)
        yield Figure(f"{shape.what}, {way}", "events", rate, others, str(ours))


def _events(count: int, *, run: str) -> list[Event]:
    first_second = int(time.time()) - SPAN_SECONDS
    return push_events(count, run=run, first_second=first_second, span=SPAN_SECONDS)
