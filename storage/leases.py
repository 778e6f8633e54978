"""Leases: which process does a job that only one may do, and how a late one is kept out.

Kept in the state database. A lease alone cannot stop a process that sleeps past its end and
wakes up again (a zombie): its writes are fenced by `guard`, in the transaction they belong to.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from storage.columns import EPOCH
from storage.tables import lease

NOBODY = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """A job's holder from its acquisition to `expires_at`; each new tenure has a higher token."""

    name: str
    holder: str
    token: int
    expires_at: datetime


class LeaseLostError(Exception):
    """The lease has been given up, or has gone to somebody else since."""


def acquire(
    connection: sa.Connection, name: str, holder: str, at: datetime, seconds: int
) -> Lease | None:
    """Take the lease for `seconds`, or lengthen one's own; None while somebody else holds it.

    `holder` must differ between processes and their restarts. Several hosts' clocks differ, so
    PostgreSQL judges by its own and `at` is not looked at; SQLite has one host and judges by `at`.
    """
    now = _now(connection, at)
    is_held = (lease.c.holder == holder) & (lease.c.expires_at > now)
    values = {"holder": holder, "expires_at": now + timedelta(seconds=seconds)}
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    # One statement: of two that come at once, the second waits and then sees the first's row.
    row = connection.execute(
        insert(lease)
        .values(name=name, token=1, **values)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={**values, "token": sa.case((is_held, lease.c.token), else_=lease.c.token + 1)},
            where=is_held | (lease.c.expires_at <= now),
        )
        .returning(lease.c.token, lease.c.expires_at)
    ).first()
    return None if row is None else Lease(name, holder, row.token, row.expires_at)


def renew(connection: sa.Connection, held: Lease, at: datetime, seconds: int) -> Lease | None:
    """Lengthen a lease to `seconds` from now; None when it has run out: stop, and acquire anew."""
    now = _now(connection, at)
    row = connection.execute(
        lease.update()
        .where(_is_row_of(held), lease.c.expires_at > now)
        .values(expires_at=now + timedelta(seconds=seconds))
        .returning(lease.c.expires_at)
    ).first()
    return None if row is None else Lease(held.name, held.holder, held.token, row.expires_at)


def live(connection: sa.Connection, prefix: str, at: datetime) -> frozenset[str]:
    """Return the names, beginning with `prefix`, of the leases that somebody holds now."""
    now = _now(connection, at)
    found = connection.execute(
        sa.select(lease.c.name).where(
            lease.c.name.startswith(prefix, autoescape=True), lease.c.expires_at > now
        )
    )
    return frozenset(found.scalars())


def release(connection: sa.Connection, held: Lease) -> None:
    """Give a lease up, so that the next one need not wait; a lost lease changes nothing."""
    # The row stays: its token must go on rising.
    connection.execute(
        lease.update().where(_is_row_of(held)).values(holder=NOBODY, expires_at=EPOCH)
    )


def guard(connection: sa.Connection, held: Lease) -> None:
    """Let this transaction's writes count only if the lease is still ours; else LeaseLostError.

    Nobody else can take the lease until the transaction has ended: PostgreSQL locks its row,
    SQLite has one writer. A lease that ran out, but went to nobody, still guards.
    """
    found = connection.execute(
        sa.select(lease.c.token).where(_is_row_of(held)).with_for_update(read=True)
    ).first()
    if found is None:
        raise LeaseLostError(
            f"{held.holder} no longer holds the lease {held.name} (token {held.token}): "
            "nothing of this transaction may be kept; acquire the lease and begin again"
        )


def _is_row_of(held: Lease) -> sa.ColumnElement[bool]:
    return (
        (lease.c.name == held.name)
        & (lease.c.holder == held.holder)
        & (lease.c.token == held.token)
    )


def _now(connection: sa.Connection, at: datetime) -> datetime:
    if connection.dialect.name == "sqlite":
        return at
    # Not now(), which is when the transaction began: a holder counts from its call, and must
    # not believe in its lease for longer than the database does.
    clock = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
    return connection.execute(sa.select(clock)).scalar_one()
