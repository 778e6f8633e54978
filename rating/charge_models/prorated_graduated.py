"""Prorated graduated: the running level picks the tier, the prorated value is what it costs.

Lago walks the events with an overflow; here each event is cut at the tiers' tops, which gives
the same price (docs/charge_models.md names where Lago's walk goes wrong).
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step


def prorated_graduated_price(terms: GraduatedTerms, quantity: Quantity) -> Price:
    """Return prorated units × the price of the tier they were in, in currency units (Lago's).

    The flat amounts of all tiers up to the highest level are due whole; where the prorated units
    are 0, that of the first tier alone. Needs each event's full and prorated value, in time order.
    A period that ends below zero units costs 0.
    """
    full_values, prorated_values = _values_of_events(quantity)
    tops = [tier.to_value for tier in terms.tiers if tier.to_value is not None]
    tier_units = [ZERO] * len(terms.tiers)
    level = highest = ZERO
    if not quantity.units:
        full_values = prorated_values = ()
    with localcontext(MONEY_CONTEXT):
        for full, prorated in zip(full_values, prorated_values, strict=True):
            if _is_left_out(full, prorated, level):
                continue
            for number, units in _cut_at_tops(tops, level, level + full):
                tier_units[number] += units * prorated / full
            level += full
            highest = max(highest, level)
        if level < 0:
            return Price(ZERO, ())
        return _price(terms, tier_units, tiers_reached=bisect_left(tops, highest) + 1)


def _values_of_events(quantity: Quantity) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """Return the full and the prorated value of each event, or refuse to guess them."""
    full, prorated = quantity.event_values, quantity.event_prorated_values
    if full is None or prorated is None or len(full) != len(prorated):
        raise ValueError(
            "a prorated graduated price needs as many full values of events as prorated ones:"
            " aggregate with wants_event_values=True"
        )
    return full, prorated


def _is_left_out(full: Decimal, prorated: Decimal, level: Decimal) -> bool:
    """Say whether an event that weighs nothing is passed over (Lago).

    It still lowers the level when it takes units back that are there.
    """
    return not full or (not prorated and (full > 0 or level + full < 0))


def _cut_at_tops(
    tops: Sequence[Decimal], start: Decimal, end: Decimal
) -> Iterator[tuple[int, Decimal]]:
    """Yield the units between two levels, tier by tier; negative when the level falls.

    Units below zero are in no tier.
    """
    sign = 1 if end >= start else -1
    low, high = sorted((max(start, ZERO), max(end, ZERO)))
    number = bisect_left(tops, low)
    while low < high:
        top = min(high, tops[number]) if number < len(tops) else high
        if top > low:
            yield number, sign * (top - low)
        low = top
        number += 1


def _price(terms: GraduatedTerms, tier_units: Sequence[Decimal], tiers_reached: int) -> Price:
    """Return the price of the prorated units by tier, never less than the flat amounts."""
    steps = [
        Step(
            rule=f"tier {number}, prorated",
            units=units,
            unit_amount=tier.per_unit_amount,
            flat_amount=tier.flat_amount,
            amount=units * tier.per_unit_amount + tier.flat_amount,
        )
        for number, (tier, units) in enumerate(
            zip(terms.tiers[:tiers_reached], tier_units, strict=False), start=1
        )
    ]
    flat = sum((tier.flat_amount for tier in terms.tiers[:tiers_reached]), ZERO)
    amount = sum((step.amount for step in steps), ZERO)
    if amount < flat:
        steps.append(Step("prorated units not below zero", ZERO, None, None, flat - amount))
    return Price(max(amount, flat), tuple(steps))
