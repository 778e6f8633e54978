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


def subscriptions_by_id(
    connection: sa.Connection, service_code: str, ids: Collection[str]
) -> dict[str, Subscription]:
    """Return the subscriptions of a service with these ids, in any state."""
    every = _in_states(service_code, tuple(SubscriptionStatus))
    rows = connection.execute(every.where(subscription.c.id.in_(ids)))
    return {row["id"]: _subscription(row) for row in rows.mappings()}


def successors_of(
    connection: sa.Connection, service_code: str, ids: Collection[str]
) -> dict[str, Subscription]:
    """Return the pending subscriptions that take over from these, by the id they follow."""
    pending = _in_states(service_code, (SubscriptionStatus.PENDING,))
    rows = connection.execute(pending.where(subscription.c.previous_id.in_(ids)))
    return {row["previous_id"]: _subscription(row) for row in rows.mappings()}


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


def find_live_subscription(
    connection: sa.Connection, service_code: str, external_id: str
) -> Subscription | None:
    """Return the active subscription under an external id, else the pending one, or None."""
    for status in LIVE:
        found = find_subscription(connection, service_code, external_id, (status,))
        if found is not None:
            return found
    return None


def find_successor(connection: sa.Connection, followed: Subscription) -> Subscription | None:
    """Return the pending subscription that takes over from another, or None."""
    pending = (SubscriptionStatus.PENDING,)
    found = find_subscription(connection, followed.service_code, followed.external_id, pending)
    return found if found is not None and found.previous_id == followed.id else None


def end_subscription(
    connection: sa.Connection, ended: Subscription, at: datetime, *, is_followed: bool = False
) -> Subscription:
    """Terminate an active subscription, or cancel a pending one, at an instant.

    What was to follow an active one is cancelled with it.
    """
    if ended.status is SubscriptionStatus.PENDING:
        canceled = replace(ended, status=SubscriptionStatus.CANCELED, canceled_at=at)
        return save_subscription(connection, canceled)
    successor = None if is_followed else find_successor(connection, ended)
    if successor is not None:
        end_subscription(connection, successor, at)
    terminated = replace(
        ended, status=SubscriptionStatus.TERMINATED, terminated_at=at, is_followed=is_followed
    )
    return save_subscription(connection, terminated)


def start_due_subscriptions(connection: sa.Connection, at: datetime) -> list[Subscription]:
    """Activate every pending subscription, of any service, whose start has come.

    One that takes over from another ends that one at the same instant.
    """
    start = sa.func.coalesce(subscription.c.takes_over_at, subscription.c.subscription_at)
    due = _due(SubscriptionStatus.PENDING, start, at)
    return [
        _started(connection, _subscription(row)) for row in connection.execute(due).mappings().all()
    ]


def _started(connection: sa.Connection, due: Subscription) -> Subscription:
    started_at = due.takes_over_at or due.subscription_at
    if due.takes_over_at is not None:
        active = (SubscriptionStatus.ACTIVE,)
        followed = find_subscription(connection, due.service_code, due.external_id, active)
        if followed is not None:
            end_subscription(connection, followed, started_at, is_followed=True)
    return save_subscription(
        connection, replace(due, status=SubscriptionStatus.ACTIVE, started_at=started_at)
    )


def end_due_subscriptions(connection: sa.Connection, at: datetime) -> list[Subscription]:
    """Terminate every active subscription, of any service, whose `ending_at` has come."""
    due = _due(SubscriptionStatus.ACTIVE, subscription.c.ending_at, at)
    return [
        end_subscription(connection, _subscription(row), row["ending_at"])
        for row in connection.execute(due).mappings().all()
    ]


def _due(
    status: SubscriptionStatus, instant: sa.ColumnElement[datetime], at: datetime
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
