"""A plan's charges and their filters, found by what a caller names. Pure."""

from collections.abc import Sequence

from catalog.errors import NotFound
from catalog.plans import Charge, ChargeFilter, Plan


def found_charge(plan: Plan, code: str) -> Charge:
    """Return a plan's charge by its code; NotFound when there is none."""
    for charge in plan.charges:
        if charge.code == code:
            return charge
    raise NotFound("charge")


def found_filter(charge: Charge, filter_id: str) -> ChargeFilter:
    """Return a charge's filter by its id; NotFound when there is none."""
    for one in charge.filters:
        if one.id == filter_id:
            return one
    raise NotFound("charge_filter")


def newest_first(charges: Sequence[Charge]) -> list[Charge]:
    """Return charges as lists of them show them (Lago)."""
    return sorted(charges, key=lambda charge: charge.created_at, reverse=True)
