"""Subscriptions over HTTP."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from catalog.errors import NotFound, ValidationFailed
from catalog.exact_json import JsonObject
from catalog.http import CallerService, Json, Now, PageOf, StateOf, body_under, query_values
from catalog.lago_shapes.subscriptions import (
    from_lago_changed_subscription,
    from_lago_subscription,
    refuse_termination_options,
    to_lago_subscription,
    to_lago_subscription_extended,
)
from catalog.store.accounts import account_of
from catalog.store.services import lock_service
from catalog.store.subscription_start import after_predecessor, start_subscription
from catalog.store.subscription_views import subscription_views
from catalog.store.subscriptions import (
    LIVE,
    end_subscription,
    find_live_subscription,
    find_subscription,
    list_subscriptions,
    save_subscription,
)
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import Subscription, SubscriptionStatus

router = APIRouter(prefix="/subscriptions", tags=["subscriptions"])

SubscriptionFields = Annotated[JsonObject, Depends(body_under("subscription"))]
# Lago has one more state, of a feature that is not here: asking for it finds nothing.
NO_STATUS = "incomplete"


def statuses(request: Request) -> list[SubscriptionStatus]:
    """Return the states asked for (`status`, `status[]`), active ones when none is named."""
    names = query_values(request, "status")
    try:
        asked = [SubscriptionStatus(name) for name in names if name != NO_STATUS]
    except ValueError as error:
        raise ValidationFailed({"status": ["value_is_invalid"]}) from error
    return asked if names else [SubscriptionStatus.ACTIVE]


Statuses = Annotated[list[SubscriptionStatus], Depends(statuses)]


@router.post("")
def create_subscription(
    service: CallerService, fields: SubscriptionFields, state: StateOf, at: Now
) -> Json:
    """Start a subscription; the same order again changes nothing."""
    order = from_lago_subscription(fields, at)
    with state.write() as connection:
        started = start_subscription(connection, service, order, at, lambda: str(uuid.uuid4()))
        return _answer(*subscription_views(connection, service, [started], at))


@router.get("")
def list_found_subscriptions(
    service: CallerService,
    asked: Statuses,
    state: StateOf,
    page: PageOf,
    at: Now,
    external_customer_id: str | None = None,
    plan_code: str | None = None,
) -> Json:
    """List subscriptions in the states asked for, newest first."""
    with state.read() as connection:
        found, total = list_subscriptions(
            connection, service.code, asked, page.size, page.offset,
            external_customer_id, plan_code,
        )  # fmt: skip
        views = subscription_views(connection, service, found, at)
    shapes = [to_lago_subscription(view) for view in views]
    return Json({"subscriptions": shapes, "meta": page.meta(total)})


@router.get("/{external_id}")
def show_subscription(
    external_id: str, service: CallerService, asked: Statuses, state: StateOf, at: Now
) -> Json:
    """Show the newest subscription under an external id in the state asked for."""
    with state.read() as connection:
        found = _found(find_subscription(connection, service.code, external_id, asked))
        return _answer(*subscription_views(connection, service, [found], at))


@router.put("/{external_id}")
def update_subscription(
    external_id: str,
    service: CallerService,
    fields: SubscriptionFields,
    state: StateOf,
    at: Now,
) -> Json:
    """Change the members given of a live subscription."""
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_live_subscription(connection, service.code, external_id))
        zone = account_of(connection, kept).zone(service)
        changed = from_lago_changed_subscription(fields, kept, zone, at)
        saved = save_subscription(connection, after_predecessor(connection, changed))
        return _answer(*subscription_views(connection, service, [saved], at))


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
    live = [status for status in asked if status in LIVE]
    with state.write() as connection:
        lock_service(connection, service.code)
        kept = _found(find_subscription(connection, service.code, external_id, live))
        ended = end_subscription(connection, kept, at)
        return _answer(*subscription_views(connection, service, [ended], at))


def _found(subscription: Subscription | None) -> Subscription:
    if subscription is None:
        raise NotFound("subscription")
    return subscription


def _answer(view: SubscriptionView) -> Json:
    return Json({"subscription": to_lago_subscription_extended(view)})
