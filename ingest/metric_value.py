"""What usage is worth to its billable metric, for many events at once.

The value is read from the properties, or computed by the metric's expression. Decides what counts
as a number (Lago's rule) and why an event can't be counted. Pure.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl

from catalog.billable_metrics import AggregationType, BillableMetric
from ingest.computed_value import computed_texts
from ingest.counters.counter import counter_field
from storage.lake_tables import QUANTITY

NUMBER = r"^-?[0-9]+(\.[0-9]+)?$"
FITTING_NUMBER = r"^-?0*[0-9]{1,26}(\.[0-9]{1,12}0*)?$"
SUPERFLUOUS_ZEROS = r"(\.[0-9]{12})0+$"
OPERATION = "operation_type"
VALUE_COLUMNS: dict[str, pl.DataType] = {
    "value": QUANTITY,
    "value_text": pl.String(),
    "operation_type": pl.String(),
    "reason": pl.String(),
}
_string = msgspec.json.Decoder(str)


def metric_values(
    metric: BillableMetric | None,
    properties: Sequence[bytes],
    *,
    code: str | None = None,
    occurred_us: Sequence[int] = (),
) -> pl.DataFrame:
    """Return value, value_text, operation_type and reason for each event's properties (JSON).

    `reason` is null where the event can be counted. Numbers may come as JSON numbers or as text
    (Lago); they are exact, DECIMAL(38,12). An expression may ask for the events' code and times
    (microseconds since the epoch), too; the code is the metric's own unless told.
    """
    if metric is None:
        return _columns(len(properties), reason="billable_metric_not_found")
    if metric.aggregation_type is AggregationType.COUNT:
        return _columns(len(properties))
    needs_number = metric.aggregation_type.needs_number
    if metric.expression is None:
        texts = _texts(metric.field_name or "", properties)
        return numbers(texts) if needs_number else _unique_values(texts, properties)
    texts, faults = computed_texts(
        metric.expression, code or metric.code, properties, occurred_us, needs_number=needs_number
    )
    values = numbers(texts) if needs_number else _unique_values(texts, properties)
    failed = pl.Series("failed", faults, pl.String)
    return values.with_columns(reason=pl.coalesce(failed, "reason"))


def window_values(metric: BillableMetric | None, properties: Sequence[bytes]) -> pl.DataFrame:
    """Return the same for counter windows: always a number, for a count metric too."""
    if metric is None:
        return metric_values(metric, properties)
    return numbers(_texts(counter_field(metric), properties))


def numbers(texts: Sequence[str | None]) -> pl.DataFrame:
    """Return the value columns of numbers written as text; None is a missing one."""
    text = pl.col("text")
    reason = (
        pl.when(text.is_null())
        .then(pl.lit("missing_aggregation_property"))
        .when(~text.str.contains(NUMBER))
        .then(pl.lit("value_is_not_valid_number"))
        .when(~text.str.contains(FITTING_NUMBER))
        .then(pl.lit("value_has_too_many_digits"))
    )
    plain = text.str.replace(SUPERFLUOUS_ZEROS, "$1")
    return (
        pl.DataFrame({"text": texts}, schema={"text": pl.String})
        .with_columns(reason=reason)
        .select(
            value=pl.when(pl.col("reason").is_null()).then(plain).cast(QUANTITY),
            value_text=pl.lit(None, pl.String),
            operation_type=pl.lit(None, pl.String),
            reason="reason",
        )
    )


def _unique_values(texts: Sequence[str | None], properties: Sequence[bytes]) -> pl.DataFrame:
    """Return the value columns of what is compared as text, and added or removed (Lago)."""
    operations = _texts(OPERATION, properties)
    return pl.DataFrame(
        {
            "value": None,
            "value_text": texts,
            "operation_type": ["remove" if text == "remove" else "add" for text in operations],
            "reason": None,
        },
        schema_overrides=VALUE_COLUMNS,
    )


def _columns(count: int, reason: str | None = None) -> pl.DataFrame:
    return pl.select(
        pl.repeat(reason if name == "reason" else None, count, dtype=kind).alias(name)
        for name, kind in VALUE_COLUMNS.items()
    )


def _texts(field: str, properties: Sequence[bytes]) -> list[str | None]:
    """Return a property's value as text, of each event; None where it is missing."""
    decode = _decoder(field).decode
    return [_text(str(decode(each).value, "utf-8")) for each in properties]


@lru_cache(maxsize=1024)
def _decoder(field: str) -> msgspec.json.Decoder[Any]:
    shape = msgspec.defstruct(
        "Property", [("value", msgspec.Raw, msgspec.Raw(b""))], rename={"value": field}, gc=False
    )
    return msgspec.json.Decoder(shape)


def _text(written: str) -> str | None:
    if not written:
        return None
    if not written.startswith('"'):
        return written
    return written[1:-1] if "\\" not in written else _string.decode(written)
