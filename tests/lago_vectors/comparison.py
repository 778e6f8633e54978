"""How a computed answer is compared with Lago's: exactly, in the digits that a vector names.

Only fields that are expected are compared; `digits` and `ceil` beside them say how to round.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from typing import Any

from catalog.money import MONEY_CONTEXT

EXACT_DIGITS = 18
RULES = ("digits", "ceil")
# Members of these lists are told apart by a field, not by their place.
NAMED_BY = {"groups": "groups", "filters": "values"}
# Lago also lists the default bucket; a vector names only the filters it is about.
PARTIAL_LISTS = ("filters",)
MISSING = "(not computed)"


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expected field that was not computed, or computed differently."""

    field: str
    computed: object
    expected: object

    def __str__(self) -> str:
        return f"{self.field}: computed {self.computed}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class Rounding:
    """To how many decimals a field is rounded before it is compared, and which way."""

    digits: Mapping[str, int] = field(default_factory=dict)
    ceiled: Mapping[str, int] = field(default_factory=dict)

    def rounded(self, name: str, value: Decimal) -> Decimal:
        """Return a computed value in the digits it is compared in: half-up, or up."""
        way = ROUND_CEILING if name in self.ceiled else ROUND_HALF_UP
        digits = self.ceiled.get(name, self.digits.get(name, EXACT_DIGITS))
        with localcontext(MONEY_CONTEXT):
            return value.quantize(Decimal(1).scaleb(-digits), way)


def mismatches(expected: Mapping[str, Any], computed: Mapping[str, Any]) -> list[Mismatch]:
    """Return every expected field on which the computed answer differs."""
    digits = expected.get("digits", {})
    ceil = expected.get("ceil", {})
    ceiled = ceil if isinstance(ceil, dict) else {name: digits.get(name, 0) for name in ceil}
    fields = {name: value for name, value in expected.items() if name not in RULES}
    return list(_in_object("", fields, computed, Rounding(digits, ceiled)))


def _in_object(
    path: str, expected: Mapping[str, Any], computed: object, rounding: Rounding
) -> Iterator[Mismatch]:
    if not isinstance(computed, Mapping):
        yield Mismatch(path, computed, expected)
        return
    for name, value in expected.items():
        where = f"{path}.{name}" if path else name
        yield from _in_value(where, name, value, computed.get(name, MISSING), rounding)


def _in_value(
    path: str, name: str, expected: object, computed: object, rounding: Rounding
) -> Iterator[Mismatch]:
    if isinstance(expected, Mapping):
        yield from _in_object(path, expected, computed, rounding)
    elif isinstance(expected, list):
        yield from _in_list(path, name, expected, computed, rounding)
    elif not _is_same(name, expected, computed, rounding):
        yield Mismatch(path, computed, expected)


def _in_list(
    path: str, name: str, expected: list[Any], computed: object, rounding: Rounding
) -> Iterator[Mismatch]:
    if not isinstance(computed, Sequence) or isinstance(computed, str):
        yield Mismatch(path, computed, expected)
        return
    if len(expected) != len(computed) and name not in PARTIAL_LISTS:
        yield Mismatch(f"{path} (how many)", len(computed), len(expected))
    for place, value in enumerate(expected):
        found = _counterpart(name, value, place, computed)
        yield from _in_value(f"{path}[{place}]", name, value, found, rounding)


def _counterpart(name: str, expected: object, place: int, computed: Sequence[Any]) -> object:
    key = NAMED_BY.get(name)
    if key is None or not isinstance(expected, Mapping) or key not in expected:
        return computed[place] if place < len(computed) else MISSING
    named = [member for member in computed if member.get(key) == expected[key]]
    return named[0] if named else MISSING


def _is_same(name: str, expected: object, computed: object, rounding: Rounding) -> bool:
    number, found = _number(expected), _number(computed)
    if number is not None and found is not None:
        return rounding.rounded(name, found) == rounding.rounded(name, number)
    moment = _moment(expected)
    if moment is not None:
        return _moment(computed) == moment
    return type(expected) is type(computed) and expected == computed


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(value: object) -> datetime | None:
    """Return an instant without its fraction of a second, None where text is none."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment.astimezone(UTC).replace(microsecond=0)
