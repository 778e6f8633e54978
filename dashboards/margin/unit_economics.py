"""What one unit of a metric brings and costs, and the price at which nothing is lost.

A figure without units is None with its reason, never 0.
"""

from dataclasses import dataclass
from decimal import Decimal

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO
from dashboards.margin.figures import Margin

NO_UNITS = "no units"
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)


@dataclass(frozen=True, slots=True)
class UnitEconomics:
    """Price, cost and profit of one unit in CAD; `reason` says why they are None."""

    quantity: Decimal
    price: Decimal | None
    cost: Decimal | None
    profit: Decimal | None
    break_even_price: Decimal | None
    reason: str | None


def unit_economics(margin: Margin, quantity: Decimal, included: Decimal = ZERO) -> UnitEconomics:
    """Return what each of `quantity` units brought and cost, half-up at 12 decimals.

    `break_even_price` is what each unit beyond the `included` ones would have to cost the customer
    for the metric to lose nothing; with no such unit no price could.
    """
    if quantity <= 0:
        return UnitEconomics(quantity, None, None, None, None, NO_UNITS)
    price = per_unit(margin.revenue, quantity)
    cost = per_unit(margin.cogs_cad, quantity)
    priced = MONEY_CONTEXT.subtract(quantity, included)
    return UnitEconomics(
        quantity=quantity,
        price=price,
        cost=cost,
        profit=MONEY_CONTEXT.subtract(price, cost),
        break_even_price=per_unit(margin.cogs_cad, priced) if priced > 0 else None,
        reason=None,
    )


def per_unit(amount: Decimal, quantity: Decimal) -> Decimal:
    """Return an amount for each unit at 12 decimals; the quantity is above zero."""
    return MONEY_CONTEXT.divide(amount, quantity).quantize(_SMALLEST, context=MONEY_CONTEXT)
