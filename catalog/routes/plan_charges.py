"""The charges of a plan over HTTP, one by one; each change is a new version of the plan."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.charge_changes import from_lago_added_charge, from_lago_changed_charge
from catalog.lago_shapes.charges import to_lago_charge
from catalog.plan_overrides import with_charge
from catalog.plans import Charge
from catalog.routes.plan_parts import (
    CASCADE,
    asks,
    cascade_under,
    found_charge,
    new_id,
    newest_first,
    page_answer,
)
from catalog.store.plan_changes import charge_reading, keep_plan
from catalog.store.plans import found_plan
from catalog.store.services import lock_service
from catalog.store.subscriptions import has_live_subscriptions

router = APIRouter(prefix="/plans/{code}/charges", tags=["plans"])

ChargeFields = Annotated[JsonObject, Depends(body_under("charge"))]
CascadeWish = Annotated[bool, Depends(cascade_under("charge"))]


@router.post("")
def add_plan_charge(
    code: str, service: CallerService, fields: ChargeFields, state: StateOf, at: Now
) -> Json:
    """Add a charge to a plan from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        reading = charge_reading(connection, plan, at, new_id)
        added = from_lago_added_charge(fields, reading)
        changed = replace(plan, charges=(*plan.charges, added))
        keep_plan(connection, plan, changed, reading, cascades=asks(fields.get(CASCADE)))
    return _answer(added)


@router.get("")
def list_plan_charges(code: str, service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List a plan's charges, newest first."""
    with state.read() as connection:
        plan = found_plan(connection, service.code, code)
    return page_answer("charges", newest_first(plan.charges), to_lago_charge, page)


@router.get("/{charge_code}")
def show_plan_charge(code: str, charge_code: str, service: CallerService, state: StateOf) -> Json:
    """Show one charge of a plan."""
    with state.read() as connection:
        return _answer(found_charge(found_plan(connection, service.code, code), charge_code))


@router.put("/{charge_code}")
def update_plan_charge(
    code: str,
    charge_code: str,
    service: CallerService,
    fields: ChargeFields,
    state: StateOf,
    at: Now,
) -> Json:
    """Change the members given of a charge from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        reading = charge_reading(connection, plan, at, new_id)
        changed = from_lago_changed_charge(
            fields,
            found_charge(plan, charge_code),
            reading,
            is_subscribed=has_live_subscriptions(connection, service.code, plan.id),
        )
        cascades = asks(fields.get(CASCADE))
        keep_plan(connection, plan, with_charge(plan, changed), reading, cascades=cascades)
    return _answer(changed)


@router.delete("/{charge_code}")
def remove_plan_charge(
    code: str,
    charge_code: str,
    service: CallerService,
    cascades: CascadeWish,
    state: StateOf,
    at: Now,
) -> Json:
    """Take a charge from a plan from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        plan = found_plan(connection, service.code, code)
        gone = found_charge(plan, charge_code)
        rest = tuple(charge for charge in plan.charges if charge.id != gone.id)
        reading = charge_reading(connection, plan, at, new_id)
        keep_plan(connection, plan, replace(plan, charges=rest), reading, cascades=cascades)
    return _answer(gone)


def _answer(charge: Charge) -> Json:
    return Json({"charge": to_lago_charge(charge)})
