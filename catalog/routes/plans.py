"""Plans over HTTP, their charges inside them."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.charges import ChargeReading
from catalog.lago_shapes.plans import from_lago_changed_plan, from_lago_new_plan, to_lago_plan
from catalog.plans import Plan
from catalog.store.billable_metrics import metrics_by_id
from catalog.store.plans import add_plan, delete_plan, find_plan, list_plans, save_plan
from catalog.store.services import lock_service
from catalog.store.subscriptions import has_live_subscriptions

router = APIRouter(prefix="/plans", tags=["plans"])

PlanFields = Annotated[JsonObject, Depends(body_under("plan"))]


@router.post("")
def create_plan(service: CallerService, fields: PlanFields, state: StateOf, at: Now) -> Json:
    """Create a plan with its charges."""
    with state.write() as connection:
        lock_service(connection, service.code)
        metrics = metrics_by_id(connection, service.code)
        plan = from_lago_new_plan(fields, service.code, metrics, at, _new_id)
        return _answer(add_plan(connection, plan))


@router.get("")
def list_kept_plans(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List kept plans, newest first."""
    with state.read() as connection:
        plans, total = list_plans(connection, service.code, page.size, page.offset)
    return Json({"plans": [to_lago_plan(plan) for plan in plans], "meta": page.meta(total)})


@router.get("/{code}")
def show_plan(code: str, service: CallerService, state: StateOf) -> Json:
    """Show one plan."""
    with state.read() as connection:
        return _answer(find_plan(connection, service.code, code))


@router.put("/{code}")
def update_plan(
    code: str, service: CallerService, fields: PlanFields, state: StateOf, at: Now
) -> Json:
    """Change the members given; changed prices are a new version from now on."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_plan(connection, service.code, code))
        metrics = metrics_by_id(connection, service.code)
        changed = from_lago_changed_plan(
            fields,
            kept,
            ChargeReading(kept.charges, metrics, at, _new_id),
            is_subscribed=has_live_subscriptions(connection, service.code, kept.id),
        )
        return _answer(save_plan(connection, kept, changed, at))


@router.delete("/{code}")
def delete_kept_plan(code: str, service: CallerService, state: StateOf, at: Now) -> Json:
    """Soft-delete a plan; its subscriptions keep it."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_plan(connection, service.code, code))
        return _answer(delete_plan(connection, kept, at))


def _new_id() -> str:
    return str(uuid.uuid4())


def _found(plan: Plan | None) -> Plan:
    if plan is None:
        raise NotFound("plan")
    return plan


def _answer(plan: Plan | None) -> Json:
    return Json({"plan": to_lago_plan(_found(plan))})
