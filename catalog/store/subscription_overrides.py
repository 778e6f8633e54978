"""The plan that is one subscription's alone: made when it gets prices of its own, then changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from catalog.exact_json import JsonObject
from catalog.lago_shapes.plan_overrides import from_lago_plan_overrides, plan_overrides_of
from catalog.plan_overrides import overriding_plan, with_charge
from catalog.plans import Charge, Plan
from catalog.store.plan_changes import charge_reading
from catalog.store.plans import add_plan, plan_of, save_plan
from catalog.store.subscriptions import save_subscription
from catalog.subscriptions import Subscription, SubscriptionStatus


def ordered_override(
    connection: sa.Connection, fields: JsonObject, at: datetime, new_id: Callable[[], str]
) -> Callable[[Plan], Plan] | None:
    """Return what gives an override the prices of a new order; None where it asks for none."""
    given = plan_overrides_of(fields)
    if given is None:
        return None
    return partial(_overridden, connection, given, at, new_id, is_running=False)


def keep_overrides(
    connection: sa.Connection,
    subscription: Subscription,
    fields: JsonObject,
    at: datetime,
    new_id: Callable[[], str],
) -> Subscription:
    """Keep the prices that a request gives a subscription of its own; none asked for is none.

    The caller holds the service's lock.
    """
    given = plan_overrides_of(fields)
    if given is None:
        return subscription
    override = override_of(connection, subscription, at, new_id)
    is_running = subscription.status is SubscriptionStatus.ACTIVE
    priced = _overridden(connection, given, at, new_id, override, is_running=is_running)
    return _keep(connection, subscription, priced, at)


def override_of(
    connection: sa.Connection, subscription: Subscription, at: datetime, new_id: Callable[[], str]
) -> Plan:
    """Return the plan that is a subscription's alone; a new one is not kept yet."""
    current = plan_of(connection, subscription)
    if current.parent_id is not None:
        return current
    is_running = subscription.status is SubscriptionStatus.ACTIVE
    return overriding_plan(current, at, new_id, is_running=is_running)


def keep_own_charge(
    connection: sa.Connection,
    subscription: Subscription,
    override: Plan,
    changed: Charge,
    at: datetime,
) -> None:
    """Keep a subscription's override with a charge changed from `at` on.

    The caller holds the service's lock.
    """
    _keep(connection, subscription, with_charge(override, changed), at)


def _keep(
    connection: sa.Connection, subscription: Subscription, override: Plan, at: datetime
) -> Subscription:
    current = plan_of(connection, subscription)
    if current.id == override.id:
        save_plan(connection, current, override, at)
        return subscription
    add_plan(connection, override)
    return save_subscription(connection, replace(subscription, plan_id=override.id))


def _overridden(
    connection: sa.Connection,
    given: JsonObject,
    at: datetime,
    new_id: Callable[[], str],
    override: Plan,
    *,
    is_running: bool,
) -> Plan:
    reading = charge_reading(connection, override, at, new_id)
    return from_lago_plan_overrides(given, override, reading, is_running=is_running)
