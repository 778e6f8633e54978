"""Tiers: which of them some units reach, and how many units fall into each."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar

from catalog.charge_terms import PercentageTier, Tier

AnyTier = TypeVar("AnyTier", Tier, PercentageTier)


def reached_tiers(
    tiers: Sequence[AnyTier], units: Decimal
) -> Iterator[tuple[int, AnyTier, Decimal]]:
    """Yield the number of each tier reached, the tier, and its share of the units (Lago).

    Tier 1 is reached even by zero units; a tier is not reached by usage that ends exactly at the
    top of the one before. Decimals must be computed under the money context.
    """
    touching = _has_touching_bounds(tiers)
    for number, tier in enumerate(tiers, start=1):
        yield number, tier, _tier_units(tier, units, touching=touching)
        if tier.to_value is None or tier.to_value >= units:
            return


def _has_touching_bounds(tiers: Sequence[AnyTier]) -> bool:
    """Say whether every tier begins where the one before ends (0 to 0.1, 0.1 to 1, 1 on)."""
    pairs = list(pairwise(tiers))
    return bool(pairs) and all(upper.from_value == lower.to_value for lower, upper in pairs)


def _tier_units(tier: Tier | PercentageTier, units: Decimal, *, touching: bool) -> Decimal:
    """Return the units of one reached tier; whole-number ladders (0 to 10, 11 on) count from − 1.

    A ladder that touches only here and there is read as a whole-number one, as Lago does.
    """
    capped = units if tier.to_value is None else min(units, tier.to_value)
    if not tier.from_value:
        return capped
    return capped - tier.from_value + (0 if touching else 1)
