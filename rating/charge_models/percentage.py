"""Percentage: a rate on the units, and a fixed amount for each event, less what is free.

With a minimum or maximum for each transaction, every event is priced on its own.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import accumulate

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeTerms, PercentageTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.rated_line import Price, Step

HUNDRED = Decimal(100)


def percentage_price(terms: PercentageTerms, quantity: Quantity) -> Price:
    """Return rate percent of the paid units plus the fixed amounts, in currency units (Lago's).

    Free units and limits for each transaction need `quantity.event_values`, in time order.
    Negative units cost 0.
    """
    if quantity.units < 0:
        return Price(ZERO, ())
    with localcontext(MONEY_CONTEXT):
        steps = (
            _transaction_steps(terms, _event_values(quantity))
            if _has_transaction_limits(terms)
            else _total_steps(terms, quantity)
        )
        return Price(sum((step.amount for step in steps), ZERO), steps)


def wants_event_values(terms: ChargeTerms, quantity_included: Decimal = ZERO) -> bool:
    """Say whether a price needs each event's own value beside their total.

    An included quota is used up event by event where the paid ones owe a fixed amount.
    """
    if not isinstance(terms, PercentageTerms):
        return False
    quota_meets_fixed_amount = bool(terms.fixed_amount and quantity_included)
    return _has_free_part(terms) or _has_transaction_limits(terms) or quota_meets_fixed_amount


def _has_transaction_limits(terms: PercentageTerms) -> bool:
    """Say whether each transaction has a minimum or a maximum."""
    return not (
        terms.per_transaction_min_amount is None and terms.per_transaction_max_amount is None
    )


def _has_free_part(terms: PercentageTerms) -> bool:
    """Say whether some events or units are free."""
    return bool(terms.free_units_per_events or terms.free_units_per_total_aggregation)


def _event_values(quantity: Quantity) -> tuple[Decimal, ...]:
    """Return each event's value, or refuse to guess it from the total."""
    if quantity.event_values is None:
        raise ValueError(
            "a percentage price with free units or transaction limits needs each event's value:"
            " aggregate with wants_event_values=True"
        )
    return quantity.event_values


def _total_steps(terms: PercentageTerms, quantity: Quantity) -> tuple[Step, ...]:
    """Price the total: free units first, then the rate, then the fixed amounts."""
    units_free, events_free = _free_part(terms, quantity)
    units_paid = max(quantity.units - units_free, ZERO)
    events_paid = Decimal(max(quantity.events_count - events_free, 0) if quantity.units else 0)
    unit_amount = terms.rate / HUNDRED
    free = Step("free units", units_free, ZERO, None, ZERO)
    rate = Step("rate", units_paid, unit_amount, None, units_paid * unit_amount)
    fixed_amount = events_paid * terms.fixed_amount
    fixed = Step("fixed amount of each event", events_paid, terms.fixed_amount, None, fixed_amount)
    return (
        *((free,) if units_free else ()),
        rate,
        *((fixed,) if terms.fixed_amount else ()),
    )


def _free_part(terms: PercentageTerms, quantity: Quantity) -> tuple[Decimal, int]:
    """Return the free units, and the number of events that owe no fixed amount (Lago).

    With both limits the units of the first events are free, up to the total. An event that
    reaches the total exactly owes its fixed amount. A count of zero events is not a limit: where
    the first event alone reaches the total, `free_units_per_events` stands by itself.
    """
    if not _has_free_part(terms):
        return ZERO, 0
    total = terms.free_units_per_total_aggregation or None
    running = list(accumulate(_event_values(quantity)))
    if terms.free_units_per_events:
        running = running[: terms.free_units_per_events]
    elif total is not None:
        running = running[: _count_until_above(running, total)]
    units_free = running[-1] if running else ZERO
    if total is None:
        return units_free, terms.free_units_per_events or 0
    below = sum(1 for level in running if level < total)
    limits = [count for count in (terms.free_units_per_events, below) if count]
    return min(units_free, total), min(limits, default=0)


def _count_until_above(running: list[Decimal], total: Decimal) -> int:
    """Return how many events there are up to the first one that passes the total, with it."""
    for number, level in enumerate(running, start=1):
        if level > total:
            return number
    return len(running)


@dataclass(slots=True)
class _Tally:
    """Events priced alike: how many, and what they cost together."""

    events: int = 0
    amount: Decimal = ZERO


def _transaction_steps(
    terms: PercentageTerms, event_values: tuple[Decimal, ...]
) -> tuple[Step, ...]:
    """Price each paid event, within its limits; one step for each way an event was priced."""
    units_free, values = _paid_values(terms, event_values)
    minimum, maximum = terms.per_transaction_min_amount, terms.per_transaction_max_amount
    within, raised, cut = _Tally(), _Tally(), _Tally()
    for value in values:
        amount, tally = value * terms.rate / HUNDRED + terms.fixed_amount, within
        if minimum is not None and amount < minimum:
            amount, tally = minimum, raised
        elif maximum is not None and amount > maximum:
            amount, tally = maximum, cut
        tally.events += 1
        tally.amount += amount
    free = Step("free units", units_free, ZERO, None, ZERO)
    return (
        *((free,) if units_free else ()),
        Step("events by rate and fixed amount", Decimal(within.events), None, None, within.amount),
        *_limit_step("events raised to the minimum", raised, minimum),
        *_limit_step("events cut to the maximum", cut, maximum),
    )


def _limit_step(rule: str, tally: _Tally, limit: Decimal | None) -> tuple[Step, ...]:
    """Return the step of the events that met a limit, if any did."""
    if not tally.events:
        return ()
    return (Step(rule, Decimal(tally.events), limit, None, tally.amount),)


def _paid_values(
    terms: PercentageTerms, event_values: tuple[Decimal, ...]
) -> tuple[Decimal, list[Decimal]]:
    """Return the units that are free, and the values of the events that are not (Lago).

    A free total alone decides if there is one: the event that uses it up pays on its excess, and
    free events that are left then lapse. Without a total the first events are free.
    """
    events_left = terms.free_units_per_events or 0
    units_left = terms.free_units_per_total_aggregation or ZERO
    if not units_left:
        free = event_values[:events_left]
        return sum(free, ZERO), list(event_values[events_left:])
    for number, value in enumerate(event_values):
        if units_left <= value:
            excess = value - units_left
            return sum(event_values[:number], units_left), [excess, *event_values[number + 1 :]]
        units_left -= value
    return sum(event_values, ZERO), []
