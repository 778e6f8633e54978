"""The filters of a plan's charge over HTTP; each change is a new version of the plan."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.charge_filter_changes import (
    from_lago_added_filter,
    from_lago_changed_filter,
    without_filter,
)
from catalog.lago_shapes.charge_filters import to_lago_filter
from catalog.plan_overrides import with_charge
from catalog.plans import Charge, ChargeFilter
from catalog.routes.plan_parts import (
    CASCADE,
    asks,
    cascade_under,
    found_charge,
    found_filter,
    new_id,
    page_answer,
)
from catalog.store.plan_changes import charge_reading, keep_plan
from catalog.store.plans import found_plan
from catalog.store.services import lock_service

router = APIRouter(prefix="/plans/{code}/charges/{charge_code}/filters", tags=["plans"])

FilterFields = Annotated[JsonObject, Depends(body_under("filter"))]
CascadeWish = Annotated[bool, Depends(cascade_under("filter"))]


@router.post("")
def add_charge_filter(
    code: str,
    charge_code: str,
    service: CallerService,
    fields: FilterFields,
    state: StateOf,
    at: Now,
) -> Json:
    """Add a filter to a charge from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        charge = found_charge(plan, charge_code)
        reading = charge_reading(connection, plan, at, new_id)
        metric = reading.metrics[charge.metric_id]
        changed = from_lago_added_filter(fields, charge, metric, new_id)
        cascades = asks(fields.get(CASCADE))
        keep_plan(connection, plan, with_charge(plan, changed), reading, cascades=cascades)
    return _answer(changed, changed.filters[-1])


@router.get("")
def list_charge_filters(
    code: str, charge_code: str, service: CallerService, state: StateOf, page: PageOf
) -> Json:
    """List a charge's filters, oldest first."""
    with state.read() as connection:
        charge = found_charge(found_plan(connection, service.code, code), charge_code)
    return page_answer("filters", charge.filters, lambda one: to_lago_filter(charge, one), page)


@router.get("/{filter_id}")
def show_charge_filter(
    code: str, charge_code: str, filter_id: str, service: CallerService, state: StateOf
) -> Json:
    """Show one filter of a charge."""
    with state.read() as connection:
        charge = found_charge(found_plan(connection, service.code, code), charge_code)
    return _answer(charge, found_filter(charge, filter_id))


@router.put("/{filter_id}")
def update_charge_filter(
    code: str,
    charge_code: str,
    filter_id: str,
    service: CallerService,
    fields: FilterFields,
    state: StateOf,
    at: Now,
) -> Json:
    """Change a filter's price or display name from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        charge = found_charge(plan, charge_code)
        kept = found_filter(charge, filter_id)
        reading = charge_reading(connection, plan, at, new_id)
        metric = reading.metrics[charge.metric_id]
        changed = from_lago_changed_filter(fields, charge, kept, metric)
        cascades = asks(fields.get(CASCADE))
        keep_plan(connection, plan, with_charge(plan, changed), reading, cascades=cascades)
    return _answer(changed, found_filter(changed, filter_id))


@router.delete("/{filter_id}")
def remove_charge_filter(
    code: str,
    charge_code: str,
    filter_id: str,
    service: CallerService,
    cascades: CascadeWish,
    state: StateOf,
    at: Now,
) -> Json:
    """Take a filter from a charge from now on; the default bucket takes its usage."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        charge = found_charge(plan, charge_code)
        gone = found_filter(charge, filter_id)
        changed = with_charge(plan, without_filter(charge, gone))
        reading = charge_reading(connection, plan, at, new_id)
        keep_plan(connection, plan, changed, reading, cascades=cascades)
    return _answer(charge, gone)


def _answer(charge: Charge, one: ChargeFilter) -> Json:
    return Json({"filter": to_lago_filter(charge, one)})
