"""Volume: one tier, chosen by all the units, prices them all."""

from decimal import ROUND_CEILING, Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import Tier, VolumeTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step


def volume_price(terms: VolumeTerms, quantity: Quantity) -> Price:
    """Return units × the tier's price + its flat amount, in currency units (Lago's volume).

    Zero units fall in the first tier and owe its flat amount. Negative units cost 0. The units
    before proration choose the tier, the prorated ones are what its price is paid for.
    """
    if quantity.units < 0 or quantity.units_before_proration < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        number, tier = _tier_of(terms.tiers, quantity.units_before_proration)
        amount = quantity.units * tier.per_unit_amount + tier.flat_amount
    rule = f"all units in tier {number}"
    return Price(
        amount, (Step(rule, quantity.units, tier.per_unit_amount, tier.flat_amount, amount),)
    )


def _tier_of(tiers: tuple[Tier, ...], units: Decimal) -> tuple[int, Tier]:
    """Return the first tier that holds the units, and its number; a fraction counts as begun.

    So 100.5 units are in the tier 101 to 200, not in 0 to 100 (Lago).
    """
    begun = units.to_integral_value(ROUND_CEILING)
    for number, tier in enumerate(tiers, start=1):
        if tier.from_value <= begun and (tier.to_value is None or units <= tier.to_value):
            return number, tier
    raise ValueError(f"no volume tier holds {units} units: the ladder has a gap or an end")
