"""Filters of a metric in Lago's words: the properties charges may tell usage apart by."""

from collections.abc import Sequence

from catalog.billable_metrics import MetricFilter
from catalog.exact_json import JsonValue
from catalog.lago_shapes.fields import INVALID, MANDATORY, TOO_LONG, Fields
from catalog.plans import ALL_FILTER_VALUES

KEYS_MAX = 50
VALUES_MAX = 1000
CHARACTERS_MAX = 255
DUPLICATED = "value_is_duplicated"


def from_lago_metric_filters(
    fields: Fields, kept: tuple[MetricFilter, ...]
) -> tuple[MetricFilter, ...]:
    """Return the filters given, by key (Lago's order); absent or null means those kept.

    An empty list removes all; each fault is noted under its member, `key` or `values` (Lago).
    """
    given = fields.given.get("filters")
    if given is None:
        return kept
    if not isinstance(given, list) or len(given) > KEYS_MAX:
        fields.fault("filters", INVALID)
        return kept
    filters = [_filter(fields, member) for member in given]
    if len({one.key for one in filters}) < len(filters):
        fields.fault("key", DUPLICATED)
    return tuple(sorted(filters, key=lambda one: one.key))


def to_lago_metric_filters(filters: Sequence[MetricFilter]) -> list[dict[str, object]]:
    """Return Lago's filters of a metric."""
    return [{"key": one.key, "values": list(one.values)} for one in filters]


def loses_a_value(kept: Sequence[MetricFilter], changed: Sequence[MetricFilter]) -> bool:
    """Say whether some declared value is declared no more, so that charges may name nothing."""
    values = {one.key: one.values for one in changed}
    return any(set(one.values) - set(values.get(one.key, ())) for one in kept)


def _filter(fields: Fields, member: JsonValue) -> MetricFilter:
    given = Fields(member if isinstance(member, dict) else {})
    given.require("key")
    key = given.text("key", "", CHARACTERS_MAX) or ""
    for code in given.faults.get("key", ()):
        fields.fault("key", code)
    return MetricFilter(key, _values(fields, given.given.get("values")))


def _values(fields: Fields, given: JsonValue) -> tuple[str, ...]:
    if not given:
        fields.fault("values", MANDATORY)
        return ()
    if not isinstance(given, list) or len(given) > VALUES_MAX:
        fields.fault("values", INVALID)
        return ()
    return tuple(dict.fromkeys(_value(fields, value) for value in given))


def _value(fields: Fields, given: JsonValue) -> str:
    """Return a value's text; a whole number is taken as its digits, as Rails does."""
    is_plain = isinstance(given, str | int) and not isinstance(given, bool)
    text = str(given) if is_plain else ""
    if not text.strip() or text == ALL_FILTER_VALUES:
        fields.fault("values", INVALID)
    elif len(text) > CHARACTERS_MAX:
        fields.fault("values", TOO_LONG)
    return text
