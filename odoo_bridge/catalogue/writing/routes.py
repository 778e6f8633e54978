"""Writes of plans and charges where Odoo owns the catalogue: said by its products, read back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.http import Json
from catalog.plans import Plan
from catalog.routes import plan_charges, plans
from catalog.routes.asked_plan import AskedPlan, PlanAsked
from catalog.routes.plan_parts import new_id
from odoo_bridge.answers.routes.answering import AskedOf, OdooRoute
from odoo_bridge.answers.sources import Asked
from odoo_bridge.catalogue.writing.product_writing import write_plan
from odoo_bridge.catalogue.writing.rehearsal import Rehearsed, rehearsed
from storage.joint_write import joining
from storage.state import State

router = APIRouter(route_class=OdooRoute, include_in_schema=False)


def new_plan_asked(asked: AskedOf) -> AskedPlan:
    """Return a plan that is yet to get its code."""
    return AskedPlan("", asked.service, asked.usage.state, asked.at)


NewPlanAsked = Annotated[AskedPlan, Depends(new_plan_asked)]


@router.post("/plans")
def create_plan(asked: AskedOf, fields: plans.PlanFields, plan: NewPlanAsked) -> Json:
    """Make the products of a new plan."""

    def tried(trial: AskedPlan) -> Json:
        return plans.create_plan(trial.service, fields, trial.state, trial.at)

    return plans.show_plan(_as_it_became(plan, _written(asked, plan, tried)))


@router.put("/plans/{code}")  # noqa: FAST003 - the dependency takes it
def update_plan(asked: AskedOf, fields: plans.PlanFields, plan: PlanAsked) -> Json:
    """Let the products of a plan say what it becomes."""
    change = _written(asked, plan, lambda trial: plans.update_plan(fields, trial))
    return plans.show_plan(_as_it_became(plan, change))


@router.delete("/plans/{code}")  # noqa: FAST003 - the dependency takes it
def delete_plan(asked: AskedOf, plan: PlanAsked) -> Json:
    """Archive the products of a plan."""

    def tried(trial: AskedPlan) -> Json:
        return plans.delete_kept_plan(trial.code, trial.service, trial.state, trial.at)

    return _written(asked, plan, tried).answer


@router.post("/plans/{code}/charges")  # noqa: FAST003 - the dependency takes it
def add_charge(asked: AskedOf, fields: plan_charges.ChargeFields, plan: PlanAsked) -> Json:
    """Make the product of a new charge."""
    change = _written(asked, plan, lambda trial: plan_charges.add_plan_charge(fields, trial))
    (added,) = _charge_codes(change.after) - _charge_codes(change.before)
    return plan_charges.show_plan_charge(added, plan)


@router.put("/plans/{code}/charges/{charge_code}")  # noqa: FAST003 - the dependency takes one
def update_charge(
    charge_code: str, asked: AskedOf, fields: plan_charges.ChargeFields, plan: PlanAsked
) -> Json:
    """Let the product of a charge say what it becomes."""
    change = _written(
        *(asked, plan),
        lambda trial: plan_charges.update_plan_charge(charge_code, fields, trial),
    )
    renamed = _charge_codes(change.after) - _charge_codes(change.before)
    (shown,) = renamed or {charge_code}
    return plan_charges.show_plan_charge(shown, plan)


@router.delete("/plans/{code}/charges/{charge_code}")  # noqa: FAST003 - the dependency takes one
def remove_charge(
    charge_code: str, asked: AskedOf, cascades: plan_charges.CascadeWish, plan: PlanAsked
) -> Json:
    """Archive the product of a charge."""
    return _written(
        *(asked, plan),
        lambda trial: plan_charges.remove_plan_charge(charge_code, cascades, trial),
    ).answer


def _written(asked: Asked, plan: AskedPlan, route: Callable[[AskedPlan], Json]) -> Rehearsed:
    """Try a route out, write to Odoo what it would change, and read that back."""
    odoo = asked.required_odoo

    def tried(trial: State) -> Json:
        return route(replace(plan, state=trial))

    # Each write is a transaction of its own: Odoo is asked in between.
    with joining(None):
        change = rehearsed(plan.state, asked.service.code, tried)
        write_plan(plan.state, odoo, asked.service, change, at=asked.at, new_id=new_id)
    return change


def _as_it_became(plan: AskedPlan, change: Rehearsed) -> AskedPlan:
    return replace(plan, code=change.after.code) if change.after else plan


def _charge_codes(plan: Plan | None) -> set[str]:
    return {charge.code for charge in plan.charges} if plan else set()
