"""A cost divided by weights: parts sum to it exactly (largest remainder at 12 decimals)."""

from collections.abc import Sequence
from decimal import Context, Decimal

from catalog.money import QUANTITY_SCALE

_EXACT = Context(prec=200)


def parts_of(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return one part for each weight; what division leaves goes to the largest remainders.

    Weights are over 0, `total` has at most 12 decimals and may be negative. Of equal remainders
    the first weight's comes first.
    """
    units = _whole(total, QUANTITY_SCALE)
    scale = max((-_exponent(weight) for weight in weights), default=0)
    wholes = [_whole(weight, max(scale, 0)) for weight in weights]
    if not wholes or min(wholes) <= 0:
        raise ValueError("a cost is divided by weights over 0, and by one at least")
    whole = sum(wholes)
    found = [divmod(abs(units) * each, whole) for each in wholes]
    left = abs(units) - sum(part for part, _ in found)
    places = sorted(range(len(found)), key=lambda place: -found[place][1])
    raised = set(places[:left])
    sign = -1 if units < 0 else 1
    return [
        _EXACT.scaleb(Decimal(sign * (part + (place in raised))), -QUANTITY_SCALE)
        for place, (part, _) in enumerate(found)
    ]


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"{value} is no number")
    return exponent


def _whole(value: Decimal, scale: int) -> int:
    scaled = _EXACT.scaleb(value, scale)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {scale} decimals")
    return int(scaled)
