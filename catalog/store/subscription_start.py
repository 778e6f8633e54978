"""Starting a subscription: who may, on which plan, and what an app's repetition means."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from catalog.accounts import Account, new_account
from catalog.billing_periods import billing_period_at
from catalog.errors import NotFound, ValidationFailed
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import account_of, add_account, find_account
from catalog.store.plans import find_plan, plans_by_id
from catalog.store.services import lock_service
from catalog.store.subscriptions import (
    add_subscription,
    end_subscription,
    find_live_subscription,
    find_subscription,
    find_successor,
    save_subscription,
)
from catalog.subscriptions import (
    Subscription,
    SubscriptionOrder,
    SubscriptionStatus,
    started_when_due,
)

ENDED = (SubscriptionStatus.TERMINATED,)


def start_subscription(
    connection: sa.Connection,
    service: Service,
    order: SubscriptionOrder,
    at: datetime,
    new_id: Callable[[], str],
) -> Subscription:
    """Start what an app asks for; the same order again returns what there is (Lago, 5.4).

    Another plan that costs as much or more in a year takes over now, a cheaper one when the
    running period ends; the answer is then the running subscription. NotFound for an unknown
    plan; ValidationFailed when the external id is live on another account. An unknown account is
    created.
    """
    lock_service(connection, service.code)
    live = find_live_subscription(connection, service.code, order.external_id)
    if live is not None and live.account_external_id != order.account_external_id:
        raise ValidationFailed({"external_id": ["value_already_exist"]})
    plan = find_plan(connection, service.code, order.plan_code)
    if live is not None:
        return _repeated(connection, service, live, order, plan, at, new_id)
    if plan is None:
        raise NotFound("plan")
    account = find_account(connection, service.code, order.account_external_id) or add_account(
        connection, new_account(service.code, new_id(), order.account_external_id, at)
    )
    ordered = _ordered(order, account, plan, at, new_id())
    started = started_when_due(ordered, account.zone(service), at)
    return add_subscription(connection, after_predecessor(connection, started))


def _repeated(
    connection: sa.Connection,
    service: Service,
    live: Subscription,
    order: SubscriptionOrder,
    plan: Plan | None,
    at: datetime,
    new_id: Callable[[], str],
) -> Subscription:
    if plan is None and live.plan_code != order.plan_code:
        raise NotFound("plan")
    if plan is None or plan.id == live.plan_id:
        return live
    if live.status is SubscriptionStatus.PENDING:
        return save_subscription(connection, replace(live, plan_id=plan.id, plan_code=plan.code))
    planned = find_successor(connection, live)
    if planned is not None:
        end_subscription(connection, planned, at)
    current = plans_by_id(connection, service.code, {live.plan_id})[live.plan_id]
    successor = replace(
        live,
        id=new_id(),
        plan_id=plan.id,
        plan_code=plan.code,
        created_at=at,
        name=order.name or live.name,
        previous_id=live.id,
    )
    if plan.yearly_amount_cents >= current.yearly_amount_cents:
        end_subscription(connection, live, at, is_followed=True)
        return add_subscription(connection, replace(successor, started_at=at))
    zone = account_of(connection, live).zone(service)
    takes_over_at = billing_period_at(live, current.interval, zone, at).end
    pending = replace(
        successor,
        status=SubscriptionStatus.PENDING,
        started_at=None,
        takes_over_at=takes_over_at,
    )
    add_subscription(connection, pending)
    return live


def after_predecessor(connection: sa.Connection, started: Subscription) -> Subscription:
    """Return a backdated subscription counting from where the last one under its id ended.

    Usage between the two starts would be billed twice otherwise.
    """
    last = find_subscription(connection, started.service_code, started.external_id, ENDED)
    if last is None or last.terminated_at is None or started.started_at is None:
        return started
    return replace(started, started_at=max(started.started_at, last.terminated_at))


def _ordered(
    order: SubscriptionOrder, account: Account, plan: Plan, at: datetime, subscription_id: str
) -> Subscription:
    return Subscription(
        id=subscription_id,
        service_code=account.service_code,
        external_id=order.external_id,
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=plan.id,
        plan_code=plan.code,
        status=SubscriptionStatus.PENDING,
        billing_time=order.billing_time,
        subscription_at=order.subscription_at,
        created_at=at,
        ending_at=order.ending_at,
        name=order.name,
    )
