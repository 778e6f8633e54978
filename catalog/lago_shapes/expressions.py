"""A trial of a metric's expression on one event, in Lago's words (section 3.5)."""

from datetime import datetime

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonValue
from catalog.expression import (
    INVALID_EXPRESSION,
    Expression,
    ExpressionError,
    ExpressionEvent,
    evaluated,
    parsed,
)
from catalog.lago_shapes.fields import MANDATORY, decimal_of_number_or_text

INVALID_EVENT = "invalid_event"


def from_lago_trial(given: JsonValue, at: datetime) -> str:
    """Return what the expression of a request is worth for its event, as text.

    ValidationFailed names the expression, or the event with Lago's code and then why.
    """
    body = given if isinstance(given, dict) else {}
    expression = _expression(body.get("expression"))
    try:
        return evaluated(expression, _event(body.get("event"), at))
    except ExpressionError as error:
        codes = list(dict.fromkeys((INVALID_EVENT, error.code)))
        raise ValidationFailed({"event": codes}) from error


def to_lago_trial(value: str) -> dict[str, object]:
    """Return Lago's answer to a trial."""
    return {"expression_result": {"value": value}}


def _expression(given: JsonValue) -> Expression:
    if given is None or (isinstance(given, str) and not given.strip()):
        raise ValidationFailed({"expression": [MANDATORY]})
    try:
        return parsed(given if isinstance(given, str) else "")
    except ExpressionError as error:
        raise ValidationFailed({"expression": [INVALID_EXPRESSION]}) from error


def _event(given: JsonValue, at: datetime) -> ExpressionEvent:
    event = {} if given is None else given
    properties = event.get("properties") or {} if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(properties, dict):
        raise ExpressionError(INVALID_EVENT)
    code = event.get("code")
    return ExpressionEvent(
        code="" if code is None else str(code),
        timestamp=_seconds(event.get("timestamp"), at),
        properties=properties,
    )


def _seconds(given: JsonValue, at: datetime) -> int:
    """Return whole seconds since the epoch; no timestamp means now (Lago)."""
    if given is None:
        return int(at.timestamp())
    seconds = decimal_of_number_or_text(given)
    if seconds is None:
        raise ExpressionError(INVALID_EVENT)
    return int(seconds)
