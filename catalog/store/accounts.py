"""Accounts as rows: find, list, put and soft-delete, always within one service."""

from collections.abc import Collection
from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa

from catalog.accounts import Account
from catalog.subscriptions import Subscription
from storage.tables import account


def find_account(connection: sa.Connection, service_code: str, external_id: str) -> Account | None:
    """Return the kept account with this external id, or None."""
    row = (
        connection.execute(_kept(service_code).where(account.c.external_id == external_id))
        .mappings()
        .one_or_none()
    )
    return None if row is None else Account(**row)


def list_accounts(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[list[Account], int]:
    """Return a page of kept accounts, newest first, and how many there are in all."""
    found = _kept(service_code)
    total = connection.scalar(sa.select(sa.func.count()).select_from(found.subquery()))
    rows = connection.execute(
        found.order_by(account.c.created_at.desc(), account.c.sequential_id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Account(**row) for row in rows.mappings()], total or 0


def accounts_by_id(
    connection: sa.Connection, service_code: str, ids: Collection[str] | None = None
) -> dict[str, Account]:
    """Return a service's accounts, deleted ones too, by id: all, or those with these ids."""
    found = sa.select(account).where(account.c.service_code == service_code)
    if ids is not None:
        found = found.where(account.c.id.in_(ids))
    return {row["id"]: Account(**row) for row in connection.execute(found).mappings()}


def accounts_with_external_id(
    connection: sa.Connection, service_code: str, external_id: str
) -> dict[str, Account]:
    """Return a service's accounts under an external id, deleted ones too, by id."""
    found = sa.select(account).where(
        account.c.service_code == service_code, account.c.external_id == external_id
    )
    return {row["id"]: Account(**row) for row in connection.execute(found).mappings()}


def account_of(connection: sa.Connection, subscription: Subscription) -> Account:
    """Return the account of a subscription."""
    service_code, account_id = subscription.service_code, subscription.account_id
    return accounts_by_id(connection, service_code, [account_id])[account_id]


def add_account(connection: sa.Connection, added: Account) -> Account:
    """Insert an account under the service's next number and return it with that number.

    The caller holds the service's lock and has seen that the external id is free.
    """
    highest = connection.scalar(
        sa.select(sa.func.max(account.c.sequential_id)).where(
            account.c.service_code == added.service_code
        )
    )
    numbered = replace(added, sequential_id=(highest or 0) + 1)
    connection.execute(sa.insert(account).values(asdict(numbered)))
    return numbered


def save_account(connection: sa.Connection, changed: Account) -> Account:
    """Write a changed account over its row and return it."""
    connection.execute(
        sa.update(account)
        .where(account.c.service_code == changed.service_code, account.c.id == changed.id)
        .values(asdict(changed))
    )
    return changed


def delete_account(connection: sa.Connection, deleted: Account, at: datetime) -> Account:
    """Soft-delete an account; its external id is free again, its history stays."""
    return save_account(connection, replace(deleted, updated_at=at, deleted_at=at))


def _kept(service_code: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(account).where(
        account.c.service_code == service_code, account.c.deleted_at.is_(None)
    )
