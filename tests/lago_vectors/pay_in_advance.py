"""Vectors of fees in advance: the events of a period in, one fee for each out."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from aggregation.aggregator import quantities
from aggregation.quantity import UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric
from ingest.metric_value import metric_values
from rating.charge_models import wants_event_values
from rating.marginal_fees import marginal_fees
from storage.lake_tables import USAGE
from tests.lago_vectors.reading import Computed, Vector, instant
from tests.lago_vectors.terms import vector_terms

CURRENCY = "EUR"
SERVICE = "service"
SUBSCRIPTION = "subscription"
METRIC = "metric"
KEY = "window"
A_DAY = timedelta(days=1)
EVERY_ROW = pl.lit(value=True)


def computed(vector: Vector) -> Computed:
    """Return the units and the cents of each event's fee, in time order."""
    events, charge = vector["events"], vector["charge"]
    moments = [instant(event["timestamp"]) for event in events]
    metric = _metric(vector["metric"], min(moments))
    terms = vector_terms(charge["model"], charge["properties"])
    window = UsageWindow(
        key=KEY,
        service_code=SERVICE,
        subscription_external_id=SUBSCRIPTION,
        metric=metric,
        start=min(moments),
        end=max(moments) + A_DAY,
        wants_event_values=wants_event_values(terms, is_pay_in_advance=True),
    )
    quantity = quantities(_usage(events, metric), [window], EVERY_ROW)[KEY]
    fees = marginal_fees(
        terms, quantity, CURRENCY, event_amounts_cents=_own_cents(charge["model"], events)
    )
    return {"fees": [{"units": fee.units, "amount_cents": fee.amount_cents} for fee in fees]}


def _metric(given: dict[str, Any], at: datetime) -> BillableMetric:
    return BillableMetric(
        id=METRIC,
        service_code=SERVICE,
        code=METRIC,
        name=METRIC,
        aggregation_type=AggregationType(given["aggregation_type"]),
        created_at=at,
        valid_from=at,
        field_name=given.get("field_name"),
    )


def _usage(events: list[dict[str, Any]], metric: BillableMetric) -> pl.LazyFrame:
    """Return the events as rows of the lake, in the order they were taken in."""
    properties = [json.dumps(event["properties"], default=str) for event in events]
    values = metric_values(metric, [text.encode() for text in properties])
    rows = values.with_columns(
        service=pl.lit(SERVICE),
        metric_code=pl.lit(METRIC),
        subscription_id=pl.lit(SUBSCRIPTION),
        occurred_at=pl.Series([instant(event["timestamp"]) for event in events]),
        transaction_id=pl.Series([f"event {number}" for number in range(len(events))]),
        properties=pl.Series(properties),
        content_digest=pl.int_range(pl.len()),
        inbox_id=pl.int_range(pl.len()),
        sequence=pl.lit(0),
    )
    return rows.select(
        (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
        for name, kind in USAGE.polars_schema.items()
    ).lazy()


def _own_cents(model: str, events: list[dict[str, Any]]) -> tuple[Decimal, ...]:
    if model != "dynamic":
        return ()
    ordered = sorted(events, key=lambda event: instant(event["timestamp"]))
    return tuple(Decimal(event.get("precise_total_amount_cents") or 0) for event in ordered)
