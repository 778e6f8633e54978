"""Percentage: a rate on the units, and a fixed amount for each event, less what is free.

With a minimum or maximum for each transaction, every event is priced on its own.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext

from aggregation.quantity import Quantity
from catalog.charge_terms import PercentageTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models.free_part import NOTHING_FREE, FreePart, free_parts, has_free_part
from rating.charge_models.transaction_limits import (
    HUNDRED,
    Limit,
    PricedTransaction,
    has_transaction_limits,
    priced_transactions,
)
from rating.rated_line import Price, Step


def percentage_price(terms: PercentageTerms, quantity: Quantity) -> Price:
    """Return rate percent of the paid units plus the fixed amounts, in currency units (Lago's).

    Free units and limits for each transaction need `quantity.event_values`, in time order.
    Negative units cost 0.
    """
    if quantity.units < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        if has_transaction_limits(terms):
            transactions = list(priced_transactions(terms, _event_values(quantity)))
            return _price_of_steps(_transaction_steps(terms, transactions))
        free = NOTHING_FREE
        if has_free_part(terms):
            *_, free = (NOTHING_FREE, *free_parts(terms, _event_values(quantity)))
        return price_after_free(terms, quantity.units, quantity.events_count, free)


def price_after_free(
    terms: PercentageTerms, units: Decimal, events_count: int, free: FreePart
) -> Price:
    """Return the price of a total: free units first, then the rate, then the fixed amounts.

    Without units no event owes its fixed amount.
    """
    units_paid = max(units - free.units, ZERO)
    events_paid = Decimal(max(events_count - free.events_count, 0) if units else 0)
    unit_amount = terms.rate / HUNDRED
    free_step = Step("free units", free.units, ZERO, None, ZERO)
    rate = Step("rate", units_paid, unit_amount, None, units_paid * unit_amount)
    fixed_amount = events_paid * terms.fixed_amount
    fixed = Step("fixed amount of each event", events_paid, terms.fixed_amount, None, fixed_amount)
    return _price_of_steps(
        (
            *((free_step,) if free.units else ()),
            rate,
            *((fixed,) if terms.fixed_amount else ()),
        )
    )


def _price_of_steps(steps: tuple[Step, ...]) -> Price:
    return Price(sum((step.amount for step in steps), ZERO), steps)


def _event_values(quantity: Quantity) -> tuple[Decimal, ...]:
    """Return each event's value, or refuse to guess it from the total."""
    if quantity.event_values is None:
        raise ValueError(
            "a percentage price with free units or transaction limits needs each event's value:"
            " aggregate with wants_event_values=True"
        )
    return quantity.event_values


def _transaction_steps(
    terms: PercentageTerms, transactions: Sequence[PricedTransaction]
) -> tuple[Step, ...]:
    """Return one step for each way in which events were priced."""
    units_free = sum((each.units_free for each in transactions), ZERO)
    within = _limit_step("events by rate and fixed amount", Limit.WITHIN, transactions, None)
    raised = _limit_step(
        "events raised to the minimum", Limit.RAISED, transactions, terms.per_transaction_min_amount
    )
    cut = _limit_step(
        "events cut to the maximum", Limit.CUT, transactions, terms.per_transaction_max_amount
    )
    return (
        *((Step("free units", units_free, ZERO, None, ZERO),) if units_free else ()),
        within,
        *(step for step in (raised, cut) if step.units),
    )


def _limit_step(
    rule: str,
    limit: Limit,
    transactions: Sequence[PricedTransaction],
    unit_amount: Decimal | None,
) -> Step:
    """Return the step of the events that one rule decided."""
    amounts = [each.amount for each in transactions if each.limit is limit]
    return Step(rule, Decimal(len(amounts)), unit_amount, None, sum(amounts, ZERO))
