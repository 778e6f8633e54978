"""Intake without HTTP: JSON to a durable answer, beside parsing alone and a synced append alone."""

import asyncio
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.figures import TURNS, Figure, compared
from benchmarks.workload import (
    METRICS,
    MONTH_END,
    MONTH_START,
    SEED,
    SERVICE,
    batch_bodies,
    push_events,
)
from catalog.services import Service
from ingest.answering import PushLimits, answer_batch
from ingest.committer import Committer
from ingest.deciding import IndexDecider
from ingest.flush import Flusher
from ingest.keys.key_index import KeyIndex
from ingest.receiving import Intake
from ingest.usage_event import UsageEvent
from storage.inbox import SqliteInbox
from storage.lake import Lake

IN_FLIGHT = (1, 8)
NEXADESK = Service("service-1", SERVICE, SERVICE, "UTC", "CAD", MONTH_START)
LIMITS = PushLimits()


class _Batch(msgspec.Struct):
    events: list[UsageEvent]


_typed = msgspec.json.Decoder(_Batch)


def intake_figures(folder: Path, events_count: int) -> Iterator[Figure]:
    """Yield events/s through reading, key index, fsync and answer, in batches of a hundred."""
    inbox, lake = SqliteInbox(folder / "intake.sqlite"), Lake(folder / "intake_lake")
    committer = Committer(inbox, lambda: IndexDecider(KeyIndex(SEED)))
    intake = Intake(committer, Flusher(inbox, lake, lambda: METRICS), lake, MONTH_START)
    for in_flight in IN_FLIGHT:
        # Each turn pushes new events: making them is not part of the time.
        fresh = [
            batch_bodies(push_events(events_count, run=f"{in_flight}-{turn}"))
            for turn in range(TURNS)
        ]
        bodies = fresh[0]
        yield compared(
            f"intake without HTTP, pushes in flight: {in_flight}",
            "events",
            events_count,
            partial(_push_next, intake, fresh, in_flight),
            {
                "msgspec parse of the typed events (limit)": partial(parse_all, bodies),
                "write and fsync of each body (limit)": partial(
                    append_all, folder / "bodies", bodies
                ),
            },
        )
    committer.close()
    assert inbox.waiting_count() == len(IN_FLIGHT) * TURNS * events_count
    inbox.close()
    lake.close()


def parse_all(bodies: Sequence[bytes]) -> None:
    """Parse each body into typed events and do nothing with them."""
    for body in bodies:
        _typed.decode(body)


def append_all(path: Path, bodies: Sequence[bytes]) -> None:
    """Append each body to a file and wait for the disk each time."""
    with path.open("wb") as file:
        for body in bodies:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())


def _push_next(intake: Intake, fresh: list[list[bytes]], in_flight: int) -> None:
    asyncio.run(_push_all(intake, fresh.pop(), in_flight))


async def _push_all(intake: Intake, bodies: Sequence[bytes], in_flight: int) -> None:
    """Push bodies as so many clients at once would: each waits for its answer."""
    waiting = iter(bodies)

    async def one_client(at: datetime) -> None:
        for body in waiting:
            await answer_batch(intake, LIMITS, NEXADESK, body, at)

    await asyncio.gather(*(one_client(MONTH_END) for _ in range(in_flight)))
