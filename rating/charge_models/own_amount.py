"""The own amount: what usage itself says it costs, in cents, as an amount in currency units."""

from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.money import MONEY_CONTEXT, ZERO


def own_amount(quantity: Quantity, exponent: int | None) -> Decimal:
    """Return the amount that usage brought with it; nothing brought is 0.

    `exponent` is the number of decimals of the currency, which no model can guess.
    """
    if exponent is None:
        raise ValueError(
            "usage brought its own price in cents: the currency's exponent must be given, so call"
            " model_price(terms, quantity, currency)"
        )
    with localcontext(MONEY_CONTEXT):
        return (quantity.precise_total_amount_cents or ZERO).scaleb(-exponent)
