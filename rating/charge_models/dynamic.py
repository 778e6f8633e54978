"""Dynamic: each event brings its own price."""

from aggregation.quantity import Quantity
from catalog.charge_terms import DynamicTerms
from catalog.money import ZERO
from rating.charge_models.own_amount import own_amount
from rating.rated_line import Price, Step


def dynamic_price(_terms: DynamicTerms, quantity: Quantity, exponent: int | None = None) -> Price:
    """Return the sum of the events' own amounts, in currency units of `exponent` decimals (Lago's).

    Zero units cost 0, whatever the events say, and so do negative units.
    """
    amount = own_amount(quantity, exponent)
    if quantity.units <= 0:
        amount = ZERO
    return Price(amount, (Step("amounts of the events", quantity.units, None, None, amount),))
