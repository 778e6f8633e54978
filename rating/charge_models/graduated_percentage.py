"""Graduated percentage: each tier takes its own rate of its share of the units, and its flat."""

from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedPercentageTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models.tiers import reached_tiers
from rating.rated_line import Price, Step

HUNDRED = Decimal(100)


def graduated_percentage_price(terms: GraduatedPercentageTerms, quantity: Quantity) -> Price:
    """Return the sum over the tiers reached of units × rate percent + flat, in currency units.

    Tiers are reached as in the graduated model. Where bounds touch (0 to 10, 10 on), no unit
    counts twice; Lago counts one too many for each later tier. Negative units cost 0.
    """
    if quantity.units < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        steps = tuple(
            Step(
                rule=f"tier {number} at {format(tier.rate, 'f')} %",
                units=units,
                unit_amount=tier.rate / HUNDRED,
                flat_amount=tier.flat_amount,
                amount=units * tier.rate / HUNDRED + tier.flat_amount,
            )
            for number, tier, units in reached_tiers(terms.tiers, quantity.units)
        )
        return Price(sum((step.amount for step in steps), ZERO), steps)
