"""Vectors of billing days: on which hours a billing clock bills a subscription, and only once."""

from datetime import datetime, timedelta

from rating.closing import closings
from tests.lago_vectors.reading import Computed, Vector, instant, instant_text
from tests.lago_vectors.subscribed import vector_plan, vector_subscription, vector_zone

AN_HOUR = timedelta(hours=1)


def computed(vector: Vector) -> Computed:
    """Return the instants at which the clock did what is expected of it.

    It ran every hour before: what closed earlier than the hour asked is billed already.
    """
    expected = vector["expected"]
    quiet = [
        at for at in _instants(expected, "not_billed_at") if not _due(vector, at - AN_HOUR, at)
    ]
    billed_until = max(_instants(expected, "not_billed_at"), default=None)
    runs = []
    for at in _instants(expected, "billed_exactly_once_over"):
        before = at - AN_HOUR if billed_until is None else billed_until
        runs += [at] * len(_due(vector, before, at))
        billed_until = max(at, before)
    again = [
        at
        for at in _instants(expected, "not_billed_again_at")
        if not _due(vector, billed_until or at - AN_HOUR, at)
    ]
    once = expected.get("billed_exactly_once_over", [])
    return {
        "not_billed_at": [instant_text(at) for at in quiet],
        "billed_exactly_once_over": once if len(runs) == 1 else [instant_text(at) for at in runs],
        "not_billed_again_at": [instant_text(at) for at in again],
    }


def _due(vector: Vector, after: datetime, until: datetime) -> list[datetime]:
    """Return the closings of the subscription after an instant, up to another."""
    subscription, plan = vector_subscription(vector), vector_plan(vector)
    return [
        closing.closing_at
        for closing in closings(subscription, plan, vector_zone(vector), until)
        if closing.closing_at > after
    ]


def _instants(expected: Vector, name: str) -> list[datetime]:
    return [instant(text) for text in expected.get(name, [])]
