"""Rows that supersede: what a correction writes of each fact. Pure.

A row's id is made of the correction and the fact, so that writing it again changes nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import polars as pl
from xxhash import xxh3_128_hexdigest

from ingest.corrections.selection import EVENT_FACT
from ingest.counters.counter import epoch_us
from ingest.usage_event import UsageEvent, UsageRevision, timestamp_of

RESTORING_ID = r"^correction:[^:]+:[0-9a-f]{32}:(-?[0-9]+)$"
NEW = "new"
CONTENT_COLUMNS = (
    "subscription_id", "metric_code", "occurred_at", "properties", "precise_total_amount_cents",
    "content_digest", "fact_id", "window_start", "window_end", "is_void", "inbox_id", "sequence",
)  # fmt: skip


def repeated(
    fact: Mapping[str, Any], correction_id: str, *, is_void: bool, restores: int | None = None
) -> UsageRevision:
    """Return a row that says what a fact says, or that it counts no more.

    `restores` is the digest of the row that is to count again: it stands in the id, see
    `as_first_said`.
    """
    fact_id = fact["fact_id"]
    start, end = fact["window_start"], fact["window_end"]
    return UsageRevision(
        transaction_id=_row_id(correction_id, fact_id, restores),
        code=fact["metric_code"],
        external_subscription_id=fact["subscription_id"],
        timestamp=timestamp_of(fact["occurred_at"]),
        properties=msgspec.Raw(fact["properties"].encode()),
        precise_total_amount_cents=fact["precise_total_amount_cents"],
        fact_id=fact_id,
        window_start_us=_microseconds(start),
        window_end_us=_microseconds(end),
        is_void=is_void,
        correction_id=correction_id,
    )


def replacing(event: UsageEvent, correction_id: str) -> UsageRevision:
    """Return the row of a new event; it takes the place of any event with its id."""
    fact_id = EVENT_FACT + event.transaction_id
    return UsageRevision(
        transaction_id=_row_id(correction_id, fact_id, NEW),
        code=event.code,
        external_subscription_id=event.external_subscription_id,
        timestamp=event.timestamp,
        properties=event.properties,
        precise_total_amount_cents=event.precise_total_amount_cents,
        fact_id=fact_id,
        correction_id=correction_id,
    )


def as_first_said(revision: pl.LazyFrame) -> pl.LazyFrame:
    """Return revisions where a restored row has the digest of the row it repeats.

    So what is computed after a revert has the same inputs as before the correction.
    """
    restored = pl.col("transaction_id").str.extract(RESTORING_ID).cast(pl.Int64)
    return revision.with_columns(
        content_digest=pl.when(pl.col("correction_id").is_not_null())
        .then(pl.coalesce(restored, "content_digest"))
        .otherwise("content_digest")
    )


def _row_id(correction_id: str, fact_id: str, part: int | str | None) -> str:
    row_id = f"correction:{correction_id}:{xxh3_128_hexdigest(fact_id.encode())}"
    return row_id if part is None else f"{row_id}:{part}"


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else epoch_us(instant)
