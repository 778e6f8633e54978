"""Monthly recurring revenue: plan fees brought to a month, and what moved them. Pure.

Recurring revenue is looked at at the end of each month, customer by customer; what a customer
changed in a month is one movement, so that opening and movements are the closing exactly.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from itertools import pairwise

from catalog.money import MONEY_CONTEXT, QUANTITY_SCALE, ZERO, amount_of_cents
from catalog.plans import PERIODS_PER_YEAR, Plan

MOVEMENTS = ("new", "expansion", "contraction", "churn", "reactivation")
MONTHS_PER_YEAR = Decimal(12)
_SMALLEST = Decimal(1).scaleb(-QUANTITY_SCALE)
_add, _subtract = MONEY_CONTEXT.add, MONEY_CONTEXT.subtract


@dataclass(frozen=True, slots=True)
class FeeSpan:
    """A customer's fee of a month in CAD, from an instant (excluded) to another (included)."""

    service: str
    account_id: str
    after: datetime
    until: datetime | None
    amount: Decimal

    def holds_at(self, instant: datetime) -> bool:
        """Say whether the fee is owed at an instant."""
        return self.after < instant and (self.until is None or instant <= self.until)


@dataclass(slots=True)
class Movement:
    """Recurring revenue of a service before and after a month, and what moved it."""

    opening: Decimal = ZERO
    closing: Decimal = ZERO
    customers_count: int = 0
    moves: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(MOVEMENTS, ZERO))


def monthly_fee(plan: Plan) -> Decimal:
    """Return a plan's fee brought to a month, half-up at 12 decimals: a year's is a twelfth."""
    amount = amount_of_cents(plan.amount_cents, plan.amount_currency)
    yearly = MONEY_CONTEXT.multiply(amount, Decimal(PERIODS_PER_YEAR[plan.interval]))
    return MONEY_CONTEXT.divide(yearly, MONTHS_PER_YEAR).quantize(_SMALLEST, context=MONEY_CONTEXT)


def mrr_movements(
    spans: Iterable[FeeSpan], ends: Mapping[str, Sequence[tuple[date, datetime]]]
) -> dict[tuple[str, date], Movement]:
    """Return the movement of each service and month; `ends` are its months' ends, in order.

    A customer is new with its first recurring revenue ever, and reactivated when it comes back.
    """
    by_customer: dict[tuple[str, str], list[FeeSpan]] = {}
    for span in spans:
        by_customer.setdefault((span.service, span.account_id), []).append(span)
    found = {(service, month): Movement() for service, own in ends.items() for month, _ in own}
    for (service, _), own in by_customer.items():
        months = ends.get(service, ())
        amounts = [ZERO, *(_mrr_at(own, instant) for _, instant in months)]
        was_there = False
        for (month, _), (before, after) in zip(months, pairwise(amounts), strict=True):
            was_there = was_there or before > 0
            _take(found[service, month], before, after, was_there=was_there)
    return found


def summed_movement(movements: Sequence[Movement]) -> Movement:
    """Return the movements of several services in one month as one."""
    return Movement(
        _total(each.opening for each in movements),
        _total(each.closing for each in movements),
        sum(each.customers_count for each in movements),
        {name: _total(each.moves[name] for each in movements) for name in MOVEMENTS},
    )


def chained_movement(movements: Sequence[Movement]) -> Movement:
    """Return the movements of several months in a row as one: first opening, last closing."""
    if not movements:
        return Movement()
    whole = summed_movement(movements)
    last = movements[-1]
    return Movement(movements[0].opening, last.closing, last.customers_count, whole.moves)


def _take(movement: Movement, before: Decimal, after: Decimal, *, was_there: bool) -> None:
    if not before and not after:
        return
    movement.opening = _add(movement.opening, before)
    movement.closing = _add(movement.closing, after)
    movement.customers_count += after > 0
    change = _subtract(after, before)
    if not change:
        return
    if before == 0:
        name = "reactivation" if was_there else "new"
    elif after == 0:
        name = "churn"
    else:
        name = "expansion" if change > 0 else "contraction"
    movement.moves[name] = _add(movement.moves[name], change)


def _mrr_at(spans: Sequence[FeeSpan], instant: datetime) -> Decimal:
    amounts = [span.amount for span in spans if span.holds_at(instant)]
    return amounts[0] if len(amounts) == 1 else _total(amounts)


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(_add, amounts, ZERO)
