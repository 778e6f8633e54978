"""Subscriptions as rows: find, list, add, save, and the changes of state that time brings."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa

from catalog.store.versioned_rows import page_of_rows
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from storage.tables import subscription

LIVE = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PENDING)


def find_subscription(
    connection: sa.Connection,
    service_code: str,
    external_id: str,
    statuses: Collection[SubscriptionStatus] = LIVE,
) -> Subscription | None:
    """Return the newest subscription under an external id in one of these states, or None."""
    row = (
        connection.execute(
            _in_states(service_code, statuses)
            .where(subscription.c.external_id == external_id)
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _subscription(row)


def list_subscriptions(
    connection: sa.Connection,
    service_code: str,
    statuses: Collection[SubscriptionStatus],
    limit: int,
    offset: int,
    account_external_id: str | None = None,
    plan_code: str | None = None,
) -> tuple[list[Subscription], int]:
    """Return a page of subscriptions, newest first, and how many match in all."""
    found = _in_states(service_code, statuses)
    if account_external_id is not None:
        found = found.where(subscription.c.account_external_id == account_external_id)
    if plan_code is not None:
        found = found.where(subscription.c.plan_code == plan_code)
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_subscription(row) for row in rows], total


def subscriptions_of(
    connection: sa.Connection, service_code: str, account_ids: Collection[str] | None = None
) -> list[Subscription]:
    """Return subscriptions of a service in any state, newest first: all, or these accounts'."""
    found = _in_states(service_code, tuple(SubscriptionStatus))
    if account_ids is not None:
        found = found.where(subscription.c.account_id.in_(account_ids))
    rows = connection.execute(found)
    return [_subscription(row) for row in rows.mappings()]


def live_subscriptions_of_account(
    connection: sa.Connection, service_code: str, account_id: str
) -> list[Subscription]:
    """Return the active and pending subscriptions of one account."""
    rows = connection.execute(
        _in_states(service_code, LIVE).where(subscription.c.account_id == account_id)
    )
    return [_subscription(row) for row in rows.mappings()]


def has_live_subscriptions(connection: sa.Connection, service_code: str, plan_id: str) -> bool:
    """Say whether anybody is, or is about to be, on a plan."""
    found = _in_states(service_code, LIVE).where(subscription.c.plan_id == plan_id)
    return connection.execute(found.limit(1)).mappings().one_or_none() is not None


def add_subscription(connection: sa.Connection, added: Subscription) -> Subscription:
    """Insert a subscription; the caller holds the service's lock and found its id free."""
    connection.execute(sa.insert(subscription).values(_values(added)))
    return added


def save_subscription(connection: sa.Connection, changed: Subscription) -> Subscription:
    """Write a changed subscription over its row and return it."""
    connection.execute(
        sa.update(subscription)
        .where(
            subscription.c.service_code == changed.service_code,
            subscription.c.id == changed.id,
        )
        .values(_values(changed))
    )
    return changed


def end_subscription(connection: sa.Connection, ended: Subscription, at: datetime) -> Subscription:
    """Terminate an active subscription, or cancel a pending one, at an instant."""
    if ended.status is SubscriptionStatus.PENDING:
        changed = replace(ended, status=SubscriptionStatus.CANCELED, canceled_at=at)
    else:
        changed = replace(ended, status=SubscriptionStatus.TERMINATED, terminated_at=at)
    return save_subscription(connection, changed)


def start_due_subscriptions(connection: sa.Connection, at: datetime) -> list[Subscription]:
    """Activate every pending subscription, of any service, whose start has come."""
    due = _due(SubscriptionStatus.PENDING, subscription.c.subscription_at, at)
    return [
        save_subscription(
            connection,
            replace(
                _subscription(row),
                status=SubscriptionStatus.ACTIVE,
                started_at=row["subscription_at"],
            ),
        )
        for row in connection.execute(due).mappings().all()
    ]


def end_due_subscriptions(connection: sa.Connection, at: datetime) -> list[Subscription]:
    """Terminate every active subscription, of any service, whose `ending_at` has come."""
    due = _due(SubscriptionStatus.ACTIVE, subscription.c.ending_at, at)
    return [
        end_subscription(connection, _subscription(row), row["ending_at"])
        for row in connection.execute(due).mappings().all()
    ]


def _due(
    status: SubscriptionStatus, instant: sa.Column[datetime], at: datetime
) -> sa.Select[tuple[object, ...]]:
    return sa.select(subscription).where(
        subscription.c.status == status.value, instant.is_not(None), instant <= at
    )


def _in_states(
    service_code: str, statuses: Collection[SubscriptionStatus]
) -> sa.Select[tuple[object, ...]]:
    return (
        sa.select(subscription)
        .where(
            subscription.c.service_code == service_code,
            subscription.c.status.in_([status.value for status in statuses]),
        )
        .order_by(subscription.c.created_at.desc(), subscription.c.id)
    )


def _values(written: Subscription) -> dict[str, object]:
    values = asdict(written)
    values["status"] = written.status.value
    values["billing_time"] = written.billing_time.value
    return values


def _subscription(row: sa.RowMapping) -> Subscription:
    values = dict(row)
    values["status"] = SubscriptionStatus(row["status"])
    values["billing_time"] = BillingTime(row["billing_time"])
    return Subscription(**values)
