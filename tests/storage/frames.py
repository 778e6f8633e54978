"""Makers of lake rows for the storage tests, and workers that append them in other processes."""

from datetime import UTC, date, datetime

import polars as pl

from storage.lake import Lake, LakePlace, StaleMarkError
from storage.lake_tables import USAGE, LakeTable

JANUARY = date(2026, 1, 1)


def usage_rows(
    *transaction_ids: str,
    inbox_id: int = 1,
    month: date = JANUARY,
    subscription_id: str = "sub",
    shard: int = 0,
    table: LakeTable = USAGE,
) -> pl.DataFrame:
    """Return one usage row for each transaction id, on the first day of a month."""
    empty = {column.name: None for column in table.columns}
    rows = [
        empty
        | {
            "month": month,
            "service": "nexadesk",
            "subscription_id": subscription_id,
            "metric_code": "requests",
            "occurred_at": datetime(month.year, month.month, 1, tzinfo=UTC),
            "transaction_id": transaction_id,
            "inbox_id": inbox_id,
            "shard": shard,
        }
        for transaction_id in transaction_ids
    ]
    return pl.DataFrame(rows, schema=table.polars_schema)


def append_stretch(place: LakePlace, shard: int, upto: int) -> None:
    """Append rows 1 to `upto` of a shard as a flush worker does; others may do the same work."""
    lake = Lake(place)
    stream = f"usage_{shard}"
    while (mark := lake.mark(stream)) < upto:
        rows = usage_rows(f"{shard}/{mark + 1}", inbox_id=mark + 1, shard=shard)
        try:
            lake.append_once(stream, mark, mark + 1, {USAGE: rows})
        except StaleMarkError:
            continue
    lake.close()
