"""Event origins: when the events of some windows happened, and when they first came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from aggregation.quantity import UsageWindow
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_tables import REVISION, USAGE, LakeTable

COLUMNS = (
    "subscription_id", "transaction_id", "occurred_at", "received_at", "inbox_id", "sequence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class EventOrigin:
    """When an event happened, and when it first came in."""

    occurred_at: datetime
    received_at: datetime


def event_origins(
    lake: Lake, windows: Sequence[UsageWindow], watermark: Watermark
) -> Mapping[tuple[str, str], EventOrigin]:
    """Return the origins of the events that may count in windows, by subscription and id.

    A corrected event keeps the instant at which it first came in.
    """
    rows = pl.concat(
        _rows(lake, table, windows, watermark.includes()) for table in (USAGE, REVISION)
    )
    frame = (
        rows.sort("inbox_id", "sequence")
        .group_by("subscription_id", "transaction_id")
        .agg(pl.col("occurred_at").last(), pl.col("received_at").min())
        .collect()
    )
    return {
        (subscription, event): EventOrigin(occurred, received)
        for subscription, event, occurred, received in frame.iter_rows()
    }


def _rows(
    lake: Lake, table: LakeTable, windows: Sequence[UsageWindow], seen: pl.Expr
) -> pl.LazyFrame:
    return (
        lake.scan(table)
        .filter(
            seen,
            pl.col("service") == windows[0].service_code,
            pl.col("metric_code").is_in(sorted({each.metric.code for each in windows})),
            pl.col("subscription_id").is_in(
                sorted({each.subscription_external_id for each in windows})
            ),
            pl.col("occurred_at") < max(each.end for each in windows),
        )
        .select(COLUMNS)
    )
