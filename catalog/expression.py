"""What a metric expression is worth for one event (Lago, section 3.5), in exact decimals. Pure.

Decides the values of properties, the arithmetic and its limits; the syntax is next door.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import (
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    InvalidOperation,
    Overflow,
    Underflow,
)
from functools import lru_cache
from typing import TypeAlias

import msgspec

from catalog.exact_json import JsonValue
from catalog.expression_syntax import (
    INVALID_EXPRESSION,
    Attribute,
    Call,
    Chain,
    Expression,
    ExpressionError,
    Function,
    Negative,
    Number,
    Property,
    Text,
)
from catalog.expression_syntax import parsed as _parsed
from catalog.money import decimal_text

__all__ = [
    "INVALID_EXPRESSION", "Expression", "ExpressionError", "ExpressionEvent", "evaluated",
    "expression_value", "parsed",
]  # fmt: skip

NOT_A_NUMBER = "not_a_number"
MISSING_PROPERTY = "missing_property"
DIVISION_BY_ZERO = "division_by_zero"
TOO_MANY_DIGITS = "value_has_too_many_digits"
TOO_LONG = "value_is_too_long"
DIGITS_MAX = 400
EXPONENT_MAX = 999
QUOTIENT_DIGITS = 100
TEXT_CHARACTERS_MAX = 10_000
PARSED_MAX = 1024
# What is longer, or has a greater exponent, is text.
NUMBER_TEXT = re.compile(
    r"[+-]?([0-9]{1,100}(\.[0-9]{0,100})?|\.[0-9]{1,100})([eE][+-]?[0-9]{1,2})?"
)
INTEGER_MAX = 10**DIGITS_MAX
MODES = {
    Function.ROUND: ROUND_HALF_UP,
    Function.CEIL: ROUND_CEILING,
    Function.FLOOR: ROUND_FLOOR,
}
# Sums and products keep every digit or fail; a quotient is cut at 100 digits (Lago's decimals).
_exact = Context(
    prec=DIGITS_MAX, Emax=EXPONENT_MAX, Emin=-EXPONENT_MAX,
    traps=[Inexact, InvalidOperation, Overflow, Underflow],
)  # fmt: skip
_quotient = Context(
    prec=QUOTIENT_DIGITS, rounding=ROUND_HALF_UP, Emax=EXPONENT_MAX, Emin=-EXPONENT_MAX,
    traps=[InvalidOperation, Overflow, Underflow],
)  # fmt: skip
_rounding = Context(prec=DIGITS_MAX, traps=[InvalidOperation])

ExpressionValue: TypeAlias = Decimal | str


@dataclass(frozen=True, slots=True)
class ExpressionEvent:
    """What an expression may ask of an event; `timestamp` is in whole seconds since the epoch.

    Who asks for the timestamp where none was given has a ValueError.
    """

    code: str
    timestamp: int | None
    properties: Mapping[str, JsonValue]


@lru_cache(maxsize=PARSED_MAX)
def parsed(expression: str) -> Expression:
    """Return the tree of an expression; ExpressionError `invalid_expression` when it is none."""
    return _parsed(expression)


def evaluated(expression: Expression, event: ExpressionEvent) -> str:
    """Return an expression's value as text; a number has at least one decimal ("3.0", Lago).

    ExpressionError: `not_a_number` for arithmetic on text, `missing_property:<name>`,
    `division_by_zero`, `value_has_too_many_digits`, `value_is_too_long`.
    """
    value = expression_value(expression, event)
    return value if isinstance(value, str) else decimal_text(value)


def expression_value(expression: Expression, event: ExpressionEvent) -> ExpressionValue:
    """Return the same as an exact number, or as text."""
    try:
        return _value(expression, event)
    except DecimalException as error:
        raise ExpressionError(TOO_MANY_DIGITS) from error


def _value(expression: Expression, event: ExpressionEvent) -> ExpressionValue:
    match expression:
        case Number(value) | Text(value):
            return value
        case Attribute(name):
            return event.code if name == "code" else _timestamp(event)
        case Property(name):
            return _property(name, event.properties)
        case Negative(operand):
            return _unsigned_zero(_exact.minus(_number(operand, event)))
        case Chain():
            return _chain(expression, event)
        case Call():
            return _call(expression, event)


def _timestamp(event: ExpressionEvent) -> Decimal:
    if event.timestamp is None:
        raise ValueError("the expression reads event.timestamp: say when the event happened")
    return Decimal(event.timestamp)


def _property(name: str, properties: Mapping[str, JsonValue]) -> ExpressionValue:
    """Return a property; text that is a number is one, null is empty text (Lago)."""
    if name not in properties:
        raise ExpressionError(f"{MISSING_PROPERTY}:{name}")
    match properties[name]:
        case bool() as flag:
            return "true" if flag else "false"
        case int() as whole if abs(whole) >= INTEGER_MAX:
            raise ExpressionError(TOO_MANY_DIGITS)
        case int() | Decimal() | str() as told:
            text = str(told)
            return Decimal(text) if NUMBER_TEXT.fullmatch(text) else text
        case None:
            return ""
        case nested:
            return msgspec.json.encode(nested).decode()


def _number(expression: Expression, event: ExpressionEvent) -> Decimal:
    value = _value(expression, event)
    if isinstance(value, str):
        raise ExpressionError(NOT_A_NUMBER)
    return value


def _chain(chain: Chain, event: ExpressionEvent) -> Decimal:
    value = _number(chain.first, event)
    for operator, operand in chain.rest:
        value = _unsigned_zero(_operation(value, operator, _number(operand, event)))
    return value


def _operation(left: Decimal, operator: str, right: Decimal) -> Decimal:
    match operator:
        case "+":
            return _exact.add(left, right)
        case "-":
            return _exact.subtract(left, right)
        case "*":
            return _exact.multiply(left, right)
    if not right:
        raise ExpressionError(DIVISION_BY_ZERO)
    return _quotient.divide(left, right)


def _call(call: Call, event: ExpressionEvent) -> ExpressionValue:
    match call.function:
        case Function.CONCAT:
            return _concatenated(call.arguments, event)
        case Function.LEAST:
            return min(_number(argument, event) for argument in call.arguments)
        case Function.GREATEST:
            return max(_number(argument, event) for argument in call.arguments)
        case function:
            value, *places = (_number(argument, event) for argument in call.arguments)
            return _rounded(value, places[0] if places else Decimal(0), MODES[function])


def _concatenated(arguments: tuple[Expression, ...], event: ExpressionEvent) -> str:
    """Return texts one after the other; a number stands there with the digits it has (Lago)."""
    whole = ""
    for argument in arguments:
        value = _value(argument, event)
        whole += value if isinstance(value, str) else format(value, "f")
        if len(whole) > TEXT_CHARACTERS_MAX:
            raise ExpressionError(TOO_LONG)
    return whole


def _rounded(value: Decimal, places: Decimal, mode: str) -> Decimal:
    """Return a number with so many decimals, or rounded to tens for -1; half goes up (Lago)."""
    if places.copy_abs() > DIGITS_MAX:
        raise ExpressionError(TOO_MANY_DIGITS)
    step = Decimal(1).scaleb(-int(places))
    return _unsigned_zero(value.quantize(step, mode, _rounding))


def _unsigned_zero(value: Decimal) -> Decimal:
    return value or Decimal(0)
