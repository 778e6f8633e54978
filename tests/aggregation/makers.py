"""Makers of lake rows for the aggregation tests; a test names only what matters to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from ingest.counters.counter import window_fact_id
from storage.lake_tables import REVISION, USAGE, LakeTable

START = datetime(2026, 11, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EVERYTHING = pl.lit(value=True)
Row = dict[str, object]


def at(seconds: int) -> datetime:
    """Return an instant so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def a_metric(
    aggregation_type: AggregationType = AggregationType.SUM,
    *,
    code: str = "tokens",
    counter_semantics: CounterSemantics | None = None,
) -> BillableMetric:
    """Return a metric of the service nexadesk."""
    return BillableMetric(
        id=f"metric-{code}",
        service_code="nexadesk",
        code=code,
        name=code.title(),
        aggregation_type=aggregation_type,
        created_at=START,
        valid_from=START,
        field_name="tokens",
        counter_semantics=counter_semantics,
    )


def a_window(
    metric: BillableMetric, start: datetime = START, days: int = 30, key: str = "window"
) -> UsageWindow:
    """Return a window of the subscription sub-1."""
    end = start + timedelta(days=days)
    return UsageWindow(
        key, "nexadesk", "sub-1", metric, start, end, wants_event_values=True, period_days=days
    )


def an_event(number: int, seconds: int, value: object = None, **changed: object) -> Row:
    """Return an event's row as the lake keeps it; `number` is its inbox position and its id."""
    occurred_at = at(seconds)
    row: Row = {
        "month": occurred_at.date().replace(day=1),
        "service": "nexadesk",
        "metric_code": "tokens",
        "subscription_id": "sub-1",
        "occurred_at": occurred_at,
        "transaction_id": f"tx-{number}",
        "value": value,
        "value_text": None if value is None else str(value),
        "operation_type": "add",
        "properties": "{}",
        "content_digest": number * 7919,
        "metric_version": 1,
        "received_at": occurred_at,
        "is_own_time": True,
        "shard": 0,
        "inbox_id": number,
        "sequence": 0,
    }
    return row | changed


def a_revision(number: int, of: int, seconds: int, value: object, **changed: object) -> Row:
    """Return a correction of the event number `of`."""
    fact = {"fact_id": f"e:tx-{of}", "is_void": False, "transaction_id": f"correction-{number}"}
    return an_event(number, seconds, value, **fact) | changed


def a_push(number: int, start: int | None, end: int, value: object, **changed: object) -> Row:
    """Return a counter push of a window in seconds since the start; no start: a reading."""
    window_start = None if start is None else at(start)
    dimensions = changed.pop("dimensions", {})
    assert isinstance(dimensions, dict)
    fact = {
        "occurred_at": at(end) - MICROSECOND,
        "fact_id": window_fact_id("tokens", dimensions, window_start, at(end)),
        "window_start": window_start,
        "window_end": at(end),
        "is_void": False,
        "value_text": None,
        "operation_type": None,
    }
    return an_event(number, end, value) | fact | changed


def frame(rows: Sequence[Row], table: LakeTable = USAGE) -> pl.LazyFrame:
    """Return rows as the lake's frame."""
    columns = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=kind)
        for name, kind in table.polars_schema.items()
    }
    return pl.DataFrame(columns).lazy()


def revisions(rows: Sequence[Row]) -> pl.LazyFrame:
    """Return rows as the frame of revisions."""
    return frame(rows, REVISION)
