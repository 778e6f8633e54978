"""Starting a subscription: who may, on which plan, and what an app's repetition means."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from catalog.accounts import Account, new_account
from catalog.billing_periods import billing_period_at
from catalog.errors import NotFound, ValidationFailed
from catalog.plan_overrides import overriding_plan
from catalog.plans import Plan
from catalog.services import Service
from catalog.store.accounts import account_of, add_account, find_account
from catalog.store.plans import add_plan, find_plan, plan_of
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


@dataclass(frozen=True, slots=True)
class Start:
    """An order to be carried out at an instant, in a transaction.

    `overridden` gives the plan's copy for this subscription alone its own prices; None where the
    order asks for none.
    """

    connection: sa.Connection
    service: Service
    order: SubscriptionOrder
    at: datetime
    new_id: Callable[[], str]
    overridden: Callable[[Plan], Plan] | None = None


def start_subscription(start: Start) -> Subscription:
    """Start what an app asks for; the same order again returns what there is (Lago, 5.4).

    Another plan that costs as much or more in a year takes over now, a cheaper one when the
    running period ends; the answer is then the running subscription. NotFound for an unknown
    plan; ValidationFailed when the external id is live on another account. An unknown account is
    created.
    """
    order, code = start.order, start.service.code
    lock_service(start.connection, code)
    live = find_live_subscription(start.connection, code, order.external_id)
    plan = find_plan(start.connection, code, order.plan_code)
    if live is not None and live.account_external_id != order.account_external_id:
        raise ValidationFailed({"external_id": ["value_already_exist"]})
    if live is not None and _is_on(start, live, plan):
        return live
    if plan is None:
        raise NotFound("plan")
    wanted = _wanted(start, plan)
    return _begun(start, wanted) if live is None else _changed(start, live, wanted)


def after_predecessor(connection: sa.Connection, started: Subscription) -> Subscription:
    """Return a backdated subscription counting from where the last one under its id ended.

    Usage between the two starts would be billed twice otherwise.
    """
    last = find_subscription(connection, started.service_code, started.external_id, ENDED)
    if last is None or last.terminated_at is None or started.started_at is None:
        return started
    return replace(started, started_at=max(started.started_at, last.terminated_at))


def _is_on(start: Start, live: Subscription, plan: Plan | None) -> bool:
    """Say whether a subscription is on the plan ordered, or on its override of it."""
    if plan is None:
        return live.plan_code == start.order.plan_code
    current = plan_of(start.connection, live)
    return plan.id in (current.id, current.parent_id)


def _wanted(start: Start, plan: Plan) -> Plan:
    """Return the plan to begin on: the one ordered, or a kept override of it."""
    if start.overridden is None:
        return plan
    override = overriding_plan(plan, start.at, start.new_id, is_running=False)
    return add_plan(start.connection, start.overridden(override))


def _begun(start: Start, plan: Plan) -> Subscription:
    account = _account(start)
    started = started_when_due(
        _ordered(start, account, plan), account.zone(start.service), start.at
    )
    return add_subscription(start.connection, after_predecessor(start.connection, started))


def _account(start: Start) -> Account:
    code, external_id = start.service.code, start.order.account_external_id
    found = find_account(start.connection, code, external_id)
    return found or add_account(
        start.connection, new_account(code, start.new_id(), external_id, start.at)
    )


def _ordered(start: Start, account: Account, plan: Plan) -> Subscription:
    order = start.order
    return Subscription(
        id=start.new_id(),
        service_code=account.service_code,
        external_id=order.external_id,
        account_id=account.id,
        account_external_id=account.external_id,
        plan_id=plan.id,
        plan_code=plan.code,
        status=SubscriptionStatus.PENDING,
        billing_time=order.billing_time,
        subscription_at=order.subscription_at,
        created_at=start.at,
        ending_at=order.ending_at,
        name=order.name,
    )


def _changed(start: Start, live: Subscription, plan: Plan) -> Subscription:
    """Change a live subscription's plan: in place, now, or when its period ends."""
    named = replace(live, plan_id=plan.id, plan_code=plan.code, name=start.order.name or live.name)
    if live.status is SubscriptionStatus.PENDING:
        return save_subscription(start.connection, named)
    current = plan_of(start.connection, live)
    successor = replace(
        named,
        id=start.new_id(),
        created_at=start.at,
        ending_at=start.order.ending_at or live.ending_at,
        previous_id=live.id,
        takes_over_at=None,
    )
    if plan.yearly_amount_cents >= current.yearly_amount_cents:
        return _upgraded(start, live, successor)
    return _downgraded(start, live, current, successor)


def _upgraded(start: Start, live: Subscription, successor: Subscription) -> Subscription:
    """End the running subscription now and begin its successor at the same instant."""
    _cancel_successor(start, live)
    end_subscription(start.connection, live, start.at, is_followed=True)
    return add_subscription(start.connection, replace(successor, started_at=start.at))


def _downgraded(
    start: Start, live: Subscription, current: Plan, successor: Subscription
) -> Subscription:
    """Plan the successor for the end of the running period, and return who runs until then."""
    planned = find_successor(start.connection, live)
    if planned is not None and planned.plan_id == successor.plan_id:
        return live
    _cancel_successor(start, live)
    zone = account_of(start.connection, live).zone(start.service)
    takes_over_at = billing_period_at(live, current.interval, zone, start.at).end
    pending = replace(
        successor,
        status=SubscriptionStatus.PENDING,
        started_at=None,
        takes_over_at=takes_over_at,
    )
    add_subscription(start.connection, pending)
    return live


def _cancel_successor(start: Start, live: Subscription) -> None:
    planned = find_successor(start.connection, live)
    if planned is not None:
        end_subscription(start.connection, planned, start.at)
