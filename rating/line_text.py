"""What a rated line says: words for people, plain values for JSON, a digest for recomputing."""

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType
from typing import Any

import msgspec
from babel.dates import format_date

from catalog.money import MONEY_CONTEXT, decimal_text

LOCALE = "en_CA"
FIELD_NAMES: dict[type, tuple[str, ...]] = {}


def charge_description(
    name: str, units: Decimal, quantity_included: Decimal, part: Sequence[str] = ()
) -> str:
    """Return the words of a charge: "Generated tokens (large): 1,234,567 (100,000 included)"."""
    included = f" ({grouped(quantity_included)} included)" if quantity_included else ""
    return f"{part_description(name, *part)}: {grouped(units)}{included}"


def part_description(name: str, *part: str) -> str:
    """Return the words of a part of something: "Generated tokens (minimum amount)"."""
    return f"{name} ({', '.join(part)})" if part else name


def plan_fee_description(name: str, first_day: date, last_day: date) -> str:
    """Return the words of a plan fee, its first and last local day included."""
    first, last = (format_date(day, "long", locale=LOCALE) for day in (first_day, last_day))
    return f"{name}: {first} to {last}"


def late_description(description: str, first_day: date) -> str:
    """Return the words of late usage: "Generated tokens: 1,200 (January 2026, late usage)"."""
    month = format_date(first_day, "MMMM y", locale=LOCALE)
    return f"{description} ({month}, late usage)"


def grouped(value: Decimal) -> str:
    """Return all digits of a decimal with Canadian English grouping: 1,234,567.5."""
    return format(value.normalize(MONEY_CONTEXT), ",f")


def canonical_digest(inputs: Mapping[str, object]) -> str:
    """Return the SHA-256, in hex, of a canonical text: equal values give equal digests."""
    text = json.dumps(
        plain(inputs), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object) -> object:
    """Return a value as JSON knows it: decimals as plain digits, instants as ISO 8601 in UTC."""
    way = WAYS.get(type(value))
    if way is not None:
        return way(value)
    if isinstance(value, str | int):
        return value
    if isinstance(value, tuple | list):
        return _plain_items(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    return plain_fields(value)


def plain_fields(value: object) -> dict[str, object]:
    """Return the fields of a dataclass or struct by name, as JSON knows them."""
    kind = type(value)
    names = FIELD_NAMES.get(kind) or FIELD_NAMES.setdefault(kind, _field_names(value))
    return {name: plain(getattr(value, name)) for name in names}


def _date_text(value: date) -> str:
    """Return a date as ISO 8601, an instant as UTC with a Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def _plain_mapping(value: Mapping[object, object]) -> dict[str, object]:
    return {str(key): plain(item) for key, item in value.items()}


def _plain_items(value: Iterable[object]) -> list[object]:
    return [plain(item) for item in value]


def _as_it_is(value: object) -> object:
    return value


# By exact type, for most values are of these; what derives from them is looked at more closely.
WAYS: Mapping[type, Callable[[Any], object]] = {
    NoneType: _as_it_is,
    str: _as_it_is,
    int: _as_it_is,
    bool: _as_it_is,
    Decimal: decimal_text,
    date: _date_text,
    datetime: _date_text,
    tuple: _plain_items,
    list: _plain_items,
    dict: _plain_mapping,
}


def _field_names(value: object) -> tuple[str, ...]:
    """Return the fields of a dataclass or struct; anything else has no canonical text."""
    if isinstance(value, msgspec.Struct):
        return value.__struct_fields__
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"no canonical text for a {type(value).__name__}")
    return tuple(field.name for field in dataclasses.fields(value))
