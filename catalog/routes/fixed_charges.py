"""Fixed charges over HTTP: recurring lines of the sale order in Odoo, so there are none here."""

from typing import NoReturn

from fastapi import APIRouter

from catalog.errors import MethodNotAllowed, NotFound
from catalog.http import CallerService, Json, PageOf, StateOf
from catalog.routes.subscription_parts import Statuses
from catalog.store.plans import found_plan
from catalog.store.subscriptions import found_subscription

KEPT_IN_ODOO = "fixed_charges_are_kept_in_odoo"

router = APIRouter()
OF_A_PLAN, OF_A_SUBSCRIPTION = "/plans/{code}", "/subscriptions/{external_id}"


@router.get(f"{OF_A_PLAN}/fixed_charges", tags=["plans"])
def list_plan_fixed_charges(
    code: str, service: CallerService, state: StateOf, page: PageOf
) -> Json:
    """List a plan's fixed charges: none."""
    with state.read() as connection:
        found_plan(connection, service.code, code)
    return Json({"fixed_charges": [], "meta": page.meta(0)})


@router.get(f"{OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", tags=["plans"])
def show_plan_fixed_charge(
    code: str, fixed_charge_code: str, service: CallerService, state: StateOf
) -> Json:
    """Find no fixed charge of a plan."""
    del fixed_charge_code
    with state.read() as connection:
        found_plan(connection, service.code, code)
    raise NotFound("fixed_charge")


@router.post(f"{OF_A_PLAN}/fixed_charges", tags=["plans"])
def refuse_plan_fixed_charge(code: str, service: CallerService, state: StateOf) -> Json:
    """Refuse to add a fixed charge to a plan."""
    with state.read() as connection:
        found_plan(connection, service.code, code)
    _refuse()


@router.put(f"{OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", tags=["plans"])
@router.delete(f"{OF_A_PLAN}/fixed_charges/{{fixed_charge_code}}", tags=["plans"])
def refuse_changed_plan_fixed_charge(
    code: str, fixed_charge_code: str, service: CallerService, state: StateOf
) -> Json:
    """Refuse to change or remove a fixed charge of a plan."""
    del fixed_charge_code
    with state.read() as connection:
        found_plan(connection, service.code, code)
    _refuse()


@router.get(f"{OF_A_SUBSCRIPTION}/fixed_charges", tags=["subscriptions"])
def list_subscription_fixed_charges(
    external_id: str, service: CallerService, asked: Statuses, state: StateOf, page: PageOf
) -> Json:
    """List a subscription's fixed charges: none."""
    with state.read() as connection:
        found_subscription(connection, service.code, external_id, asked)
    return Json({"fixed_charges": [], "meta": page.meta(0)})


@router.get(f"{OF_A_SUBSCRIPTION}/fixed_charges/{{fixed_charge_code}}", tags=["subscriptions"])
def show_subscription_fixed_charge(
    external_id: str,
    fixed_charge_code: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
) -> Json:
    """Find no fixed charge of a subscription."""
    del fixed_charge_code
    with state.read() as connection:
        found_subscription(connection, service.code, external_id, asked)
    raise NotFound("fixed_charge")


@router.put(f"{OF_A_SUBSCRIPTION}/fixed_charges/{{fixed_charge_code}}", tags=["subscriptions"])
def refuse_subscription_fixed_charge(
    external_id: str,
    fixed_charge_code: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
) -> Json:
    """Refuse to change a fixed charge of a subscription."""
    del fixed_charge_code
    with state.read() as connection:
        found_subscription(connection, service.code, external_id, asked)
    _refuse()


def _refuse() -> NoReturn:
    told = "a fixed charge is a recurring line of the sale order: change it in Odoo"
    raise MethodNotAllowed(KEPT_IN_ODOO, {"fixed_charge": [told]})
