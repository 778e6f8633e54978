"""What an amendment changes of a fact: its number, properties, code or time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import msgspec

from catalog.billable_metrics import AggregationType, BillableMetric, CounterSemantics
from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from catalog.money import PLAIN_DECIMAL, fits_quantity
from ingest.corrections.selection import Selection
from ingest.counters.counter import counter_field
from ingest.usage_event import Faulty, UsageRevision, event_from_lago

OF_ONE_EVENT = ("value", "properties", "code", "timestamp")
OF_A_FILTER = ("properties", "code")
OF_A_WINDOW = ("value",)
NOT_CHANGEABLE = "field_cannot_be_changed"
Metrics = Mapping[str, BillableMetric]
_exact = msgspec.json.Encoder(decimal_format="number", order="sorted")
_plain = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Changes:
    """What to say instead; None leaves a field as it is.

    `properties` are merged by name, where null removes one; `timestamp` as in `UsageEvent`.
    """

    value: str | None = None
    properties: JsonObject | None = None
    code: str | None = None
    timestamp: int | str | None = None


def changes_text(raw: JsonObject) -> str:
    """Return changes as JSON text, always written alike, numbers exact."""
    return _exact.encode(raw).decode()


def changes_of_text(text: str) -> JsonObject:
    """Return what `changes_text` wrote."""
    raw: JsonObject = _plain.decode(text)
    return raw


def changes_of(raw: JsonValue, selection: Selection) -> Changes:
    """Read the changes of an amendment; ValidationFailed with every wrong field."""
    if not isinstance(raw, dict) or not raw:
        raise ValidationFailed({"changes": ["value_is_mandatory"]})
    allowed = OF_A_FILTER if selection.is_filter else OF_ONE_EVENT
    faults: dict[str, list[str]] = {name: [NOT_CHANGEABLE] for name in raw.keys() - {*allowed}}
    faults |= {
        name: ["value_is_invalid"]
        for name in allowed
        if name in raw and (raw[name] is None or raw[name] == {})
    }
    value = _number(raw.get("value"), faults)
    try:
        probe = event_from_lago({"transaction_id": "any", "code": "any"} | raw)
    except Faulty as faulty:
        faults = faulty.codes | faults
    if faults:
        raise ValidationFailed({"changes": faults})
    properties = raw.get("properties")
    return Changes(
        value=value,
        properties=properties if isinstance(properties, dict) else None,
        code=probe.code if "code" in raw else None,
        timestamp=probe.timestamp,
    )


def amended(fact: UsageRevision, changes: Changes, metrics: Metrics) -> UsageRevision:
    """Return a fact with the changes; Faulty when it can't be changed so.

    Metric, dimensions and bounds of a window are its name: only its number may change.
    """
    is_window = fact.window_end_us is not None
    given = {name for name in OF_ONE_EVENT if getattr(changes, name) is not None}
    if is_window and (other := given - {*OF_A_WINDOW}):
        raise Faulty({name: ["not_of_a_counter_window"] for name in other})
    code = changes.code or fact.code
    added: JsonObject = dict(changes.properties or {})
    if changes.value is not None:
        added[_field(metrics.get(code), changes.value, is_window=is_window)] = changes.value
    properties = fact.properties
    if added:
        whole = _plain.decode(properties) | added
        kept = {name: value for name, value in whole.items() if added.get(name, value) is not None}
        properties = msgspec.Raw(_exact.encode(kept))
    timestamp = fact.timestamp if changes.timestamp is None else changes.timestamp
    return msgspec.structs.replace(fact, code=code, properties=properties, timestamp=timestamp)


def _field(metric: BillableMetric | None, value: str, *, is_window: bool) -> str:
    """Return the property that holds the number; Faulty when the metric has no such number."""
    if metric is None:
        raise Faulty({"code": ["billable_metric_not_found"]})
    is_count = metric.aggregation_type is AggregationType.COUNT
    if is_window:
        only_rises = is_count or metric.counter_semantics is CounterSemantics.CUMULATIVE
        if only_rises and value.startswith("-"):
            raise Faulty({"value": ["value_is_negative"]})
        if is_count and "." in value:
            raise Faulty({"value": ["value_is_not_whole"]})
        return counter_field(metric)
    if metric.field_name is None or not metric.aggregation_type.needs_number:
        raise Faulty({"value": ["not_of_this_aggregation_type"]})
    return metric.field_name


def _number(value: JsonValue, faults: dict[str, list[str]]) -> str | None:
    """Return a number as plain digits, the same for every way to write it."""
    if value is None or "value" in faults:
        return None
    is_number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    text = format(Decimal(value), "f") if is_number else value  # type: ignore[arg-type] # a number
    if not isinstance(text, str) or not PLAIN_DECIMAL.fullmatch(text):
        faults["value"] = ["value_is_not_valid_number"]
        return None
    number = Decimal(text)
    if not fits_quantity(number):
        faults["value"] = ["value_has_too_many_digits"]
        return None
    text = format(number + 0, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
