"""JSON read exactly: numbers become int or Decimal, and what can't be kept is refused.

Decides the limits of a number, of text and of nesting; knows no field.
"""

from decimal import Decimal
from typing import TypeAlias

import msgspec

from catalog.errors import BadRequest

JsonValue: TypeAlias = "bool | int | Decimal | str | list[JsonValue] | dict[str, JsonValue] | None"
JsonObject: TypeAlias = dict[str, JsonValue]

NUMBER_CHARACTERS_MAX = 100
NUMBER_EXPONENT_MAX = 60
INTEGER_MAX = 10**NUMBER_EXPONENT_MAX


def exact_value(body: bytes, depth_max: int) -> JsonValue:
    """Decode JSON without losing a digit; BadRequest when it is malformed or beyond a limit."""
    try:
        value: JsonValue = _DECODER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BadRequest(f"the body is not JSON: {error}") from error
    except RecursionError as error:
        raise BadRequest(f"the body is nested deeper than {depth_max}") from error
    _check(value, depth_max)
    return value


def object_under(body: bytes, root: str, depth_max: int) -> JsonObject:
    """Return the object under a root key; Lago's BadRequest when it is missing or empty."""
    value = exact_value(body, depth_max) if body else None
    found = value.get(root) if isinstance(value, dict) else None
    if not isinstance(found, dict) or not found:
        raise BadRequest(f"param is missing or the value is empty or invalid: {root}")
    return found


def exact_number(text: str) -> Decimal:
    """Return a JSON number with a fraction or exponent; ValueError beyond the limits."""
    if len(text) > NUMBER_CHARACTERS_MAX:
        raise ValueError("a number has too many digits")
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > NUMBER_EXPONENT_MAX:
        raise ValueError("a number is too large or too small")
    return value


def _check(value: JsonValue, depth_max: int) -> None:
    level: list[JsonValue] = [value]
    for _ in range(depth_max + 1):
        for member in level:
            _check_scalar(member)
        level = [child for member in level for child in _children(member)]
        if not level:
            return
    raise BadRequest(f"the body is nested deeper than {depth_max}")


def _children(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else []


def _check_scalar(value: JsonValue) -> None:
    if isinstance(value, str) and "\0" in value:
        raise BadRequest("text must not hold the character U+0000")
    if isinstance(value, int) and abs(value) >= INTEGER_MAX:
        raise BadRequest("a number is too large or too small")


_DECODER = msgspec.json.Decoder(float_hook=exact_number)
