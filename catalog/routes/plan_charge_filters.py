"""The filters of a plan's charge over HTTP; each change is a new version of the plan."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import Json, PageOf, body_under
from catalog.lago_shapes.charge_filter_changes import (
    from_lago_added_filter,
    from_lago_changed_filter,
    without_filter,
)
from catalog.plan_overrides import with_charge
from catalog.plan_parts import found_charge, found_filter
from catalog.routes.asked_plan import PlanAsked
from catalog.routes.plan_parts import (
    CASCADE,
    asks,
    cascade_under,
    filter_answer,
    filters_answer,
    new_id,
)

router = APIRouter(prefix="/plans/{code}/charges/{charge_code}/filters", tags=["plans"])

FilterFields = Annotated[JsonObject, Depends(body_under("filter"))]
CascadeWish = Annotated[bool, Depends(cascade_under("filter"))]


@router.post("")
def add_charge_filter(charge_code: str, fields: FilterFields, asked: PlanAsked) -> Json:
    """Add a filter to a charge from now on."""
    with asked.changing() as change:
        charge = found_charge(change.plan, charge_code)
        metric = change.reading.metrics[charge.metric_id]
        changed = from_lago_added_filter(fields, charge, metric, new_id)
        change.keep_charge(changed, cascades=asks(fields.get(CASCADE)))
    return filter_answer(changed, changed.filters[-1])


@router.get("")
def list_charge_filters(charge_code: str, asked: PlanAsked, page: PageOf) -> Json:
    """List a charge's filters, oldest first."""
    return filters_answer(found_charge(asked.read(), charge_code), page)


@router.get("/{filter_id}")
def show_charge_filter(charge_code: str, filter_id: str, asked: PlanAsked) -> Json:
    """Show one filter of a charge."""
    charge = found_charge(asked.read(), charge_code)
    return filter_answer(charge, found_filter(charge, filter_id))


@router.put("/{filter_id}")
def update_charge_filter(
    charge_code: str, filter_id: str, fields: FilterFields, asked: PlanAsked
) -> Json:
    """Change a filter's price or display name from now on."""
    with asked.changing() as change:
        charge = found_charge(change.plan, charge_code)
        kept = found_filter(charge, filter_id)
        metric = change.reading.metrics[charge.metric_id]
        changed = from_lago_changed_filter(fields, charge, kept, metric)
        change.keep_charge(changed, cascades=asks(fields.get(CASCADE)))
    return filter_answer(changed, found_filter(changed, filter_id))


@router.delete("/{filter_id}")
def remove_charge_filter(
    charge_code: str, filter_id: str, cascades: CascadeWish, asked: PlanAsked
) -> Json:
    """Take a filter from a charge from now on; the default bucket takes its usage."""
    with asked.changing() as change:
        charge = found_charge(change.plan, charge_code)
        gone = found_filter(charge, filter_id)
        rest = with_charge(change.plan, without_filter(charge, gone))
        change.keep(rest, cascades=cascades)
    return filter_answer(charge, gone)
