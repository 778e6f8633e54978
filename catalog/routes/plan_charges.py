"""The charges of a plan over HTTP, one by one; each change is a new version of the plan."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import Json, PageOf, body_under
from catalog.lago_shapes.charge_changes import from_lago_added_charge, from_lago_changed_charge
from catalog.lago_shapes.charges import to_lago_charge
from catalog.plan_parts import found_charge, newest_first
from catalog.plans import Charge
from catalog.routes.asked_plan import PlanAsked
from catalog.routes.plan_parts import CASCADE, asks, cascade_under, page_answer

router = APIRouter(prefix="/plans/{code}/charges", tags=["plans"])

ChargeFields = Annotated[JsonObject, Depends(body_under("charge"))]
CascadeWish = Annotated[bool, Depends(cascade_under("charge"))]


@router.post("")
def add_plan_charge(fields: ChargeFields, asked: PlanAsked) -> Json:
    """Add a charge to a plan from now on."""
    with asked.changing() as change:
        added = from_lago_added_charge(fields, change.reading)
        more = replace(change.plan, charges=(*change.plan.charges, added))
        change.keep(more, cascades=asks(fields.get(CASCADE)))
    return _answer(added)


@router.get("")
def list_plan_charges(asked: PlanAsked, page: PageOf) -> Json:
    """List a plan's charges, newest first."""
    return page_answer("charges", newest_first(asked.read().charges), to_lago_charge, page)


@router.get("/{charge_code}")
def show_plan_charge(charge_code: str, asked: PlanAsked) -> Json:
    """Show one charge of a plan."""
    return _answer(found_charge(asked.read(), charge_code))


@router.put("/{charge_code}")
def update_plan_charge(charge_code: str, fields: ChargeFields, asked: PlanAsked) -> Json:
    """Change the members given of a charge from now on."""
    with asked.changing() as change:
        kept = found_charge(change.plan, charge_code)
        is_subscribed = change.is_subscribed
        changed = from_lago_changed_charge(
            fields, kept, change.reading, is_subscribed=is_subscribed
        )
        change.keep_charge(changed, cascades=asks(fields.get(CASCADE)))
    return _answer(changed)


@router.delete("/{charge_code}")
def remove_plan_charge(charge_code: str, cascades: CascadeWish, asked: PlanAsked) -> Json:
    """Take a charge from a plan from now on."""
    with asked.changing() as change:
        gone = found_charge(change.plan, charge_code)
        rest = tuple(charge for charge in change.plan.charges if charge.id != gone.id)
        change.keep(replace(change.plan, charges=rest), cascades=cascades)
    return _answer(gone)


def _answer(charge: Charge) -> Json:
    return Json({"charge": to_lago_charge(charge)})
