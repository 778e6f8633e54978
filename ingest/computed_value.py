"""Values that a metric's expression computes from an event when it is taken in. Pure.

Decides how a computed number fits the lake and what is said when there is none.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import msgspec

from catalog.expression import (
    DIGITS_MAX,
    Expression,
    ExpressionError,
    ExpressionEvent,
    evaluated,
    expression_value,
    parsed,
)
from catalog.money import QUANTITY_SCALE

MICROSECONDS = 1_000_000
EVALUATION_FAILED = "expression_evaluation_failed"
LAST_PLACE = Decimal(1).scaleb(-QUANTITY_SCALE)
# A number of an expression, at any size it may have, with the lake's decimals.
_fitting = Context(prec=2 * DIGITS_MAX, rounding=ROUND_HALF_UP)
_properties = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def computed_texts(
    expression: str,
    code: str,
    properties: Sequence[bytes],
    occurred_us: Sequence[int],
    *,
    needs_number: bool,
) -> tuple[list[str | None], list[str | None]]:
    """Return each event's value as text, and why it has none; one of both is None.

    A number to be summed is rounded half-up to the 12 decimals the lake keeps (Lago keeps 100 of
    a quotient's digits). A text, also "7", is left to be read as a property would be. Without
    `occurred_us` an expression that asks for the timestamp is a ValueError.
    """
    tree = parsed(expression)
    seconds: Sequence[int | None] = [each // MICROSECONDS for each in occurred_us]
    texts: list[str | None] = []
    faults: list[str | None] = []
    for told, second in zip(properties, seconds or [None] * len(properties), strict=True):
        event = ExpressionEvent(code, second, _properties.decode(told))
        try:
            texts.append(_text(tree, event, needs_number=needs_number))
            faults.append(None)
        except ExpressionError as error:
            texts.append(None)
            faults.append(f"{EVALUATION_FAILED}: {error.code}")
    return texts, faults


def _text(tree: Expression, event: ExpressionEvent, *, needs_number: bool) -> str:
    if not needs_number:
        return evaluated(tree, event)
    value = expression_value(tree, event)
    if isinstance(value, str):
        return value
    return format(value.quantize(LAST_PLACE, context=_fitting), "f")
