"""Telling apps of a subscription's life: begun, changed, ended; in the transaction that does it."""

from datetime import datetime

import sqlalchemy as sa

from catalog.billing_periods import billing_period_at, usage_interval
from catalog.lago_shapes.customers import to_lago_customer
from catalog.lago_shapes.subscriptions import to_lago_subscription
from catalog.store.accounts import account_of
from catalog.store.lifecycle_events import append
from catalog.store.plans import plan_of
from catalog.store.services import find_service, lock_service
from catalog.subscription_view import SubscriptionView
from catalog.subscriptions import Subscription, SubscriptionStatus
from storage.tables import subscription as subscription_row

UPDATED = "subscription.updated"
KIND_OF = {
    SubscriptionStatus.ACTIVE: "subscription.started",
    SubscriptionStatus.TERMINATED: "subscription.terminated",
    SubscriptionStatus.CANCELED: "subscription.canceled",
}


def tell_subscription(
    connection: sa.Connection, told: Subscription, at: datetime, kind: str | None = None
) -> None:
    """Append the event of the state a subscription has come to, or of another kind.

    Nothing is told of one that waits for its start. The body is Lago's subscription with its
    customer; the plan is left out, since it is as large as its price list.
    """
    named = kind or KIND_OF.get(told.status)
    # The lock is taken before the subscription's row: whoever writes both takes them in turn.
    lock_service(connection, told.service_code)
    service = find_service(connection, told.service_code)
    if named is None or service is None:
        return
    account, plan = account_of(connection, told), plan_of(connection, told)
    zone = account.zone(service)
    is_running = told.status is SubscriptionStatus.ACTIVE and told.started_at is not None
    running_at = max(at, told.started_at or at)
    period = billing_period_at(told, usage_interval(plan), zone, running_at) if is_running else None
    view = SubscriptionView(told, plan, zone, period, _previous_plan_code(connection, told))
    customer = {"customer": to_lago_customer(account, service)}
    append(connection, told.service_code, named, to_lago_subscription(view) | customer, at)


def _previous_plan_code(connection: sa.Connection, told: Subscription) -> str | None:
    return connection.scalar(
        sa.select(subscription_row.c.plan_code).where(
            subscription_row.c.service_code == told.service_code,
            subscription_row.c.id == told.previous_id,
        )
    )
