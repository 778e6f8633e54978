"""An override: the plan of a single subscription, begun as a copy of another plan (Lago). Pure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from catalog.plans import Charge, Plan


def overriding_plan(
    parent: Plan, at: datetime, new_id: Callable[[], str], *, is_running: bool
) -> Plan:
    """Return a copy of a plan with ids of its own and its parent's code.

    Made for a running subscription it counts its versions on from its parent's, whose earlier
    versions stay its history: what was over before `at` keeps its price.
    """
    return replace(
        parent,
        id=new_id(),
        parent_id=parent.id,
        charges=tuple(overriding_charge(charge, at, new_id) for charge in parent.charges),
        created_at=at,
        valid_from=at,
        version=parent.version + 1 if is_running else 1,
        deleted_at=None,
    )


def overriding_charge(parent: Charge, at: datetime, new_id: Callable[[], str]) -> Charge:
    """Return a copy of a charge with ids of its own."""
    return replace(
        parent,
        id=new_id(),
        parent_id=parent.id,
        created_at=at,
        filters=tuple(replace(one, id=new_id()) for one in parent.filters),
    )


def charge_known_as(plan: Plan, charge_id: object) -> Charge | None:
    """Return the plan's charge with this id, or the override of the charge with it."""
    own = (charge for charge in plan.charges if charge_id in (charge.id, charge.parent_id))
    return None if charge_id is None else next(own, None)


def with_charge(plan: Plan, changed: Charge) -> Plan:
    """Return a plan with a charge changed, in its place."""
    charges = (changed if charge.id == changed.id else charge for charge in plan.charges)
    return replace(plan, charges=tuple(charges))
