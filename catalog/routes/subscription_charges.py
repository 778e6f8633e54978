"""The charges of one subscription over HTTP: changing one gives it prices of its own (Lago)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.charge_changes import from_lago_overridden_charge
from catalog.lago_shapes.charges import to_lago_charge
from catalog.plan_overrides import charge_known_as
from catalog.plans import Charge, Plan
from catalog.routes.plan_parts import found_charge, new_id, newest_first, page_answer
from catalog.routes.subscription_parts import Statuses
from catalog.store.plan_changes import charge_reading
from catalog.store.plans import plan_of
from catalog.store.subscription_overrides import keep_own_charge, override_of
from catalog.store.subscriptions import found_subscription, found_to_change

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


@router.get("/{charge_code}")
def show_subscription_charge(
    external_id: str, charge_code: str, service: CallerService, asked: Statuses, state: StateOf
) -> Json:
    """Show one charge of a subscription's plan."""
    with state.read() as connection:
        found = found_subscription(connection, service.code, external_id, asked)
        return _answer(found_charge(plan_of(connection, found), charge_code))


@router.put("/{charge_code}")
def override_subscription_charge(
    external_id: str,
    charge_code: str,
    service: CallerService,
    fields: ChargeFields,
    asked: Statuses,
    state: StateOf,
    at: Now,
) -> Json:
    """Give a subscription a charge of its own from now on, or change it."""
    with state.write() as connection:
        found = found_to_change(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
        override = override_of(connection, found, at, new_id)
        reading = charge_reading(connection, override, at, new_id)
        changed = from_lago_overridden_charge(fields, own_charge(override, charge), reading)
        keep_own_charge(connection, found, override, changed, at)
    return _answer(changed)


def own_charge(override: Plan, charge: Charge) -> Charge:
    """Return what a charge is on an override of its plan."""
    own = charge_known_as(override, charge.id)
    if own is None:
        raise NotFound("charge")
    return own


def _answer(charge: Charge) -> Json:
    return Json({"charge": to_lago_charge(charge)})
