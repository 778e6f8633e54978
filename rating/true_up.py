"""The true-up: what fees lack to a minimum, for the days of the period that are billed.

The minimum may be a charge's, against its own fees, or a plan's, against all of a subscription's.
"""

from decimal import Decimal, localcontext

from catalog.money import MONEY_CONTEXT, ZERO, amount_of_cents
from rating.rated_line import Price, Step


def true_up_price(
    minimum_cents: int, used_cents: int, *, days: int, period_days: int, currency: str
) -> Price:
    """Return minimum × days / period days − what the fees came to, in currency units (Lago's).

    Nothing is missing where the fees reach the minimum: the price is then 0, without steps.
    """
    if period_days < 1:
        raise ValueError(f"a period of {period_days} days has no share of a minimum: give its days")
    with localcontext(MONEY_CONTEXT):
        minimum = amount_of_cents(minimum_cents, currency) * days / period_days
        used = amount_of_cents(used_cents, currency)
        missing = minimum - used
    if missing <= 0:
        return Price(ZERO, ())
    due = Step(f"minimum, by days of a period of {period_days}", Decimal(days), None, None, minimum)
    return Price(missing, (due, Step("less the fees", ZERO, None, None, -used)))
