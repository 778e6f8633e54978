"""Usage events as lake rows: pure, from inbox rows and the metrics in force to polars frames."""

from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import TypeAlias

import polars as pl

from catalog.billable_metrics import BillableMetric
from ingest.metric_value import metric_value
from ingest.usage_event import UsageEvent
from storage.lake_tables import QUARANTINE, USAGE

MetricsInForce: TypeAlias = Mapping[tuple[str, str], BillableMetric]


def usage_frames(
    rows: Iterable[tuple[int, list[UsageEvent]]], metrics: MetricsInForce, shard: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return (countable, quarantined) events, as frames of USAGE and QUARANTINE.

    `rows` are (inbox id, events); `metrics` maps (service code, metric code) to its version.
    """
    countable: list[tuple[object, ...]] = []
    quarantined: list[tuple[object, ...]] = []
    for inbox_id, events in rows:
        for sequence, event in enumerate(events):
            metric = metrics.get((event.service_code, event.metric_code))
            row, fault = _row(event, metric, (shard, inbox_id, sequence))
            if fault:
                quarantined.append((*row, fault))
            else:
                countable.append(row)
    return (
        pl.DataFrame(countable, schema=USAGE.polars_schema, orient="row"),
        pl.DataFrame(quarantined, schema=QUARANTINE.polars_schema, orient="row"),
    )


def _row(
    event: UsageEvent, metric: BillableMetric | None, position: tuple[int, int, int]
) -> tuple[tuple[object, ...], str | None]:
    value = metric_value(metric, event.properties)
    fault = value.fault
    if event.subscription_external_id is None:
        fault = "subscription_is_missing"
    row = (
        event.occurred_at.astimezone(UTC).date().replace(day=1),
        event.service_code,
        event.metric_code,
        event.subscription_external_id,
        event.occurred_at,
        event.transaction_id,
        value.number,
        value.text,
        value.operation_type,
        event.properties,
        event.precise_total_amount_cents,
        event.event_id,
        event.content_digest,
        0 if metric is None else metric.version,
        event.received_at,
        *position,
    )
    return row, fault
