"""What the stores say of a key: the events that were kept under it, whole."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec
import polars as pl

from ingest.usage_event import UsageEvent, UsageRevision, timestamp_of
from storage.lake import Lake

EPOCH_SECOND = pl.col("received_at").dt.epoch("s")
KEYS_PER_QUESTION_MAX = 1_000
COLUMNS = (
    "service, subscription_id, transaction_id, metric_code, occurred_at, is_own_time, properties, "
    "precise_total_amount_cents, received_at, content_digest"
)
FACT_COLUMNS = "fact_id, is_void"
NO_FACT = "NULL::VARCHAR AS fact_id, FALSE AS is_void"
ALL_TABLES = ("usage", "revision", "quarantine")
REFUSED = "value_already_exist"
KEPT_ONLY = f" AND reason <> '{REFUSED}'"
Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it was kept, and the second in which it first came."""

    event: UsageEvent
    received_s: int
    content_digest: int


def stored_events(
    lake: Lake, service_code: str, keys: Sequence[Key], tables: Sequence[str] = ALL_TABLES
) -> Mapping[Key, list[StoredEvent]]:
    """Return what the tables hold under (subscription, transaction id), oldest first.

    Refused pushes are not among it: they were never kept. Flush first.
    """
    found: defaultdict[Key, list[StoredEvent]] = defaultdict(list)
    for start in range(0, len(keys), KEYS_PER_QUESTION_MAX):
        part = keys[start : start + KEYS_PER_QUESTION_MAX]
        for row in _rows(lake, service_code, part, tables).iter_rows(named=True):
            stored = stored_event(row)
            key = (stored.event.external_subscription_id or "", stored.event.transaction_id)
            found[key].append(stored)
    return found


def stored_event(row: Mapping[str, Any]) -> StoredEvent:
    """Return the event of a row with COLUMNS and `received_s`; a row with a fact is a revision."""
    is_own_time = row["is_own_time"] is not False
    said = {
        "transaction_id": row["transaction_id"],
        "code": row["metric_code"],
        "external_subscription_id": row["subscription_id"],
        "timestamp": timestamp_of(row["occurred_at"]) if is_own_time else None,
        "properties": msgspec.Raw(row["properties"].encode()),
        "precise_total_amount_cents": row["precise_total_amount_cents"],
    }
    fact_id = row.get("fact_id")
    event = (
        UsageEvent(**said)
        if fact_id is None
        else UsageRevision(**said, fact_id=fact_id, is_void=bool(row["is_void"]))
    )
    return StoredEvent(event, row["received_s"], row["content_digest"])


def _rows(
    lake: Lake, service_code: str, keys: Sequence[Key], tables: Sequence[str]
) -> pl.DataFrame:
    subscriptions = sorted({subscription for subscription, _ in keys})
    transactions = sorted({transaction for _, transaction in keys})
    narrowed = (
        f"service = ? AND transaction_id IN ({_places(transactions)}) "
        f"AND coalesce(subscription_id, '') IN ({_places(subscriptions)})"
    )
    union = " UNION ALL ".join(
        f"SELECT {COLUMNS}, {FACT_COLUMNS if table == 'revision' else NO_FACT} "  # noqa: S608 - constants only
        f"FROM lake.raw.{table} WHERE {narrowed}" + (KEPT_ONLY if table == "quarantine" else "")
        for table in tables
    )
    values = [service_code, *transactions, *subscriptions]
    frame = lake.query(union, values * len(tables))
    return frame.with_columns(received_s=EPOCH_SECOND).sort("received_s")


def _places(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
