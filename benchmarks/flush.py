"""Flush: what waits in the inbox becomes Parquet in the lake, beside writing and parsing alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.figures import TURNS, Figure, Other, Taken, in_milliseconds, median_of, taken
from benchmarks.intake import parse_all
from benchmarks.key_index import drawn_hashes, loaded_index
from benchmarks.workload import METRICS, MONTH_END, MONTH_START, SERVICE, batch_bodies, push_events
from ingest.flush import Flusher, Gate, stream_of
from ingest.inbox_body import Section, inbox_body
from ingest.keys.index_gate import IndexGate
from ingest.keys.key_index import KeyIndex
from ingest.push import Door
from storage.inbox import NewRow, SqliteInbox
from storage.lake import Lake
from storage.lake_tables import USAGE

SHARD = 0
FLUSH_EVENTS = 50_000
SMALL_FLUSH_EVENTS = 1_000
PUSHES_PER_COMMIT = 8


def flush_figures(folder: Path, keys_count: int) -> Iterator[Figure]:
    """Yield events/s from inbox to lake: a large and a small flush, with a key index and without.

    The index is the one of a flush worker; in one process the committer has asked its own.
    """
    for events_count in (FLUSH_EVENTS, SMALL_FLUSH_EVENTS):
        plain = FlushTrial(folder / f"flush_{events_count}", events_count, None)
        yield plain.figure(f"flush of {events_count:,} events")
    index = loaded_index(drawn_hashes(keys_count))
    gated = FlushTrial(folder / "flush_gated", FLUSH_EVENTS, index)
    yield gated.figure(f"flush of {FLUSH_EVENTS:,} events, gate of {keys_count:,} keys")


class FlushTrial:
    """An inbox and a lake, filled and emptied in turns."""

    def __init__(self, folder: Path, events_count: int, index: KeyIndex | None) -> None:
        """Open new ones; an index stands as a gate before the lake."""
        folder.mkdir()
        self._folder = folder
        self._events_count = events_count
        self._inbox, self._lake = SqliteInbox(folder / "inbox.sqlite"), Lake(folder / "lake")
        gate: Gate | None = None
        if index is not None:
            gate = IndexGate(index, self._lake, MONTH_START, self._lake.mark(stream_of(SHARD)))
        self._flusher = Flusher(self._inbox, self._lake, lambda: METRICS, gate=gate)

    def figure(self, what: str) -> Figure:
        """Return events/s of the flush, against parsing and against polars writing the frame."""
        rounds = [self._turn(turn) for turn in range(TURNS)]
        kept = self._lake.scan(USAGE).select(pl.len()).collect().item()
        assert kept == TURNS * self._events_count
        self._inbox.close()
        self._lake.close()
        ours, written, parsed = (median_of(times) for times in zip(*rounds, strict=True))
        others = {
            "polars Parquet write and fsync of the same frame (limit)": written,
            "msgspec parse of the typed events (limit)": parsed,
        }
        return Figure(
            what,
            "events",
            self._events_count / ours.seconds,
            [
                Other(name, self._events_count / its.seconds, in_milliseconds(its))
                for name, its in others.items()
            ],
            in_milliseconds(ours),
        )

    def _turn(self, turn: int) -> tuple[Taken, Taken, Taken]:
        bodies = batch_bodies(push_events(self._events_count, run=f"turn-{turn}"))
        fill(self._inbox, bodies, self._events_count)
        flushed = taken(self._flusher.flush)
        frame = self._lake.scan(USAGE).filter(_last(turn)).collect()
        assert frame.height == self._events_count
        return flushed, taken(partial(write_frame, self._folder, frame)), _parsing(bodies)


def fill(inbox: SqliteInbox, bodies: Sequence[bytes], events_count: int) -> None:
    """Keep pushes in the inbox as the committer does, eight in a row."""
    received_s = int(MONTH_END.timestamp())
    sections = [Section(SERVICE, received_s, Door.EVENTS, [], body) for body in bodies]
    each = events_count // len(bodies)
    for start in range(0, len(sections), PUSHES_PER_COMMIT):
        group = sections[start : start + PUSHES_PER_COMMIT]
        inbox.append([NewRow(SHARD, each * len(group), inbox_body(group))], at=MONTH_END)


def write_frame(folder: Path, frame: pl.DataFrame) -> None:
    """Write a frame as one Parquet file and wait for the disk."""
    path = folder / "frame.parquet"
    frame.write_parquet(path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _last(turn: int) -> pl.Expr:
    return pl.col("transaction_id").str.starts_with(f"turn-{turn}-")


def _parsing(bodies: Sequence[bytes]) -> Taken:
    action: Callable[[], object] = partial(parse_all, bodies)
    return taken(action)
