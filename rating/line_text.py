"""What a rated line says: words for people, plain values for JSON, a digest for recomputing."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

from babel.dates import format_date
from babel.numbers import format_decimal

from catalog.money import MONEY_CONTEXT, decimal_text

LOCALE = "en_CA"


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
    with localcontext(MONEY_CONTEXT):
        return format_decimal(
            value.normalize(), format="#,##0.#", locale=LOCALE, decimal_quantization=False
        )


def canonical_digest(inputs: Mapping[str, object]) -> str:
    """Return the SHA-256, in hex, of a canonical text: equal values give equal digests."""
    text = json.dumps(
        plain(inputs), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(text.encode()).hexdigest()


def plain(value: object) -> object:
    """Return a value as JSON knows it: decimals as plain digits, instants as ISO 8601 in UTC."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, date):
        return _date_text(value)
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    return {name: plain(getattr(value, name)) for name in _field_names(value)}


def _date_text(value: date) -> str:
    """Return a date as ISO 8601, an instant as UTC with a Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat()


def _field_names(value: object) -> list[str]:
    """Return the fields of a dataclass; anything else has no canonical text."""
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"no canonical text for a {type(value).__name__}")
    return [field.name for field in dataclasses.fields(value)]
