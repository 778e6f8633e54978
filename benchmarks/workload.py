"""The work: pushes as JSON, and a month of usage as the lake keeps it. Seeded, so it repeats."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric
from storage.lake_tables import USAGE

SERVICE = "nexadesk"
SEED = 20_261_122
BATCH_EVENTS = 100
EVENTS_PER_WINDOW = 83
POWER = 0.8
SUBSCRIPTIONS = 500
MONTH_START = datetime(2026, 11, 1, tzinfo=UTC)
MONTH_END = datetime(2026, 12, 1, tzinfo=UTC)
MONTH_MILLISECONDS = (MONTH_END - MONTH_START) // timedelta(milliseconds=1)
MONTH_SECONDS = MONTH_MILLISECONDS // 1000
KINDS = (
    AggregationType.SUM,
    AggregationType.COUNT,
    AggregationType.MAX,
    AggregationType.LATEST,
    AggregationType.UNIQUE_COUNT,
    AggregationType.WEIGHTED_SUM,
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


def push_events(
    events_count: int, *, run: str, first_second: int | None = None, span: int = MONTH_SECONDS
) -> list[dict[str, object]]:
    """Return events as Lago's clients send them; another run has other transaction ids.

    They lie in the seconds from `first_second` on, by default in the month.
    """
    chance = random.Random(SEED)
    first = int(MONTH_START.timestamp()) if first_second is None else first_second
    return [
        {
            "transaction_id": f"{run}-{chance.getrandbits(64):016x}",
            "external_subscription_id": f"acme-{number % SUBSCRIPTIONS}",
            "code": str(AggregationType.SUM),
            "timestamp": first + chance.randrange(span),
            "properties": {"value": chance.randrange(10**9) / 1000, "model": "large"},
        }
        for number in range(events_count)
    ]


def batch_bodies(events: Sequence[dict[str, object]]) -> list[bytes]:
    """Return the bodies of `POST /events/batch`, a hundred events in each."""
    return [msgspec.json.encode({"events": batch}) for batch in batches(events)]


def batches(events: Sequence[dict[str, object]]) -> list[Sequence[dict[str, object]]]:
    """Return the events in groups of a hundred."""
    starts = range(0, len(events), BATCH_EVENTS)
    return [events[start : start + BATCH_EVENTS] for start in starts]


def a_month_of_usage(rows_count: int, *, rows_per_window: int = EVENTS_PER_WINDOW) -> pl.DataFrame:
    """Return a month of rows in the order they came: a metric of each kind, many subscriptions.

    Each metric of each subscription has at least one row, and `rows_per_window` on average; some
    have very many, by a power law.
    """
    subscriptions = max(rows_count // rows_per_window // len(KINDS), 1)
    windows = subscriptions * len(KINDS)
    number = pl.int_range(pl.len())
    unique = pl.col("metric_code") == str(AggregationType.UNIQUE_COUNT)
    number_kinds = [str(kind) for kind in KINDS if kind.needs_number]
    rows = (
        _drawn(rows_count, windows)
        .with_columns(
            number=number,
            metric_code=_one_of([str(kind) for kind in KINDS], pl.col("window") % len(KINDS)),
            text=_thousandths_as_text(),
            user=pl.concat_str(pl.lit("user-"), pl.col("thousandths") % 50),
        )
        .with_columns(
            month=pl.lit(MONTH_START.date()),
            service=pl.lit(SERVICE),
            subscription_id=pl.concat_str(pl.lit("acme-"), pl.col("window") // len(KINDS)),
            occurred_at=pl.lit(MONTH_START) + pl.duration(milliseconds="milliseconds"),
            transaction_id=pl.concat_str(pl.lit("tx-"), "token"),
            value=pl.when(pl.col("metric_code").is_in(number_kinds)).then("text"),
            value_text=pl.when(unique).then("user"),
            operation_type=pl.when(unique).then(pl.lit("add")),
            properties=pl.concat_str(
                pl.lit('{"value": "'), pl.when(unique).then("user").otherwise("text"), pl.lit('"}')
            ),
            metric_version=pl.lit(1),
            received_at=pl.lit(MONTH_END),
            is_own_time=pl.lit(value=True),
            shard=pl.lit(0),
            inbox_id=number // BATCH_EVENTS + 1,
            sequence=number % BATCH_EVENTS,
        )
    )
    absent = [pl.lit(None).alias(name) for name in USAGE.polars_schema if name not in rows.columns]
    return rows.with_columns(absent).select(
        pl.col(name).cast(kind) for name, kind in USAGE.polars_schema.items()
    )


def month_windows(kind: AggregationType, subscriptions: Sequence[str]) -> list[UsageWindow]:
    """Return the question how much of a metric each subscription used in the month."""
    days = (MONTH_END - MONTH_START).days
    metric = a_metric(kind)
    return [
        UsageWindow(
            key=subscription,
            service_code=SERVICE,
            subscription_external_id=subscription,
            metric=metric,
            start=MONTH_START,
            end=MONTH_END,
            period_days=days,
        )
        for subscription in subscriptions
    ]


def _drawn(rows_count: int, windows: int) -> pl.DataFrame:
    chance = np.random.default_rng(SEED)
    return pl.DataFrame(
        {
            "window": _windows_by_power_law(chance, rows_count, windows),
            "milliseconds": np.sort(chance.integers(0, MONTH_MILLISECONDS, rows_count)),
            "thousandths": chance.integers(0, 10**9, rows_count),
            "token": chance.integers(0, 2**64, rows_count, np.uint64),
            "content_digest": chance.integers(-(2**63), 2**63, rows_count),
        }
    )


def _windows_by_power_law(
    chance: np.random.Generator, rows_count: int, windows: int
) -> NDArray[np.int64]:
    """Return the window of each row: every one once, then the first ones most often."""
    shares = np.cumsum((np.arange(windows) + 10.0) ** -POWER)
    drawn = np.searchsorted(shares, chance.random(max(rows_count - windows, 0)) * shares[-1])
    return chance.permutation(np.concatenate([np.arange(min(windows, rows_count)), drawn]))


def _one_of(words: Sequence[str], place: pl.Expr) -> pl.Expr:
    return pl.lit(pl.Series(words)).gather(place)


def _thousandths_as_text() -> pl.Expr:
    return pl.concat_str(
        pl.col("thousandths") // 1000,
        pl.lit("."),
        (pl.col("thousandths") % 1000).cast(pl.String).str.zfill(3),
    )
