"""Plans over HTTP, their charges inside them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.plans import from_lago_changed_plan, from_lago_new_plan, to_lago_plan
from catalog.plans import Plan
from catalog.routes.asked_plan import PlanAsked
from catalog.routes.plan_parts import CASCADE, asks, new_id
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.plans import add_plan, delete_plan, found_plan, list_plans
from catalog.store.services import lock_service

router = APIRouter(prefix="/plans", tags=["plans"])

PlanFields = Annotated[JsonObject, Depends(body_under("plan"))]


@router.post("")
def create_plan(service: CallerService, fields: PlanFields, state: StateOf, at: Now) -> Json:
    """Create a plan with its charges."""
    with state.write() as connection:
        lock_service(connection, service.code)
        metrics = metrics_by_id(connection, service.code)
        plan = from_lago_new_plan(fields, service.code, metrics, at, new_id)
        return _answer(add_plan(connection, plan))


@router.get("")
def list_kept_plans(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List kept plans, newest first."""
    with state.read() as connection:
        plans, total = list_plans(connection, service.code, page.size, page.offset)
    return Json({"plans": [to_lago_plan(plan) for plan in plans], "meta": page.meta(total)})


@router.get("/{code}")  # noqa: FAST003 - the dependency takes it
def show_plan(asked: PlanAsked) -> Json:
    """Show one plan."""
    return _answer(asked.read())


@router.put("/{code}")  # noqa: FAST003 - the dependency takes it
def update_plan(fields: PlanFields, asked: PlanAsked) -> Json:
    """Change the members given; changed prices are a new version from now on."""
    with asked.changing() as change:
        is_subscribed = change.is_subscribed
        changed = from_lago_changed_plan(
            fields, change.plan, change.reading, is_subscribed=is_subscribed
        )
        return _answer(change.keep(changed, cascades=asks(fields.get(CASCADE))))


@router.delete("/{code}")
def delete_kept_plan(code: str, service: CallerService, state: StateOf, at: Now) -> Json:
    """Soft-delete a plan; its subscriptions keep it."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = found_plan(connection, service.code, code)
        return _answer(delete_plan(connection, kept, at))


def _answer(plan: Plan) -> Json:
    return Json({"plan": to_lago_plan(plan)})
