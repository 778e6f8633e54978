"""Subscriptions as rows: find, list, add, save, and the changes of state that time brings."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import msgspec
import sqlalchemy as sa

from catalog.errors import NotFound
from catalog.store.services import lock_service
from catalog.store.subscription_events import tell_subscription
from catalog.store.versioned_rows import page_of_rows
from catalog.subscriptions import LIVE, BillingTime, Subscription, SubscriptionStatus
from storage.tables import plan, plan_version, subscription


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


def found_subscription(
    connection: sa.Connection,
    service_code: str,
    external_id: str,
    statuses: Collection[SubscriptionStatus],
) -> Subscription:
    """Return the newest subscription in these states; NotFound when there is none."""
    found = find_subscription(connection, service_code, external_id, statuses)
    if found is None:
        raise NotFound("subscription")
    return found


def found_to_change(
    connection: sa.Connection,
    service_code: str,
    external_id: str,
    statuses: Collection[SubscriptionStatus],
) -> Subscription:
    """Lock the service and return its live subscription; one that has ended is not found."""
    lock_service(connection, service_code)
    live = [status for status in statuses if status in LIVE]
    return found_subscription(connection, service_code, external_id, live)


@dataclass(frozen=True, slots=True)
class SubscriptionFilter:
    """Which subscriptions are asked for; what is None does not narrow.

    `is_overridden` asks for those with prices of their own, or for the others.
    """

    statuses: Collection[SubscriptionStatus]
    account_external_id: str | None = None
    external_id: str | None = None
    plan_code: str | None = None
    currency: str | None = None
    is_overridden: bool | None = None


def list_subscriptions(
    connection: sa.Connection, service_code: str, asked: SubscriptionFilter, limit: int, offset: int
) -> tuple[list[Subscription], int]:
    """Return a page of subscriptions, latest start first (Lago), and how many match in all."""
    found = _in_states(service_code, asked.statuses)
    equal = {
        subscription.c.account_external_id: asked.account_external_id,
        subscription.c.external_id: asked.external_id,
        subscription.c.plan_code: asked.plan_code,
    }
    for column, value in equal.items():
        if value is not None:
            found = found.where(column == value)
    if asked.is_overridden is not None:
        overrides = sa.select(plan.c.id).where(plan.c.parent_id.is_not(None))
        is_one = subscription.c.plan_id.in_(overrides)
        found = found.where(is_one if asked.is_overridden else sa.not_(is_one))
    if asked.currency is not None:
        found = found.where(subscription.c.plan_id.in_(_plans_in(asked.currency)))
    found = found.order_by(None).order_by(
        subscription.c.subscription_at.desc(), subscription.c.created_at.desc(), subscription.c.id
    )
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_subscription(row) for row in rows], total


def _plans_in(currency: str) -> sa.Select[tuple[str]]:
    """Select the plans whose newest version is in a currency.

    Inside a text of the body a quotation mark has a backslash before it, so only the member is
    found.
    """
    others = plan_version.alias()
    newest = (
        sa.select(sa.func.max(others.c.version))
        .where(others.c.plan_id == plan_version.c.plan_id)
        .scalar_subquery()
    )
    member = f'"amount_currency":{msgspec.json.encode(currency).decode()}'
    body = plan_version.c.body
    return sa.select(plan_version.c.plan_id).where(
        plan_version.c.version == newest, sa.func.replace(body, member, "") != body
    )


def subscriptions_of(
    connection: sa.Connection,
    service_code: str,
    account_ids: Collection[str] | None = None,
    external_id: str | None = None,
) -> list[Subscription]:
    """Return subscriptions of a service in any state, newest first: all, or these accounts'.

    Those under one external id are one subscription over its changes of plan (Lago).
    """
    found = _in_states(service_code, tuple(SubscriptionStatus))
    if account_ids is not None:
        found = found.where(subscription.c.account_id.in_(account_ids))
    if external_id is not None:
        found = found.where(subscription.c.external_id == external_id)
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
    """Say whether anybody is, or is about to be, on a plan or on an override of it."""
    overrides = sa.select(plan.c.id).where(plan.c.parent_id == plan_id)
    is_on = sa.or_(subscription.c.plan_id == plan_id, subscription.c.plan_id.in_(overrides))
    found = _in_states(service_code, LIVE).where(is_on)
    return connection.execute(found.limit(1)).mappings().one_or_none() is not None


def add_subscription(connection: sa.Connection, added: Subscription) -> Subscription:
    """Insert a subscription; the caller holds the service's lock and found its id free."""
    tell_subscription(connection, added, added.created_at)
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
        tell_subscription(connection, canceled, at)
        return save_subscription(connection, canceled)
    successor = None if is_followed else find_successor(connection, ended)
    if successor is not None:
        end_subscription(connection, successor, at)
    terminated = replace(
        ended, status=SubscriptionStatus.TERMINATED, terminated_at=at, is_followed=is_followed
    )
    tell_subscription(connection, terminated, at)
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
    started = replace(due, status=SubscriptionStatus.ACTIVE, started_at=started_at)
    tell_subscription(connection, started, started_at)
    return save_subscription(connection, started)


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
