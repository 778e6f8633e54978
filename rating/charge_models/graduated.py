"""Graduated: each tier prices the units that fall into it, and adds its flat amount."""

from decimal import localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedTerms, Tier
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models.prorated_graduated import prorated_graduated_price
from rating.charge_models.tiers import reached_tiers
from rating.rated_line import Price, Step


def graduated_price(terms: GraduatedTerms, quantity: Quantity) -> Price:
    """Return the sum over the tiers reached of units × price + flat, in currency units (Lago's).

    Tier 1 is reached even by zero units, so its flat amount is due then; a tier is not reached
    by usage that ends exactly at the top of the one before. Negative units cost 0. A prorated
    quantity is priced event by event.
    """
    if quantity.event_prorated_values is not None:
        return prorated_graduated_price(terms, quantity)
    _refuse_prorated_total(quantity)
    if quantity.units < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        steps = _tier_steps(terms.tiers, quantity)
        return Price(sum((step.amount for step in steps), ZERO), steps)


def _tier_steps(tiers: tuple[Tier, ...], quantity: Quantity) -> tuple[Step, ...]:
    """Return one step for each tier reached."""
    return tuple(
        Step(
            rule=f"tier {number}",
            units=units,
            unit_amount=tier.per_unit_amount,
            flat_amount=tier.flat_amount,
            amount=units * tier.per_unit_amount + tier.flat_amount,
        )
        for number, tier, units in reached_tiers(tiers, quantity.units)
    )


def _refuse_prorated_total(quantity: Quantity) -> None:
    """Refuse to guess from two totals in which tier each prorated unit was."""
    if quantity.units != quantity.units_before_proration:
        raise ValueError(
            "a prorated graduated price needs each event's full and prorated value: aggregate"
            " with wants_event_values=True"
        )
