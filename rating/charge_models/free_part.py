"""The free part of a percentage charge: which units owe no rate, which events no fixed amount."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from catalog.charge_terms import PercentageTerms
from catalog.money import ZERO


class FreePart(NamedTuple):
    """How many units are free, and how many events owe no fixed amount."""

    units: Decimal
    events_count: int


NOTHING_FREE = FreePart(ZERO, 0)


def has_free_part(terms: PercentageTerms) -> bool:
    """Say whether some events or units are free."""
    return bool(terms.free_units_per_events or terms.free_units_per_total_aggregation)


def free_parts(terms: PercentageTerms, event_values: Iterable[Decimal]) -> Iterator[FreePart]:
    """Yield what is free after each event, given in time order (Lago).

    With both limits the units of the first events are free, up to the total. An event that
    reaches the total exactly owes its fixed amount. A count of zero events is not a limit: where
    the first event alone reaches the total, `free_units_per_events` stands by itself.
    """
    events_max = terms.free_units_per_events or 0
    total = terms.free_units_per_total_aggregation or None
    level, events_below, is_open = ZERO, 0, True
    for number, value in enumerate(event_values, start=1):
        if is_open:
            level += value
            events_below += 1 if total is not None and level < total else 0
            is_open = number < events_max if events_max else total is not None and level <= total
        if total is None:
            yield FreePart(level, events_max)
        else:
            limits = [count for count in (events_max, events_below) if count]
            yield FreePart(min(level, total), min(limits, default=0))
