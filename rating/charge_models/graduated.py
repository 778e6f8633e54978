"""Graduated: each tier prices the units that fall into it, and adds its flat amount."""

from decimal import Decimal, localcontext
from itertools import pairwise

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedTerms, Tier
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step


def graduated_price(terms: GraduatedTerms, quantity: Quantity) -> Price:
    """Return the sum over the tiers reached of units × price + flat, in currency units (Lago's).

    Tier 1 is reached even by zero units, so its flat amount is due then; a tier is not reached
    by usage that ends exactly at the top of the one before. Negative units cost 0.
    """
    if quantity.units < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        steps = _tier_steps(terms.tiers, quantity.units)
        return Price(sum((step.amount for step in steps), ZERO), steps)


def _tier_steps(tiers: tuple[Tier, ...], units: Decimal) -> tuple[Step, ...]:
    """Walk the tiers until one holds the last unit; one step for each tier reached."""
    touching = _has_touching_bounds(tiers)
    steps = []
    for number, tier in enumerate(tiers, start=1):
        tier_units = _tier_units(tier, units, touching=touching)
        amount = tier_units * tier.per_unit_amount + tier.flat_amount
        rule = f"tier {number}"
        steps.append(Step(rule, tier_units, tier.per_unit_amount, tier.flat_amount, amount))
        if tier.to_value is None or tier.to_value >= units:
            break
    return tuple(steps)


def _has_touching_bounds(tiers: tuple[Tier, ...]) -> bool:
    """Say whether every tier begins where the one before ends (0 to 0.1, 0.1 to 1, 1 on)."""
    pairs = list(pairwise(tiers))
    return bool(pairs) and all(upper.from_value == lower.to_value for lower, upper in pairs)


def _tier_units(tier: Tier, units: Decimal, *, touching: bool) -> Decimal:
    """Return the units of one reached tier; whole-number ladders (0 to 10, 11 on) count from − 1.

    A ladder that touches only here and there is read as a whole-number one, as Lago does.
    """
    capped = units if tier.to_value is None else min(units, tier.to_value)
    if not tier.from_value:
        return capped
    return capped - tier.from_value + (0 if touching else 1)
