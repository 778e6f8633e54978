"""The instant estimate: what one event costs by itself, without history and free units."""

from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import CHARGE_MODEL_OF, ChargeTerms, PercentageTerms, StandardTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models.standard import standard_price
from rating.charge_models.transaction_limits import priced_transaction
from rating.rated_line import Price, Step


def instant_price(terms: ChargeTerms, units: Decimal) -> Price:
    """Return the price of one event of so many units, in currency units (Lago's estimate).

    Standard: units × amount. Percentage: the rate plus the fixed amount, within the limits of a
    transaction. Negative units count as none; ValueError for any other model.
    """
    units = max(units, ZERO)
    match terms:
        case StandardTerms():
            return standard_price(terms, Quantity(units, events_count=1))
        case PercentageTerms():
            with localcontext(MONEY_CONTEXT):
                amount = priced_transaction(terms, units).amount
            return Price(amount, (Step("one event by itself", units, None, None, amount),))
        case _:
            raise ValueError(
                f"a {CHARGE_MODEL_OF[type(terms)].value} charge has no price for one event alone:"
                " only standard and percentage charges can be estimated at once"
            )
