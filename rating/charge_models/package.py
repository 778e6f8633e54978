"""Package: units are sold in packages, and a package begun is a package sold."""

from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import PackageTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step


def package_price(terms: PackageTerms, quantity: Quantity) -> Price:
    """Return packages begun × amount, in currency units, after the free units (Lago's package).

    Lago divides in binary before it rounds up; here the division is exact, so the two may differ
    beyond 2^53 units.
    """
    with localcontext(MONEY_CONTEXT):
        units = max(quantity.units, ZERO)
        units_free = min(units, Decimal(terms.free_units))
        packages, begun = divmod(units - units_free, terms.package_size)
        packages += 1 if begun else 0
        amount = packages * terms.amount
    free = (Step("free units", units_free, ZERO, None, ZERO),) if terms.free_units else ()
    sold = Step(f"packages of {terms.package_size}", packages, terms.amount, None, amount)
    return Price(amount, (*free, sold))
