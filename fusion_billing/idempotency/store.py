"""Keys and their answers in the state database; the decision is made elsewhere.

Several hosts' clocks differ, so PostgreSQL judges by its own; SQLite has one host and judges by
the time it is given.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from fusion_billing.idempotency.decision import KeptAnswer, KeptRequest, Verdict, verdict
from storage.request_tables import kept_request


@dataclass(frozen=True, slots=True)
class Mark:
    """A request under way: whose key it is, and which attempt holds it."""

    service_code: str
    key: str
    digest: str
    holder: str


@dataclass(frozen=True, slots=True)
class Terms:
    """How long an attempt is waited for, and how long an answer is kept."""

    lease_seconds: int
    kept_hours: int


def begin(
    connection: sa.Connection, mark: Mark, at: datetime, terms: Terms
) -> tuple[Verdict, KeptAnswer | None]:
    """Mark a request as under way if it shall run; else say why not, with the answer to repeat."""
    now = _now(connection, at)
    values = _values(mark, now, terms)
    insert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert
    is_first = connection.execute(
        insert(kept_request)
        .values(service_code=mark.service_code, idempotency_key=mark.key, **values)
        .on_conflict_do_nothing()
        .returning(kept_request.c.holder)
    ).first()
    if is_first is not None:
        return Verdict.RUN, None
    row = connection.execute(
        sa.select(kept_request).where(_is_key_of(mark)).with_for_update()
    ).first()
    if row is None:  # Another attempt gave the key up this instant: the caller may try again.
        return Verdict.IN_FLIGHT, None
    kept = _kept(row)
    found = verdict(kept, mark.digest, now)
    if found is Verdict.RUN:
        connection.execute(kept_request.update().where(_is_key_of(mark)).values(**values))
    return found, kept.answer if found is Verdict.REPLAY else None


def finish(connection: sa.Connection, mark: Mark, answer: KeptAnswer) -> bool:
    """Keep the answer of an attempt; False when the key has gone to a later attempt meanwhile."""
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in answer.headers]
    done = connection.execute(
        kept_request.update()
        .where(_is_held_by(mark))
        .values(status=answer.status, headers=json.dumps(headers), body=answer.body)
    )
    return done.rowcount == 1


def give_up(connection: sa.Connection, mark: Mark) -> None:
    """Forget an attempt without an answer to keep, so that the next one need not wait."""
    connection.execute(kept_request.delete().where(_is_held_by(mark)))


def renew(connection: sa.Connection, mark: Mark, at: datetime, terms: Terms) -> None:
    """Say that an attempt still runs."""
    lease_until = _now(connection, at) + timedelta(seconds=terms.lease_seconds)
    connection.execute(
        kept_request.update().where(_is_held_by(mark)).values(lease_until=lease_until)
    )


def forget_expired(connection: sa.Connection, at: datetime) -> int:
    """Delete the keys whose time has come, and return how many."""
    expired = kept_request.c.expires_at <= _now(connection, at)
    return connection.execute(kept_request.delete().where(expired)).rowcount


def forget_service(connection: sa.Connection, service_code: str) -> None:
    """Forget every kept answer of a service; its requests run again when they are repeated."""
    of_service = kept_request.c.service_code == service_code
    connection.execute(sa.delete(kept_request).where(of_service))


def forget_running(connection: sa.Connection) -> int:
    """Delete all attempts without an answer: for a start, when no other process can have any."""
    return connection.execute(kept_request.delete().where(kept_request.c.status.is_(None))).rowcount


def _values(mark: Mark, now: datetime, terms: Terms) -> dict[str, object]:
    return {
        "request_digest": mark.digest,
        "holder": mark.holder,
        "lease_until": now + timedelta(seconds=terms.lease_seconds),
        "expires_at": now + timedelta(hours=terms.kept_hours),
        "status": None,
        "headers": None,
        "body": None,
    }


def _kept(row: sa.Row[tuple[object, ...]]) -> KeptRequest:
    answer = None
    if row.status is not None:
        pairs: Sequence[tuple[str, str]] = json.loads(row.headers)
        headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs)
        answer = KeptAnswer(row.status, headers, bytes(row.body))
    return KeptRequest(row.request_digest, row.lease_until, row.expires_at, answer)


def _is_key_of(mark: Mark) -> sa.ColumnElement[bool]:
    return (kept_request.c.service_code == mark.service_code) & (
        kept_request.c.idempotency_key == mark.key
    )


def _is_held_by(mark: Mark) -> sa.ColumnElement[bool]:
    is_open = (kept_request.c.holder == mark.holder) & kept_request.c.status.is_(None)
    return _is_key_of(mark) & is_open


def _now(connection: sa.Connection, at: datetime) -> datetime:
    if connection.dialect.name == "sqlite":
        return at
    clock = sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))
    return connection.execute(sa.select(clock)).scalar_one()
