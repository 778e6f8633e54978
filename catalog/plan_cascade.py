"""What a change of a plan does to its overrides, when it is asked to reach them (Lago). Pure.

Prices that an override set itself stay; those it left alone, and the properties that split usage
into groups, follow the plan.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime

from catalog.charge_filters import FilterKey, filter_key
from catalog.plan_overrides import overriding_charge
from catalog.plans import Charge, ChargeFilter, Plan


def cascaded_plan(
    override: Plan, before: Plan, after: Plan, at: datetime, new_id: Callable[[], str]
) -> Plan:
    """Return an override after its plan changed from `before` to `after`."""
    is_alike = override.amount_cents == before.amount_cents
    return replace(
        override,
        amount_cents=after.amount_cents if is_alike else override.amount_cents,
        charges=tuple(_charges(override, before, after, at, new_id)),
    )


def _charges(
    override: Plan, before: Plan, after: Plan, at: datetime, new_id: Callable[[], str]
) -> Iterator[Charge]:
    was = {charge.id: charge for charge in before.charges}
    becomes = {charge.id: charge for charge in after.charges}
    for own in override.charges:
        old, new = was.get(own.parent_id or ""), becomes.get(own.parent_id or "")
        if old is None:
            yield own
        elif new is not None:
            yield _cascaded_charge(own, old, new, new_id)
    known = {own.parent_id for own in override.charges}
    for charge in after.charges:
        if charge.id not in was and charge.id not in known:
            yield overriding_charge(charge, at, new_id)


def _cascaded_charge(own: Charge, old: Charge, new: Charge, new_id: Callable[[], str]) -> Charge:
    """Return an override's charge after its parent changed, unless that became another kind."""
    if old == new or not _is_alike(own, new):
        return own
    moved = replace(
        own,
        code=new.code,
        pricing_group_keys=new.pricing_group_keys,
        presentation_keys=new.presentation_keys,
        filters=tuple(_filters(own, old, new, new_id)),
    )
    if _price(own) != _price(old):
        return moved
    return replace(moved, terms=new.terms, quantity_included=new.quantity_included)


def _is_alike(own: Charge, new: Charge) -> bool:
    """Say whether two charges are so alike that one may have the other's price."""
    return (own.charge_model, own.metric_id, own.is_prorated, own.is_pay_in_advance) == (
        new.charge_model,
        new.metric_id,
        new.is_prorated,
        new.is_pay_in_advance,
    )


def _filters(
    own: Charge, old: Charge, new: Charge, new_id: Callable[[], str]
) -> Iterator[ChargeFilter]:
    was, becomes = _by_values(old), _by_values(new)
    for one in own.filters:
        key = filter_key(one)
        if key in was and key not in becomes:
            continue
        is_touched = key in was and becomes[key] != was[key]
        yield _cascaded_filter(one, was[key], becomes[key]) if is_touched else one
    known = _by_values(own)
    for key, one in becomes.items():
        if key not in was and key not in known:
            yield replace(one, id=new_id())


def _cascaded_filter(own: ChargeFilter, old: ChargeFilter, new: ChargeFilter) -> ChargeFilter:
    if _price(own) != _price(old):
        return replace(own, pricing_group_keys=new.pricing_group_keys)
    return replace(new, id=own.id)


def _by_values(charge: Charge) -> dict[FilterKey, ChargeFilter]:
    return {filter_key(one): one for one in reversed(charge.filters)}


def _price(bucket: Charge | ChargeFilter) -> object:
    shown = bucket.presentation_keys if isinstance(bucket, Charge) else ()
    return bucket.terms, bucket.quantity_included, bucket.pricing_group_keys, shown
