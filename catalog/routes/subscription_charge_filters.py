"""The filters of one subscription's charge over HTTP: a change gives it its own prices (Lago)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.charge_filters import filter_key
from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import Json, PageOf, body_under
from catalog.lago_shapes.charge_filter_changes import (
    from_lago_added_filter,
    from_lago_changed_filter,
    without_filter,
)
from catalog.plan_parts import found_filter
from catalog.plans import Charge, ChargeFilter
from catalog.routes.asked_charge import ChargeAsked
from catalog.routes.plan_parts import filter_answer, filters_answer, new_id

router = APIRouter(
    prefix="/subscriptions/{external_id}/charges/{charge_code}/filters", tags=["subscriptions"]
)

FilterFields = Annotated[JsonObject, Depends(body_under("filter"))]


@router.post("")
def add_subscription_filter(fields: FilterFields, asked: ChargeAsked) -> Json:
    """Add a filter to a charge of one subscription from now on."""
    with asked.changing() as change:
        changed = from_lago_added_filter(fields, change.own, change.metric, new_id)
        change.keep(changed)
    return filter_answer(changed, changed.filters[-1])


@router.get("")
def list_subscription_filters(asked: ChargeAsked, page: PageOf) -> Json:
    """List the filters of a subscription's charge, oldest first."""
    return filters_answer(asked.read(), page)


@router.get("/{filter_id}")
def show_subscription_filter(filter_id: str, asked: ChargeAsked) -> Json:
    """Show one filter of a subscription's charge."""
    charge = asked.read()
    return filter_answer(charge, found_filter(charge, filter_id))


@router.put("/{filter_id}")
def override_subscription_filter(filter_id: str, fields: FilterFields, asked: ChargeAsked) -> Json:
    """Give a subscription a filter's price of its own from now on, or change it."""
    with asked.changing() as change:
        own, metric = change.own, change.metric
        kept = _own_filter(own, found_filter(change.charge, filter_id))
        changed = from_lago_changed_filter(fields, own, kept, metric)
        change.keep(changed)
    return filter_answer(changed, found_filter(changed, kept.id))


@router.delete("/{filter_id}")
def remove_subscription_filter(filter_id: str, asked: ChargeAsked) -> Json:
    """Take a filter from a charge of one subscription from now on."""
    with asked.changing() as change:
        own = change.own
        gone = _own_filter(own, found_filter(change.charge, filter_id))
        change.keep(without_filter(own, gone))
    return filter_answer(own, gone)


def _own_filter(own: Charge, asked: ChargeFilter) -> ChargeFilter:
    """Return what a filter is on an override: the one with its id, or with its values."""
    alike = [one for one in own.filters if filter_key(one) == filter_key(asked)]
    same = [one for one in alike if one.id == asked.id]
    if not alike:
        raise NotFound("charge_filter")
    return (same or alike)[0]
