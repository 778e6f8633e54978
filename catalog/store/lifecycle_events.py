"""What apps are told, as rows: one gapless sequence for each service, in commit order."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from catalog.lifecycle_event import PAGE_EVENTS_MAX, LifecycleEvent, without_person
from catalog.store.services import lock_service
from storage.tables import lifecycle_event


def append(
    connection: sa.Connection,
    service_code: str,
    kind: str,
    body: Mapping[str, object],
    at: datetime,
) -> int:
    """Append an event in the caller's write transaction and return its sequence, from 1.

    The service is locked until the commit, so sequences are gapless and become visible in order:
    a reader that has seen 7 will never meet a new 6.
    """
    return append_all(connection, service_code, [(kind, body)], at)


def append_all(
    connection: sa.Connection,
    service_code: str,
    told: Sequence[tuple[str, Mapping[str, object]]],
    at: datetime,
) -> int:
    """Append events, each a kind and its body, in their order, as `append` does each.

    One statement whatever their number; returns the sequence of the service's newest event.
    """
    lock_service(connection, service_code)
    newest = last_sequence(connection, service_code)
    rows = [
        {
            "service_code": service_code,
            "sequence": sequence,
            "kind": kind,
            "body": msgspec.json.encode(body).decode(),
            "created_at": at,
        }
        for sequence, (kind, body) in enumerate(told, newest + 1)
    ]
    if rows:
        connection.execute(sa.insert(lifecycle_event), rows)
    return newest + len(rows)


def after(
    connection: sa.Connection,
    service_code: str,
    sequence: int,
    limit: int = PAGE_EVENTS_MAX,
    kinds: Collection[str] = (),
) -> list[LifecycleEvent]:
    """Return a service's events beyond `sequence`, oldest first, at most `limit`.

    `kinds` keeps those of some kinds; none named keeps all.
    """
    wanted = (
        sa.select(lifecycle_event)
        .where(
            lifecycle_event.c.service_code == service_code, lifecycle_event.c.sequence > sequence
        )
        .order_by(lifecycle_event.c.sequence)
        .limit(limit)
    )
    if kinds:
        wanted = wanted.where(lifecycle_event.c.kind.in_(kinds))
    return [LifecycleEvent(**row) for row in connection.execute(wanted).mappings()]


def blank_customers(
    connection: sa.Connection, service_code: str, account_ids: Collection[str]
) -> None:
    """Blank what a service's events say of the people behind some accounts; sequences stay."""
    table = lifecycle_event.c
    of_service = table.service_code == service_code
    rows = connection.execute(sa.select(table.sequence, table.body).where(of_service)).all()
    for sequence, body in rows:
        told = msgspec.json.decode(body)
        blank = without_person(told, account_ids)
        if blank != told:
            own = sa.update(lifecycle_event).where(of_service, table.sequence == sequence)
            connection.execute(own.values(body=msgspec.json.encode(blank).decode()))


def last_sequence(connection: sa.Connection, service_code: str) -> int:
    """Return the sequence of a service's newest event; 0 when there is none."""
    newest = connection.scalar(
        sa.select(sa.func.max(lifecycle_event.c.sequence)).where(
            lifecycle_event.c.service_code == service_code
        )
    )
    return newest or 0
