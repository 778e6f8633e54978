"""The filters of one subscription's charge over HTTP: a change gives it its own prices (Lago)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.charge_filters import filter_key
from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.charge_filter_changes import (
    from_lago_added_filter,
    from_lago_changed_filter,
    without_filter,
)
from catalog.lago_shapes.charge_filters import to_lago_filter
from catalog.plans import Charge, ChargeFilter
from catalog.routes.plan_parts import found_charge, found_filter, new_id, page_answer
from catalog.routes.subscription_charges import own_charge
from catalog.routes.subscription_parts import Statuses
from catalog.store.billable_metrics import metric_of
from catalog.store.plans import plan_of
from catalog.store.subscription_overrides import keep_own_charge, override_of
from catalog.store.subscriptions import found_subscription, found_to_change

router = APIRouter(
    prefix="/subscriptions/{external_id}/charges/{charge_code}/filters", tags=["subscriptions"]
)

FilterFields = Annotated[JsonObject, Depends(body_under("filter"))]


@router.post("")
def add_subscription_filter(
    external_id: str,
    charge_code: str,
    service: CallerService,
    fields: FilterFields,
    asked: Statuses,
    state: StateOf,
    at: Now,
) -> Json:
    """Add a filter to a charge of one subscription from now on."""
    with state.write() as connection:
        found = found_to_change(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
        override = override_of(connection, found, at, new_id)
        own, metric = own_charge(override, charge), metric_of(connection, service.code, charge)
        changed = from_lago_added_filter(fields, own, metric, new_id)
        keep_own_charge(connection, found, override, changed, at)
    return _answer(changed, changed.filters[-1])


@router.get("")
def list_subscription_filters(
    external_id: str,
    charge_code: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
    page: PageOf,
) -> Json:
    """List the filters of a subscription's charge, oldest first."""
    with state.read() as connection:
        found = found_subscription(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
    return page_answer("filters", charge.filters, lambda one: to_lago_filter(charge, one), page)


@router.get("/{filter_id}")
def show_subscription_filter(
    external_id: str,
    charge_code: str,
    filter_id: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
) -> Json:
    """Show one filter of a subscription's charge."""
    with state.read() as connection:
        found = found_subscription(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
    return _answer(charge, found_filter(charge, filter_id))


@router.put("/{filter_id}")
def override_subscription_filter(
    external_id: str,
    charge_code: str,
    filter_id: str,
    service: CallerService,
    fields: FilterFields,
    asked: Statuses,
    state: StateOf,
    at: Now,
) -> Json:
    """Give a subscription a filter's price of its own from now on, or change it."""
    with state.write() as connection:
        found = found_to_change(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
        override = override_of(connection, found, at, new_id)
        own, metric = own_charge(override, charge), metric_of(connection, service.code, charge)
        kept = _own_filter(own, found_filter(charge, filter_id))
        changed = from_lago_changed_filter(fields, own, kept, metric)
        keep_own_charge(connection, found, override, changed, at)
    return _answer(changed, found_filter(changed, kept.id))


@router.delete("/{filter_id}")
def remove_subscription_filter(
    external_id: str,
    charge_code: str,
    filter_id: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
    at: Now,
) -> Json:
    """Take a filter from a charge of one subscription from now on."""
    with state.write() as connection:
        found = found_to_change(connection, service.code, external_id, asked)
        charge = found_charge(plan_of(connection, found), charge_code)
        override = override_of(connection, found, at, new_id)
        own = own_charge(override, charge)
        gone = _own_filter(own, found_filter(charge, filter_id))
        keep_own_charge(connection, found, override, without_filter(own, gone), at)
    return _answer(own, gone)


def _own_filter(own: Charge, asked: ChargeFilter) -> ChargeFilter:
    """Return what a filter is on an override: the one with its id, or with its values."""
    alike = [one for one in own.filters if filter_key(one) == filter_key(asked)]
    same = [one for one in alike if one.id == asked.id]
    if not alike:
        raise NotFound("charge_filter")
    return (same or alike)[0]


def _answer(charge: Charge, one: ChargeFilter) -> Json:
    return Json({"filter": to_lago_filter(charge, one)})
