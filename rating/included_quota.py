"""The included quota: units the plan covers, used up in time order before anything is priced."""

from decimal import Decimal, localcontext

from msgspec import structs

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeTerms
from catalog.money import MONEY_CONTEXT, ZERO
from rating.charge_models import wants_event_values


def quantity_after_quota(terms: ChargeTerms, included: Decimal, quantity: Quantity) -> Quantity:
    """Return the units beyond the included ones, and the events that caused them.

    The quota is used up in time order. An event wholly within it is no longer there for the
    charge model; the event that uses it up keeps its excess. Negative units are left as they are.
    """
    if not included or quantity.units < 0:
        return quantity
    if quantity.event_values is None and wants_event_values(terms, included):
        raise ValueError(
            "an included quota is used up event by event here, so each event's value is needed:"
            " aggregate with wants_event_values=True"
        )
    with localcontext(MONEY_CONTEXT):
        units = max(quantity.units - included, ZERO)
        if quantity.event_values is None:
            return structs.replace(quantity, units=units)
        values = _values_after_quota(quantity.event_values, included)
    return structs.replace(quantity, units=units, events_count=len(values), event_values=values)


def _values_after_quota(values: tuple[Decimal, ...], included: Decimal) -> tuple[Decimal, ...]:
    """Return what each event adds beyond the quota, without the events wholly within it."""
    left_over = []
    level = ZERO
    for value in values:
        before, level = level, level + value
        if level > included or before > included:
            left_over.append(max(level - included, ZERO) - max(before - included, ZERO))
    return tuple(left_over)
