"""The charges of one subscription over HTTP: changing one gives it prices of its own (Lago)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, PageOf, StateOf, body_under
from catalog.lago_shapes.charge_changes import from_lago_overridden_charge
from catalog.lago_shapes.charges import to_lago_charge
from catalog.plan_parts import newest_first
from catalog.plans import Charge
from catalog.routes.asked_charge import ChargeAsked
from catalog.routes.plan_parts import page_answer
from catalog.routes.subscription_parts import Statuses
from catalog.store.plans import plan_of
from catalog.store.subscriptions import found_subscription

router = APIRouter(prefix="/subscriptions/{external_id}/charges", tags=["subscriptions"])

ChargeFields = Annotated[JsonObject, Depends(body_under("charge"))]


@router.get("")
def list_subscription_charges(
    external_id: str, service: CallerService, asked: Statuses, state: StateOf, page: PageOf
) -> Json:
    """List the charges of a subscription's plan, newest first."""
    with state.read() as connection:
        found = found_subscription(connection, service.code, external_id, asked)
        plan = plan_of(connection, found)
    return page_answer("charges", newest_first(plan.charges), to_lago_charge, page)


@router.get("/{charge_code}")  # noqa: FAST003 - the dependency takes it
def show_subscription_charge(asked: ChargeAsked) -> Json:
    """Show one charge of a subscription's plan."""
    return _answer(asked.read())


@router.put("/{charge_code}")  # noqa: FAST003 - the dependency takes it
def override_subscription_charge(fields: ChargeFields, asked: ChargeAsked) -> Json:
    """Give a subscription a charge of its own from now on, or change it."""
    with asked.changing() as change:
        reading = change.reading
        changed = from_lago_overridden_charge(fields, change.own, reading)
        change.keep(changed)
    return _answer(changed)


def _answer(charge: Charge) -> Json:
    return Json({"charge": to_lago_charge(charge)})
