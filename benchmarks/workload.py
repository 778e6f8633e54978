"""The work: pushes as JSON, and a month of usage as the lake keeps it. Seeded, so it repeats."""

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import polars as pl

from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric
from storage.lake_tables import USAGE

SERVICE = "nexadesk"
SEED = 20_261_122
BATCH_EVENTS = 100
EVENTS_PER_WINDOW = 100
MONTH_START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
MONTH_MILLISECONDS = (MONTH_END - MONTH_START) // timedelta(milliseconds=1)
KINDS = (
    AggregationType.SUM,
    AggregationType.COUNT,
    AggregationType.MAX,
    AggregationType.UNIQUE_COUNT,
)


def a_metric(kind: AggregationType) -> BillableMetric:
    """Return the metric of a kind; its code is the kind's word."""
    return BillableMetric(
        id=f"metric-{kind}",
        service_code=SERVICE,
        code=str(kind),
        name=str(kind),
        aggregation_type=kind,
        created_at=MONTH_START,
        valid_from=MONTH_START,
        field_name=None if kind is AggregationType.COUNT else "value",
    )


METRICS = {(SERVICE, str(kind)): a_metric(kind) for kind in KINDS}


def batch_bodies(events_count: int, *, run: str) -> list[bytes]:
    """Return the bodies of `POST /events/batch`; another run has other transaction ids."""
    chance = random.Random(SEED)
    first = int(MONTH_START.timestamp() * 1000)
    events = [
        {
            "transaction_id": f"{run}-{chance.getrandbits(64):016x}",
            "external_subscription_id": f"acme-{number % 500}",
            "code": str(AggregationType.SUM),
            "timestamp": (first + chance.randrange(MONTH_MILLISECONDS)) / 1000,
            "properties": {"value": chance.randrange(10**9) / 1000, "model": "large"},
        }
        for number in range(events_count)
    ]
    return [
        msgspec.json.encode({"events": events[start : start + BATCH_EVENTS]})
        for start in range(0, events_count, BATCH_EVENTS)
    ]


def a_month_of_usage(rows_count: int) -> pl.DataFrame:
    """Return a month of rows: four metrics, a hundred events for each and each subscription."""
    chance = random.Random(SEED)
    windows = max(rows_count // EVENTS_PER_WINDOW, len(KINDS))
    number = pl.int_range(rows_count)
    drawn = pl.DataFrame(
        {
            "window": [position % windows for position in range(rows_count)],
            "milliseconds": [chance.randrange(MONTH_MILLISECONDS) for _ in range(rows_count)],
            "thousandths": [chance.randrange(10**9) for _ in range(rows_count)],
            "content_digest": [chance.getrandbits(63) for _ in range(rows_count)],
            "event_id": [f"{chance.getrandbits(128):032x}" for _ in range(rows_count)],
        }
    )
    kinds = pl.Series([str(kind) for kind in KINDS])
    text = pl.concat_str(
        pl.col("thousandths") // 1000,
        pl.lit("."),
        (pl.col("thousandths") % 1000).cast(pl.String).str.zfill(3),
    )
    metric = pl.lit(kinds).gather(pl.col("window") % len(KINDS))
    user = pl.concat_str(pl.lit("user-"), pl.col("thousandths") % 50)
    unique = pl.col("metric_code") == str(AggregationType.UNIQUE_COUNT)
    number_kinds = [str(kind) for kind in KINDS if kind.needs_number]
    rows = drawn.with_columns(metric.alias("metric_code")).with_columns(
        pl.lit(date(2026, 11, 1)).alias("month"),
        pl.lit(SERVICE).alias("service"),
        _subscription(pl.col("window") // len(KINDS)).alias("subscription_id"),
        (pl.lit(MONTH_START) + pl.duration(milliseconds="milliseconds")).alias("occurred_at"),
        pl.concat_str(pl.lit("tx-"), number).alias("transaction_id"),
        pl.when(pl.col("metric_code").is_in(number_kinds)).then(text).alias("value"),
        pl.when(unique).then(user).alias("value_text"),
        pl.when(unique).then(pl.lit("add")).alias("operation_type"),
        pl.concat_str(
            pl.lit('{"value": "'), pl.when(unique).then(user).otherwise(text), pl.lit('"}')
        ).alias("properties"),
        pl.lit(None, pl.String).alias("precise_total_amount_cents"),
        pl.lit(1).alias("metric_version"),
        pl.lit(MONTH_END).alias("received_at"),
        pl.lit(0).alias("shard"),
        (number // BATCH_EVENTS + 1).alias("inbox_id"),
        (number % BATCH_EVENTS).alias("sequence"),
    )
    return rows.select(pl.col(name).cast(kind) for name, kind in USAGE.polars_schema.items())


def month_windows(kind: AggregationType, subscriptions: Sequence[str]) -> list[UsageWindow]:
    """Return the question how much of a metric each subscription used in the month."""
    return [
        UsageWindow(subscription, SERVICE, subscription, a_metric(kind), MONTH_START, MONTH_END)
        for subscription in subscriptions
    ]


def _subscription(number: pl.Expr) -> pl.Expr:
    return pl.concat_str(pl.lit("acme-"), number)
