"""The key index at a start: every key that lake and inbox hold, read in bounded steps."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

import numpy as np
import polars as pl

from ingest.event_columns import columns_of, keys_and_digests
from ingest.first_inbox_body import sections_of_any_body
from ingest.inbox_body import Section, events_of_section
from ingest.keys.key_index import KeyIndex, Seconds, Words
from ingest.push import Door
from ingest.stored_usage import REFUSED
from ingest.usage_event import refused_key
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_tables import QUARANTINE, REVISION, USAGE
from storage.spare_memory import give_back_memory

ROWS_PER_STEP = 250_000
EVENTS_PER_STEP = 50_000
USAGE_TABLES = (USAGE, REVISION, QUARANTINE)
Step: TypeAlias = tuple[Words, Words, Seconds]


def load_lake_keys(
    index: KeyIndex,
    lake: Lake,
    *,
    shard: int,
    since: datetime,
    after: int = 0,
    each_step: Callable[[], None] = lambda: None,
) -> None:
    """Fill the index with what a shard's lake knows beyond the position `after`.

    Keys received and used before `since` are left out: for such old usage the lake is asked.
    """
    index.load(_steps(index, _stored_keys(lake, shard, since, after), each_step))
    # The parts of the loading lie between those that stay: twice the index, as long as we live.
    give_back_memory()


def load_inbox_keys(index: KeyIndex, inbox: Inbox, *, shard: int, mark: int) -> None:
    """Add to the index what a shard's inbox holds beyond the lake's mark."""
    while rows := inbox.read(shard, mark, EVENTS_PER_STEP):
        for row in rows:
            for section in sections_of_any_body(row.body):
                _add_section(index, section)
        index.settle()
        mark = rows[-1].id


def _steps(
    index: KeyIndex, frames: Iterable[pl.DataFrame], each_step: Callable[[], None]
) -> Iterator[Step]:
    for frame in frames:
        each_step()
        digests = frame["content_digest"].to_numpy().view(np.uint64)
        yield (
            index.hash_array(_keys(frame)),
            digests,
            frame["received_s"].cast(pl.UInt32).to_numpy(),
        )


def section_keys(section: Section) -> tuple[Sequence[bytes], Sequence[int]]:
    """Return keys and content digests of a section's events."""
    columns = columns_of(events_of_section(section))
    keys, contents = keys_and_digests(section.service_code, columns)
    if section.door is Door.REFUSED:
        keys = [refused_key(key, content) for key, content in zip(keys, contents, strict=True)]
    return keys, contents


def _add_section(index: KeyIndex, section: Section) -> None:
    if section.door is Door.REPLAYED:
        return
    keys, contents = section_keys(section)
    skipped = set(section.skipped)
    for place, key_hash in enumerate(index.hashes(keys)):
        if place not in skipped:
            index.add(key_hash, contents[place], section.received_s)


def _stored_keys(lake: Lake, shard: int, since: datetime, after: int) -> Iterator[pl.DataFrame]:
    is_beyond = pl.col("inbox_id") > after if after else pl.lit(value=True)
    for table in USAGE_TABLES:
        rows = lake.scan(table).filter(
            pl.col("shard") == shard,
            is_beyond,
            (pl.col("received_at") >= since) | (pl.col("month") >= since.date().replace(day=1)),
        )
        chosen = rows.select(
            "service",
            pl.col("subscription_id").fill_null(""),
            "transaction_id",
            "content_digest",
            pl.col("received_at").dt.epoch("s").alias("received_s"),
            (pl.col("reason") == REFUSED if table is QUARANTINE else pl.lit(value=False)).alias(
                "is_refused"
            ),
        )
        yield from chosen.collect_batches(chunk_size=ROWS_PER_STEP, maintain_order=False)


def _keys(frame: pl.DataFrame) -> list[bytes]:
    texts = pl.concat_str("service", "subscription_id", "transaction_id", separator="\0")
    keys: list[bytes] = frame.select(texts.cast(pl.Binary)).to_series().to_list()
    if not frame["is_refused"].any():
        return keys
    digests = frame["content_digest"].to_numpy().view(np.uint64).tolist()
    return [
        refused_key(key, digest) if is_refused else key
        for key, digest, is_refused in zip(keys, digests, frame["is_refused"], strict=True)
    ]
