"""Custom: the metric computes the price itself, the model passes it on."""

from aggregation.quantity import Quantity
from catalog.charge_terms import CustomTerms
from rating.charge_models.own_amount import own_amount
from rating.rated_line import Price, Step


def custom_price(_terms: CustomTerms, quantity: Quantity, exponent: int | None = None) -> Price:
    """Return the metric's own amount, in currency units of `exponent` decimals (Lago's custom).

    The metric names it in cents, as `precise_total_amount_cents`; it is due without units too.
    """
    amount = own_amount(quantity, exponent)
    return Price(amount, (Step("amount of the metric", quantity.units, None, None, amount),))
