"""The value of a usage event, read from its properties as its billable metric says.

Decides what counts as a number (Lago's rule) and why an event can't be counted.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from catalog.billable_metrics import AggregationType, BillableMetric
from catalog.money import exact_decimal

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_raw_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class MetricValue:
    """What the event is worth to its metric; `fault` says why it can't be counted."""

    number: Decimal | None = None
    text: str | None = None
    operation_type: str | None = None
    fault: str | None = None


def metric_value(metric: BillableMetric | None, properties: str) -> MetricValue:
    """Read the value from JSON text. Numbers may come as JSON numbers or as text (Lago)."""
    if metric is None:
        return MetricValue(fault="billable_metric_not_found")
    if metric.aggregation_type is AggregationType.COUNT:
        return MetricValue()
    fields = _raw_object.decode(properties)
    raw = fields.get(metric.field_name or "")
    if metric.aggregation_type.needs_number:
        return _number(raw)
    return MetricValue(
        text=None if raw is None else _text_of(raw),
        operation_type="remove" if _operation(fields) == "remove" else "add",
    )


def _number(raw: msgspec.Raw | None) -> MetricValue:
    if raw is None:
        return MetricValue(fault="missing_aggregation_property")
    text = _text_of(raw)
    if not NUMBER.fullmatch(text):
        return MetricValue(fault="value_is_not_valid_number")
    try:
        return MetricValue(number=exact_decimal(text))
    except ValueError:
        return MetricValue(fault="value_has_too_many_digits")


def _text_of(raw: msgspec.Raw) -> str:
    data = bytes(raw)
    return _text.decode(data) if data.startswith(b'"') else data.decode()


def _operation(fields: dict[str, msgspec.Raw]) -> str:
    raw = fields.get("operation_type")
    return "add" if raw is None else _text_of(raw)
