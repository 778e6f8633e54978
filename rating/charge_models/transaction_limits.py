"""Transaction limits of a percentage charge: what each event costs between minimum and maximum."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from catalog.charge_terms import PercentageTerms
from catalog.money import ZERO

HUNDRED = Decimal(100)


class Limit(StrEnum):
    """Which rule decided what an event costs."""

    FREE = "free"
    WITHIN = "within"
    RAISED = "raised"
    CUT = "cut"


class PricedTransaction(NamedTuple):
    """What one event costs, in currency units, how much of it was free, and why."""

    amount: Decimal
    units_free: Decimal
    limit: Limit


def has_transaction_limits(terms: PercentageTerms) -> bool:
    """Say whether each transaction has a minimum or a maximum."""
    return not (
        terms.per_transaction_min_amount is None and terms.per_transaction_max_amount is None
    )


def priced_transactions(
    terms: PercentageTerms, event_values: Iterable[Decimal]
) -> Iterator[PricedTransaction]:
    """Yield the price of each event, given in time order (Lago).

    A free total alone decides if there is one: the event that uses it up pays on its excess, and
    free events that are left then lapse. Without a total the first events are free.
    """
    units_left = terms.free_units_per_total_aggregation or ZERO
    events_left = 0 if units_left else terms.free_units_per_events or 0
    for value in event_values:
        if events_left or value < units_left:
            events_left = max(events_left - 1, 0)
            units_left = units_left - value if units_left else ZERO
            yield PricedTransaction(ZERO, value, Limit.FREE)
        else:
            yield priced_transaction(terms, value - units_left, units_left)
            units_left = ZERO


def priced_transaction(
    terms: PercentageTerms, value: Decimal, units_free: Decimal = ZERO
) -> PricedTransaction:
    """Return the rate on a value plus the fixed amount, raised to the minimum, else cut (Lago)."""
    amount = value * terms.rate / HUNDRED + terms.fixed_amount
    minimum, maximum = terms.per_transaction_min_amount, terms.per_transaction_max_amount
    if minimum is not None and amount < minimum:
        return PricedTransaction(minimum, units_free, Limit.RAISED)
    if maximum is not None and amount > maximum:
        return PricedTransaction(maximum, units_free, Limit.CUT)
    return PricedTransaction(amount, units_free, Limit.WITHIN)
