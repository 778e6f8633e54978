"""A selection: which facts a correction is about. Pure.

Either one event, one counter's window, or all usage of a stretch of time that a filter lets pass.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import polars as pl

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject, JsonValue
from ingest.usage_event import TEXT_LENGTH_MAX

EVENT_FACT = "e:"
WINDOW_FACT = "w:"
FACT_LENGTH_MAX = 4_096
SUBSCRIPTIONS_MAX = 1_000
PROPERTIES_MAX = 16
EVENT_FIELDS = frozenset({"external_subscription_id", "transaction_id"})
WINDOW_FIELDS = frozenset({"external_subscription_id", "fact_id"})
FILTER_FIELDS = frozenset(
    {"timestamp_from", "timestamp_to", "external_subscription_ids", "code", "properties"}
)
_json = msgspec.json.Encoder(decimal_format="number", order="sorted")
_plain = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Selection:
    """One fact by its id, or what happened in `[start, end)`; what is left out narrows nothing.

    `properties` are names and the text that their value must be equal to.
    """

    subscriptions: tuple[str, ...] = ()
    fact_id: str | None = None
    code: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    properties: tuple[tuple[str, str], ...] = ()

    @property
    def is_filter(self) -> bool:
        """Say whether it may find any number of facts."""
        return self.fact_id is None


def selection_of(raw: JsonValue) -> Selection:
    """Read a selection; ValidationFailed with every wrong field."""
    if not isinstance(raw, dict) or not raw:
        raise ValidationFailed({"selection": ["value_is_mandatory"]})
    faults: dict[str, list[str]] = {}
    if "transaction_id" in raw or "fact_id" in raw:
        selection = _one_fact(raw, faults)
    else:
        selection = _filter(raw, faults)
    if faults:
        raise ValidationFailed({"selection": faults})
    return selection


def selection_text(selection: Selection) -> str:
    """Return a selection as JSON text that `selection_of` reads again."""
    return _json.encode(_members(selection)).decode()


def selection_of_text(text: str) -> Selection:
    """Return what `selection_text` wrote."""
    return selection_of(_plain.decode(text))


def usage_rows(selection: Selection, service_code: str) -> pl.Expr:
    """Return the filter on plain events; properties are looked at later, row by row."""
    if selection.fact_id is None:
        return _content(selection, service_code)
    is_event = selection.fact_id.startswith(EVENT_FACT)
    sought = selection.fact_id.removeprefix(EVENT_FACT)
    return _owned(selection, service_code) & (
        (pl.col("transaction_id") == sought) if is_event else pl.lit(value=False)
    )


def revision_rows(selection: Selection, service_code: str) -> pl.Expr:
    """Return the filter on revisions, whether they hold or not."""
    if selection.fact_id is None:
        return _content(selection, service_code)
    return _owned(selection, service_code) & (pl.col("fact_id") == selection.fact_id)


def has_properties(selection: Selection) -> Callable[[str], bool]:
    """Return whether a fact's properties (JSON text) have the values sought."""
    wanted = dict(selection.properties)

    def has_them(properties: str) -> bool:
        found: Mapping[str, JsonValue] = _plain.decode(properties)
        return all(name in found and _text(found[name]) == text for name, text in wanted.items())

    return has_them


def _content(selection: Selection, service_code: str) -> pl.Expr:
    narrowed = _owned(selection, service_code)
    narrowed &= (pl.col("occurred_at") >= selection.start) & (pl.col("occurred_at") < selection.end)
    return (
        narrowed if selection.code is None else narrowed & (pl.col("metric_code") == selection.code)
    )


def _owned(selection: Selection, service_code: str) -> pl.Expr:
    owned = pl.col("service") == service_code
    if not selection.subscriptions:
        return owned
    return owned & pl.col("subscription_id").is_in(selection.subscriptions)


def _one_fact(raw: JsonObject, faults: dict[str, list[str]]) -> Selection:
    is_event = "transaction_id" in raw
    _refuse_unknown(raw, EVENT_FIELDS if is_event else WINDOW_FIELDS, faults)
    subscription = _short_text(raw, "external_subscription_id", faults)
    if is_event:
        fact_id = EVENT_FACT + _short_text(raw, "transaction_id", faults)
    else:
        fact_id = _short_text(raw, "fact_id", faults, FACT_LENGTH_MAX)
        if not fact_id.startswith((EVENT_FACT, WINDOW_FACT)):
            faults.setdefault("fact_id", ["value_is_invalid"])
    return Selection(subscriptions=(subscription,), fact_id=fact_id)


def _filter(raw: JsonObject, faults: dict[str, list[str]]) -> Selection:
    _refuse_unknown(raw, FILTER_FIELDS, faults)
    start, end = (_instant(raw, name, faults) for name in ("timestamp_from", "timestamp_to"))
    if start and end and end <= start:
        faults["timestamp_to"] = ["value_is_out_of_range"]
    code = _short_text(raw, "code", faults) if raw.get("code") is not None else None
    return Selection(
        subscriptions=_subscriptions(raw.get("external_subscription_ids"), faults),
        code=code,
        start=start,
        end=end,
        properties=_properties(raw.get("properties"), faults),
    )


def _refuse_unknown(raw: JsonObject, known: frozenset[str], faults: dict[str, list[str]]) -> None:
    for name in raw.keys() - known:
        faults[name] = ["value_is_invalid"]


def _short_text(
    raw: JsonObject, name: str, faults: dict[str, list[str]], length_max: int = TEXT_LENGTH_MAX
) -> str:
    value = raw.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        faults[name] = ["value_is_mandatory" if value in (None, "") else "value_is_invalid"]
        return ""
    if len(value) > length_max:
        faults[name] = ["value_is_too_long"]
    return value


def _instant(raw: JsonObject, name: str, faults: dict[str, list[str]]) -> datetime | None:
    value = raw.get(name)
    if value is None:
        faults[name] = ["value_is_mandatory"]
        return None
    try:
        instant = datetime.fromisoformat(value if isinstance(value, str) else "")
        instant = instant.astimezone(UTC) if instant.tzinfo else instant
    except (ValueError, OverflowError):
        faults[name] = ["invalid_format"]
        return None
    if instant.tzinfo is None:
        faults[name] = ["timezone_is_missing"]
        return None
    return instant


def _subscriptions(value: JsonValue, faults: dict[str, list[str]]) -> tuple[str, ...]:
    name = "external_subscription_ids"
    if value is None:
        return ()
    texts = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    if not isinstance(value, list) or not value or len(texts) < len(value):
        faults[name] = ["value_is_invalid"]
    elif len(value) > SUBSCRIPTIONS_MAX:
        faults[name] = ["too_many_values"]
    return tuple(sorted(set(texts)))


def _properties(value: JsonValue, faults: dict[str, list[str]]) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or any(isinstance(each, dict | list) for each in value.values()):
        faults["properties"] = ["value_is_invalid"]
        return ()
    if len(value) > PROPERTIES_MAX:
        faults["properties"] = ["too_many_values"]
    return tuple(sorted((name, _text(each)) for name, each in value.items()))


def _text(value: JsonValue) -> str:
    """Return a property's value as text: a number is the same however it is written."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        text = format(Decimal(value), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return _json.encode(value).decode()


def _members(selection: Selection) -> dict[str, object]:
    if selection.fact_id is not None:
        (subscription,) = selection.subscriptions
        return {"external_subscription_id": subscription, "fact_id": selection.fact_id}
    given = {
        "timestamp_from": selection.start and selection.start.isoformat(),
        "timestamp_to": selection.end and selection.end.isoformat(),
        "external_subscription_ids": list(selection.subscriptions) or None,
        "code": selection.code,
        "properties": dict(selection.properties) or None,
    }
    return {name: value for name, value in given.items() if value is not None}
