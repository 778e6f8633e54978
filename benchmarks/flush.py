"""Flush: what waits in the inbox becomes Parquet in the lake, beside writing the frame alone."""

import os
import statistics
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.figures import TURNS, Figure, seconds
from benchmarks.intake import push_all
from benchmarks.workload import METRICS, batch_bodies
from ingest.committer import Committer
from ingest.flush import Flusher
from ingest.key_index import KeyIndex
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_tables import USAGE


def flush_figures(folder: Path, events_count: int) -> Iterator[Figure]:
    """Yield events/s from inbox to lake, against polars writing and syncing the same frame."""
    inbox, lake = Inbox(folder / "flush.sqlite"), Lake(folder / "flush_lake")
    flusher = Flusher(inbox, lake, lambda: METRICS)
    committer = Committer(inbox, KeyIndex())
    flushes, writes = [], []
    for turn in range(TURNS):
        push_all(committer, batch_bodies(events_count, run=f"turn-{turn}"), 8)
        flushes.append(seconds(flusher.flush))
        frame = lake.scan(USAGE).tail(events_count).collect()
        writes.append(seconds(partial(write_frame, folder, frame)))
    assert lake.scan(USAGE).select(pl.len()).collect().item() == TURNS * events_count
    committer.close()
    inbox.close()
    lake.close()
    ours, others = statistics.median(flushes), statistics.median(writes)
    limit = "polars Parquet write + fsync (limit)"
    yield Figure("flush", "events", events_count / ours, limit, events_count / others)


def write_frame(folder: Path, frame: pl.DataFrame) -> None:
    """Write a frame as one Parquet file and wait for the disk."""
    path = folder / "frame.parquet"
    frame.write_parquet(path, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())
