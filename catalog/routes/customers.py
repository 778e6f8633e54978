"""Accounts over HTTP, which Lago calls customers."""

import uuid
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends

from catalog.accounts import Account, new_account
from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under
from catalog.lago_shapes.customers import (
    from_lago_customer,
    from_lago_customer_id,
    to_lago_customer,
    to_lago_customer_extended,
)
from catalog.services import Service
from catalog.store.accounts import (
    add_account,
    delete_account,
    find_account,
    list_accounts,
    save_account,
)
from catalog.store.services import lock_service
from catalog.store.subscriptions import end_subscription, live_subscriptions_of_account

router = APIRouter(prefix="/customers", tags=["customers"])

CustomerFields = Annotated[JsonObject, Depends(body_under("customer"))]


@router.post("")
def upsert_customer(
    service: CallerService, fields: CustomerFields, state: StateOf, at: Now
) -> Json:
    """Create an account, or change the members given of the one under this external id."""
    external_id = from_lago_customer_id(fields)
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = find_account(connection, service.code, external_id)
        if kept is None:
            account = new_account(service.code, str(uuid.uuid4()), external_id, at)
            account = from_lago_customer(fields, account, service, is_subscribed=False)
            return _answer(add_account(connection, account), service)
        live = live_subscriptions_of_account(connection, service.code, kept.id)
        account = from_lago_customer(fields, kept, service, is_subscribed=bool(live))
        return _answer(save_account(connection, replace(account, updated_at=at)), service)


@router.get("")
def list_customers(service: CallerService, state: StateOf, page: PageOf) -> Json:
    """List kept accounts, newest first."""
    with state.read() as connection:
        accounts, total = list_accounts(connection, service.code, page.size, page.offset)
    shapes = [to_lago_customer(account, service) for account in accounts]
    return Json({"customers": shapes, "meta": page.meta(total)})


@router.get("/{external_id}")
def show_customer(external_id: str, service: CallerService, state: StateOf) -> Json:
    """Show one account."""
    with state.read() as connection:
        return _answer(find_account(connection, service.code, external_id), service)


@router.delete("/{external_id}")
def delete_customer(external_id: str, service: CallerService, state: StateOf, at: Now) -> Json:
    """Soft-delete an account and end its subscriptions now."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_account(connection, service.code, external_id))
        for subscription in live_subscriptions_of_account(connection, service.code, kept.id):
            end_subscription(connection, subscription, at)
        return _answer(delete_account(connection, kept, at), service)


def _found(account: Account | None) -> Account:
    if account is None:
        raise NotFound("customer")
    return account


def _answer(account: Account | None, service: Service) -> Json:
    return Json({"customer": to_lago_customer_extended(_found(account), service)})
