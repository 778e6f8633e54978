"""Standard: every unit costs the same."""

from decimal import localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import StandardTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step


def standard_price(terms: StandardTerms, quantity: Quantity) -> Price:
    """Return units × amount, in currency units (Lago's standard model); negative units cost 0."""
    with localcontext(MONEY_CONTEXT):
        units = max(quantity.units, ZERO)
        amount = units * terms.amount
    return Price(amount, (Step("every unit", units, terms.amount, None, amount),))
