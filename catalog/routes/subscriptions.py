"""Subscriptions over HTTP."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, Page, PageOf, StateOf, body_under
from catalog.lago_shapes.subscriptions import (
    from_lago_changed_subscription,
    from_lago_subscription,
    refuse_termination_options,
    to_lago_subscription,
    to_lago_subscription_extended,
)
from catalog.routes.plan_parts import asks, new_id
from catalog.routes.subscription_parts import Statuses
from catalog.store.accounts import account_of, find_account
from catalog.store.services import lock_service
from catalog.store.subscription_events import UPDATED, tell_subscription
from catalog.store.subscription_overrides import keep_overrides, ordered_override
from catalog.store.subscription_start import Start, after_predecessor, start_subscription
from catalog.store.subscription_views import listed_views, subscription_views
from catalog.store.subscriptions import (
    SubscriptionFilter,
    end_subscription,
    find_live_subscription,
    found_subscription,
    found_to_change,
    save_subscription,
)
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import SubscriptionStatus

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])
customer_router = APIRouter(prefix="/customers", tags=["customers"])

SubscriptionFields = Annotated[JsonObject, Depends(body_under("subscription"))]
PENDING = SubscriptionStatus.PENDING


def asked_subscriptions(request: Request, asked: Statuses) -> SubscriptionFilter:
    """Return which subscriptions a list is to have; `overriden` is an older name (Lago)."""
    query = request.query_params
    overridden = query.get("overridden", query.get("overriden"))
    return SubscriptionFilter(
        statuses=asked,
        account_external_id=query.get("external_customer_id"),
        external_id=query.get("external_id"),
        plan_code=query.get("plan_code"),
        currency=query.get("currency"),
        is_overridden=None if overridden in (None, "") else asks(overridden),
    )


Asked = Annotated[SubscriptionFilter, Depends(asked_subscriptions)]


@router.post("")
def create_subscription(
    service: CallerService, fields: SubscriptionFields, state: StateOf, at: Now
) -> Json:
    """Start a subscription; the same order again changes nothing."""
    order = from_lago_subscription(fields, at)
    with state.write() as connection:
        lock_service(connection, service.code)
        overridden = ordered_override(connection, fields, at, new_id)
        started = start_subscription(Start(connection, service, order, at, new_id, overridden))
        return _answer(*subscription_views(connection, service, [started], at))


@router.get("")
def list_found_subscriptions(
    service: CallerService, asked: Asked, state: StateOf, page: PageOf, at: Now
) -> Json:
    """List subscriptions in the states asked for, latest start first."""
    with state.read() as connection:
        found = listed_views(connection, service, asked, (page.size, page.offset), at)
    return _page(*found, page)


@customer_router.get("/{external_id}/subscriptions")
def list_customer_subscriptions(
    external_id: str, service: CallerService, asked: Asked, state: StateOf, page: PageOf, at: Now
) -> Json:
    """List the subscriptions of one account in the states asked for, latest start first."""
    with state.read() as connection:
        if find_account(connection, service.code, external_id) is None:
            raise NotFound("customer")
        own = replace(asked, account_external_id=external_id)
        found = listed_views(connection, service, own, (page.size, page.offset), at)
    return _page(*found, page)


@router.get("/{external_id}")
def show_subscription(
    external_id: str, service: CallerService, asked: Statuses, state: StateOf, at: Now
) -> Json:
    """Show the newest subscription under an external id in the state asked for."""
    with state.read() as connection:
        found = found_subscription(connection, service.code, external_id, asked)
        return _answer(*subscription_views(connection, service, [found], at))


@router.put("/{external_id}")
def update_subscription(
    external_id: str,
    service: CallerService,
    fields: SubscriptionFields,
    asked: Statuses,
    state: StateOf,
    at: Now,
) -> Json:
    """Change the members given of a live subscription, and the prices it has of its own."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = find_live_subscription(connection, service.code, external_id)
        if kept is None or asked == [PENDING]:
            kept = found_subscription(connection, service.code, external_id, [PENDING])
        zone = account_of(connection, kept).zone(service)
        changed = from_lago_changed_subscription(fields, kept, zone, at)
        saved = save_subscription(connection, after_predecessor(connection, changed))
        priced = keep_overrides(connection, saved, fields, at, new_id)
        tell_subscription(connection, priced, at, UPDATED)
        return _answer(*subscription_views(connection, service, [priced], at))


@router.delete("/{external_id}")
def terminate_subscription(
    external_id: str,
    service: CallerService,
    asked: Statuses,
    state: StateOf,
    at: Now,
    on_termination_credit_note: str | None = None,
    on_termination_invoice: str | None = None,
) -> Json:
    """Terminate the active subscription now, or cancel the pending one (`status=pending`)."""
    refuse_termination_options(on_termination_credit_note, on_termination_invoice)
    with state.write() as connection:
        kept = found_to_change(connection, service.code, external_id, asked)
        ended = end_subscription(connection, kept, at)
        return _answer(*subscription_views(connection, service, [ended], at))


def _page(views: list[SubscriptionView], total: int, page: Page) -> Json:
    shapes = [to_lago_subscription(view) for view in views]
    return Json({"subscriptions": shapes, "meta": page.meta(total)})


def _answer(view: SubscriptionView) -> Json:
    return Json({"subscription": to_lago_subscription_extended(view)})
