"""Vectors of metric expressions: an event in, a value or the reason why there is none out."""

from catalog.expression import ExpressionError, ExpressionEvent, evaluated, parsed
from tests.lago_vectors.reading import Computed, Vector


def computed(vector: Vector) -> Computed:
    """Return the value of an expression for an event, as text, or the error's code."""
    event = vector["event"]
    try:
        expression = parsed(vector["expression"])
        value = evaluated(
            expression,
            ExpressionEvent(event["code"], int(event["timestamp"]), event["properties"]),
        )
    except ExpressionError as error:
        return {"error": error.code}
    return {"value": value}
