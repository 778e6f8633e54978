"""Paid levels: how far each event lifts what was paid for in advance. Pure.

A level paid once stays paid: what falls and rises again below its peak costs nothing (Lago).
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from catalog.money import ZERO


class PaidLevel(NamedTuple):
    """What one event did: `rise` is what it added above the highest level paid, now `peak`.

    `units` are shown for it; `value` is its own beyond the included quota, of which `is_beyond`
    says whether the event touched it.
    """

    units: Decimal
    value: Decimal
    rise: Decimal
    peak: Decimal
    is_beyond: bool


def paid_levels(
    event_values: Sequence[Decimal], quantity_included: Decimal = ZERO
) -> Iterator[PaidLevel]:
    """Yield what each event did to the level, in time order, after the included quota.

    Shown are the units above the peak, or, for an event that does not reach it, the units it
    brought (Lago). Decimals must be computed under the money context.
    """
    level = peak = peak_with_quota = ZERO
    for value in event_values:
        before, level = level, level + value
        rise_with_quota = max(level - peak_with_quota, ZERO)
        peak_with_quota += rise_with_quota
        rise = max(level - quantity_included - peak, ZERO)
        peak += rise
        yield PaidLevel(
            units=rise_with_quota or max(value, ZERO),
            value=_beyond(before, level, quantity_included) if quantity_included else value,
            rise=rise,
            peak=peak,
            is_beyond=not quantity_included or max(level, before) > quantity_included,
        )


def _beyond(before: Decimal, level: Decimal, quantity_included: Decimal) -> Decimal:
    return max(level - quantity_included, ZERO) - max(before - quantity_included, ZERO)
