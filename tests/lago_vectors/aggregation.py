"""Units from events: what our aggregation answers to a vector of kind aggregation or rounding."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
from msgspec import structs

from aggregation.aggregator import quantities, rounded_units
from aggregation.quantity import Quantity, Selection, UsageWindow
from catalog.billable_metrics import AggregationType, BillableMetric, RoundingFunction
from ingest.metric_value import metric_values
from storage.lake_tables import USAGE

Vector = Mapping[str, Any]
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
# A vector's end is inclusive; the last moment of a day may be written to the second or finer.
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
_properties = msgspec.json.Encoder(decimal_format="number")


def computed(vector: Vector) -> dict[str, Any]:
    """Return what we compute for a vector, in the shape of its `expected`.

    `variation` is what the period's own deltas add up to, without the level carried in.
    """
    if vector["kind"] == "rounding":
        return {"units": rounded_units(Decimal(str(vector["units"])), a_metric(vector))}
    window = vector_window(vector)
    events = [*vector["events"], *_carried(vector)]
    own = structs.replace(window, key="own", metric=replace(window.metric, recurring=False))
    usage = vector_usage(events, window.metric)
    found = quantities(usage, [window, own], pl.lit(value=True))
    if not window.group_keys:
        return _numbers(found["vector"]) | {"variation": _level(found["own"])}
    keys = window.group_keys
    return {
        "groups": [
            {"groups": dict(zip(keys, group.values, strict=True)), **_numbers(group.quantity)}
            for group in found["vector"].groups
        ]
    }


def a_metric(said: Vector) -> BillableMetric:
    """Return the metric of a vector; of a rounding, the one that rounds so."""
    function = said.get("rounding_function")
    return BillableMetric(
        id="metric",
        service_code="service",
        code="metric",
        name="Metric",
        aggregation_type=AggregationType(said.get("aggregation_type", AggregationType.SUM)),
        created_at=LONG_AGO,
        valid_from=LONG_AGO,
        field_name=said.get("field_name"),
        recurring=bool(said.get("recurring")),
        rounding_function=None if function is None else RoundingFunction(function),
        rounding_precision=said.get("rounding_precision"),
    )


def vector_window(vector: Vector) -> UsageWindow:
    """Return the question that a vector asks; its inclusive end made half-open."""
    period = vector["period"]
    return UsageWindow(
        key="vector",
        service_code="service",
        subscription_external_id="subscription",
        metric=a_metric(vector["metric"]),
        start=datetime.fromisoformat(period["from"]),
        end=end_of(period["to"]),
        selection=Selection(
            _filter(vector.get("matching_filters", {})),
            tuple(_filter(ignored) for ignored in vector.get("ignored_filters", ())),
        ),
        group_keys=tuple(vector.get("grouped_by", ())),
        is_prorated=bool(vector.get("prorated")),
        period_days=period["charges_duration_days"],
        timezone=period["timezone"],
    )


def end_of(text: str) -> datetime:
    """Return the instant after an inclusive end: the next midnight after 23:59:59 and more."""
    last = datetime.fromisoformat(text)
    whole = last.replace(microsecond=0)
    return whole + SECOND if whole.second == SECOND.seconds * 59 else last + MICROSECOND


def vector_usage(events: Sequence[Vector], metric: BillableMetric) -> pl.LazyFrame:
    """Return events as the lake keeps them, in order of intake; what can't be counted is left out.

    Each property is read as intake reads it.
    """
    written = [_properties.encode(event["properties"]) for event in events]
    rows = [
        {
            "service": "service",
            "metric_code": metric.code,
            "subscription_id": "subscription",
            "occurred_at": datetime.fromisoformat(event["timestamp"]),
            "transaction_id": f"event-{number}",
            "properties": properties.decode(),
            "precise_total_amount_cents": event.get("precise_total_amount_cents"),
            "content_digest": number,
            "inbox_id": number,
            "sequence": 0,
        }
        for number, (event, properties) in enumerate(zip(events, written, strict=True))
    ]
    values = metric_values(metric, written)
    usage = pl.DataFrame(rows, schema=USAGE.polars_schema).with_columns(values)
    return usage.filter(pl.col("reason").is_null()).select(*USAGE.polars_schema).lazy()


def _carried(vector: Vector) -> Iterator[dict[str, Any]]:
    """Yield events of long before for the levels that a vector starts from."""
    levels = [{"groups": {}, "value": vector["initial_value"]}] if "initial_value" in vector else []
    for level in [*levels, *vector.get("initial_values", ())]:
        texts = {key: text for key, text in level["groups"].items() if text is not None}
        field = vector["metric"]["field_name"]
        yield {"timestamp": LONG_AGO.isoformat(), "properties": texts | {field: level["value"]}}


def _filter(values: Mapping[str, Sequence[object]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, tuple(map(str, texts))) for key, texts in values.items())


def _numbers(found: Quantity) -> dict[str, Any]:
    return {
        "units": found.units,
        "full_units": found.units_before_proration,
        "events_count": found.events_count,
        "total_aggregated_units": _level(found),
        "precise_total_amount_cents": found.precise_total_amount_cents,
    }


def _level(found: Quantity) -> Decimal:
    level = found.total_aggregated_units
    return found.units if level is None else level
