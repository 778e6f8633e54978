"""The unit amount: what one unit came to on average, as Lago's fees and usage show it."""

from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeTerms, PackageTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price


def unit_amount(terms: ChargeTerms, quantity: Quantity, price: Price) -> Decimal:
    """Return the price's amount / units before proration, in currency units; 0 without units.

    In a package only the paid units share the amount (Lago).
    """
    with localcontext(MONEY_CONTEXT):
        units = quantity.units_before_proration
        if isinstance(terms, PackageTerms):
            units -= terms.free_units
        return price.amount / units if units > 0 else ZERO
