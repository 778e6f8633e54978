"""Telling apps of usage that was set aside: an `events.errors` lifecycle event for each service.

Exactly once: how far quarantine was told is moved in the transaction that appends the events.
"""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from catalog.store.lifecycle_events import append
from catalog.store.services import services
from ingest.event_errors import EVENTS_ERRORS, errors_event
from ingest.flush import Flushing
from storage.fault_points import reached
from storage.lake import Lake
from storage.state import State
from storage.tables import told_mark

ROWS_PER_STEP = 50_000


def tell_errors(state: State, lake: Lake, flusher: Flushing, at: datetime) -> int:
    """Tell of the rows that were set aside since the last call; return the events appended.

    Safe to call at any time and from several processes. A step tells of about fifty thousand
    rows; ids beyond the first thousand of a list are counted, not named.
    """
    return sum(
        _tell_step(state, lake, shard, upto, at)
        for shard, mark in flusher.flush().marks
        for upto in _steps(state, lake, shard, mark)
    )


def _steps(state: State, lake: Lake, shard: int, mark: int) -> Iterator[int]:
    """Yield the positions to tell up to, each after the one before was told; none for no rows."""
    while True:
        with state.read() as connection:
            told = _told(connection, shard)
        found = lake.query(
            "SELECT max(inbox_id) FROM (SELECT inbox_id FROM lake.raw.quarantine "
            "WHERE shard = ? AND inbox_id > ? AND inbox_id <= ? ORDER BY inbox_id LIMIT ?)",
            [shard, told, mark, ROWS_PER_STEP],
        )
        upto = found.item()
        if upto is None:
            return
        yield upto


def _tell_step(state: State, lake: Lake, shard: int, upto: int, at: datetime) -> int:
    with state.write() as connection:
        told = _told(connection, shard, locked=True)
        if told >= upto:
            return 0
        known = {service.code for service in services(connection)}
        rows = lake.query(
            "SELECT service, transaction_id, reason FROM lake.raw.quarantine "
            "WHERE shard = ? AND inbox_id > ? AND inbox_id <= ? ORDER BY service",
            [shard, told, upto],
        )
        parts = rows.partition_by("service", maintain_order=True, as_dict=True)
        appended = 0
        for (code,), part in parts.items():
            if code in known:
                body = errors_event(part.select("transaction_id", "reason").iter_rows())
                append(connection, code, EVENTS_ERRORS, body, at)
                appended += 1
        _move(connection, shard, upto)
        reached("error_events.telling")
    reached("error_events.told")
    return appended


def _told(connection: sa.Connection, shard: int, *, locked: bool = False) -> int:
    """Return up to where the shard was told; locked, others wait for the commit."""
    found = sa.select(told_mark.c.mark).where(*_is_row(shard))
    return connection.scalar(found.with_for_update() if locked else found) or 0


def _move(connection: sa.Connection, shard: int, upto: int) -> None:
    moved = connection.execute(sa.update(told_mark).where(*_is_row(shard)).values(mark=upto))
    if not moved.rowcount:
        # Of two first tellers the second fails here, and its transaction leaves nothing.
        connection.execute(sa.insert(told_mark).values(topic=EVENTS_ERRORS, shard=shard, mark=upto))


def _is_row(shard: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return told_mark.c.topic == EVENTS_ERRORS, told_mark.c.shard == shard
