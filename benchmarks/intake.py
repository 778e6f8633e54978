"""Intake: JSON to a durable answer, beside parsing alone and beside a synced append alone."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.figures import TURNS, Figure, compared
from benchmarks.workload import BATCH_EVENTS, MONTH_END, SERVICE, batch_bodies
from catalog.exact_json import exact_value
from ingest.committer import Committer, Receipt
from ingest.key_index import KeyIndex
from ingest.lago_shapes import from_lago_batch
from storage.inbox import Inbox

DEPTH_MAX = 20
IN_FLIGHT = (1, 8)


def intake_figures(folder: Path, events_count: int) -> Iterator[Figure]:
    """Yield events/s through validation, key index and fsync, in batches of a hundred."""
    inbox = Inbox(folder / "intake.sqlite")
    committer = Committer(inbox, KeyIndex())
    for in_flight in IN_FLIGHT:
        # Each turn pushes new events: making them is not part of the time.
        fresh = [batch_bodies(events_count, run=f"{in_flight}-{turn}") for turn in range(TURNS)]
        bodies = fresh[0]
        limits: dict[str, Callable[[], object]] = {
            "msgspec parse alone (limit)": partial(parse_all, bodies),
            "write + fsync of each body (limit)": partial(append_all, folder / "bodies", bodies),
        }
        ours = partial(_push_next, committer, fresh, in_flight)
        what = f"intake, pushes in flight: {in_flight}"
        yield from compared(what, "events", events_count, ours, limits)
    committer.close()
    inbox.close()


def _push_next(committer: Committer, fresh: list[list[bytes]], in_flight: int) -> None:
    push_all(committer, fresh.pop(), in_flight)


def push_all(committer: Committer, bodies: list[bytes], in_flight: int) -> None:
    """Push bodies as so many clients at once would: each waits for its answer."""
    waiting: deque[Future[Receipt]] = deque()
    for body in bodies:
        if len(waiting) == in_flight:
            assert waiting.popleft().result().is_kept
        value = exact_value(body, DEPTH_MAX)
        assert isinstance(value, dict)
        events = from_lago_batch(value["events"], SERVICE, MONTH_END, events_max=BATCH_EVENTS)
        waiting.append(committer.submit(events))
    for answer in waiting:
        assert answer.result().is_kept


def parse_all(bodies: list[bytes]) -> None:
    """Parse each body and do nothing with it."""
    for body in bodies:
        msgspec.json.decode(body)


def append_all(path: Path, bodies: list[bytes]) -> None:
    """Append each body to a file and wait for the disk each time."""
    with path.open("wb") as file:
        for body in bodies:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
