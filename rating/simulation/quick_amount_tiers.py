"""The amount alone of prices with tiers: what lies below a tier is added up once, beforehand. Pure.

Sums run in the order of the charge models, so that even amounts of sixty digits are equal.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from decimal import ROUND_CEILING, Decimal, localcontext
from itertools import pairwise
from typing import NamedTuple, TypeVar

from catalog.charge_terms import (
    GraduatedPercentageTerms,
    GraduatedTerms,
    PercentageTier,
    Tier,
    VolumeTerms,
)
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models.tiers import reached_tiers

HUNDRED = Decimal(100)
ONE = Decimal(1)
AnyTier = TypeVar("AnyTier", Tier, PercentageTier)


class _Rung(NamedTuple):
    """A tier's share is units - `offset`; all tiers below it cost `below` together."""

    offset: Decimal
    below: Decimal


def graduated_amount(terms: GraduatedTerms) -> Callable[[Decimal, int], Decimal]:
    """Return what units cost in total over the tiers they reach, as a function."""
    return _climbed(terms.tiers, _by_unit)


def graduated_percentage_amount(
    terms: GraduatedPercentageTerms,
) -> Callable[[Decimal, int], Decimal]:
    """Return what units cost in percent over the tiers they reach, as a function."""
    return _climbed(terms.tiers, _by_rate)


def volume_amount(terms: VolumeTerms) -> Callable[[Decimal, int], Decimal]:
    """Return what units cost in the one tier that they choose, as a function."""
    tiers = terms.tiers

    def amount(units: Decimal, _: int) -> Decimal:
        if units < 0:
            return ZERO
        begun = units.to_integral_value(ROUND_CEILING)
        for tier in tiers:
            if tier.from_value <= begun and (tier.to_value is None or units <= tier.to_value):
                return units * tier.per_unit_amount + tier.flat_amount
        raise ValueError(f"no volume tier holds {units} units: the ladder has a gap or an end")

    return amount


def _climbed(
    tiers: Sequence[AnyTier], tier_amount: Callable[[AnyTier, Decimal], Decimal]
) -> Callable[[Decimal, int], Decimal]:
    """Return the sum over the tiers reached; tier 1 is reached even by zero units (Lago)."""
    tops = [tier.to_value for tier in tiers if tier.to_value is not None]
    if not _is_ladder(tiers, tops):
        return lambda units, _: _walked(tiers, tier_amount, units)
    rungs = _rungs(tiers, tier_amount)
    last = len(tiers) - 1

    def amount(units: Decimal, _: int) -> Decimal:
        if units < 0:
            return ZERO
        number = bisect_left(tops, units)
        if number > last:
            number, units = last, tops[last]
        offset, below = rungs[number]
        return below + tier_amount(tiers[number], units - offset)

    return amount


def _is_ladder(tiers: Sequence[AnyTier], tops: Sequence[Decimal]) -> bool:
    """Say whether tiers rise, and only the last one may have no end."""
    open_ended = len(tiers) - len(tops)
    rises = all(lower < upper for lower, upper in pairwise(tops))
    is_last_open = open_ended == 1 and tiers[-1].to_value is None
    return rises and (not open_ended or is_last_open)


def _rungs(
    tiers: Sequence[AnyTier], tier_amount: Callable[[AnyTier, Decimal], Decimal]
) -> list[_Rung]:
    rungs = []
    with localcontext(MONEY_CONTEXT):
        below = ZERO
        for number, tier in enumerate(tiers):
            beyond = tiers[number - 1].to_value if number else ZERO
            end = (beyond or ZERO) + ONE if tier.to_value is None else tier.to_value
            *_, (_, _, share) = reached_tiers(tiers, end)
            rungs.append(_Rung(end - share, below))
            below += tier_amount(tier, share)
    return rungs


def _walked(
    tiers: Sequence[AnyTier], tier_amount: Callable[[AnyTier, Decimal], Decimal], units: Decimal
) -> Decimal:
    if units < 0:
        return ZERO
    return sum((tier_amount(tier, own) for _, tier, own in reached_tiers(tiers, units)), ZERO)


def _by_unit(tier: Tier, units: Decimal) -> Decimal:
    return units * tier.per_unit_amount + tier.flat_amount


def _by_rate(tier: PercentageTier, units: Decimal) -> Decimal:
    return units * tier.rate / HUNDRED + tier.flat_amount
