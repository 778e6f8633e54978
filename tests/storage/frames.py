"""Makers of lake rows for the storage tests."""

from datetime import UTC, date, datetime

import polars as pl

from storage.lake_tables import USAGE


def usage_rows(*transaction_ids: str, inbox_id: int = 1) -> pl.DataFrame:
    """Return one usage row for each transaction id, on the first of January 2026."""
    empty = {column.name: None for column in USAGE.columns}
    rows = [
        empty
        | {
            "month": date(2026, 1, 1),
            "service": "nexadesk",
            "subscription_id": "sub",
            "metric_code": "requests",
            "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
            "transaction_id": transaction_id,
            "inbox_id": inbox_id,
            "shard": 0,
        }
        for transaction_id in transaction_ids
    ]
    return pl.DataFrame(rows, schema=USAGE.polars_schema)
