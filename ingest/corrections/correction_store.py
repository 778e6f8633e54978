"""Corrections as rows of the state: kept before their first usage row, moved on as they go."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import sqlalchemy as sa

from catalog.errors import MethodNotAllowed, TemporarilyUnavailable
from catalog.store.services import lock_service
from catalog.store.versioned_rows import page_of_rows
from ingest.corrections.correction import UNFINISHED, Correction, Kind, Order, Status
from storage.tables import correction

_row = correction.c


def begun_correction(
    connection: sa.Connection, prepared: Correction, corrections_count: int
) -> Correction:
    """Keep a new correction; TemporarilyUnavailable when another was begun since it was prepared.

    `corrections_count` is what `count_corrections` said before its watermark was pinned.
    """
    service_code = prepared.order.service_code
    lock_service(connection, service_code)
    if count_corrections(connection, service_code) != corrections_count:
        raise TemporarilyUnavailable("another_correction_was_made")
    connection.execute(sa.insert(correction).values(_values(prepared)))
    return prepared


def save(connection: sa.Connection, moved: Correction) -> Correction:
    """Write how far a correction has come."""
    connection.execute(
        sa.update(correction)
        .where(_row.id == moved.id)
        .values(rows_done=moved.rows_done, status=moved.status.value)
    )
    return moved


def finish(connection: sa.Connection, applied: Correction) -> Correction:
    """Write that all rows are kept; what a revert took back is marked, and what it gave back."""
    done = save(connection, replace(applied, rows_done=applied.rows_total, status=Status.APPLIED))
    reverted = _of_id(connection, done.order.service_code, done.order.reverts_id)
    if reverted is not None:
        save(connection, replace(reverted, status=Status.REVERTED))
        again = _of_id(connection, done.order.service_code, reverted.order.reverts_id)
        if again is not None:
            save(connection, replace(again, status=Status.APPLIED))
    return done


def resumable(connection: sa.Connection, order: Order) -> Correction | None:
    """Return the unfinished correction of the same order, None when none is unfinished.

    MethodNotAllowed when another one is: it must be finished, or taken back by this very order.
    """
    unfinished = unfinished_corrections(connection, order.service_code)
    for found in unfinished:
        if found.order == order:
            return found
    others = [found.id for found in unfinished if found.id != order.reverts_id]
    if others:
        raise MethodNotAllowed("correction_in_progress", {"correction": others})
    return None


def unfinished_corrections(connection: sa.Connection, service_code: str) -> list[Correction]:
    """Return the corrections of a service that are partly applied, or not at all, oldest first."""
    rows = connection.execute(
        sa.select(correction)
        .where(
            _row.service_code == service_code,
            _row.status.in_([status.value for status in UNFINISHED]),
        )
        .order_by(_row.created_at, _row.id)
    )
    return [_correction(row) for row in rows.mappings()]


def count_corrections(connection: sa.Connection, service_code: str) -> int:
    """Return how many corrections a service has."""
    count = sa.select(sa.func.count()).where(_row.service_code == service_code)
    return connection.scalar(count) or 0


def settled_count(connection: sa.Connection, service_code: str) -> int | None:
    """Return how many corrections a service has, None while one is unfinished.

    The same number before and after a flush says that its watermark covers no half correction.
    """
    if unfinished_corrections(connection, service_code):
        return None
    return count_corrections(connection, service_code)


def find_correction(connection: sa.Connection, service_code: str, id_: str) -> Correction | None:
    """Return a service's correction, or None."""
    return _of_id(connection, service_code, id_)


def list_corrections(
    connection: sa.Connection, service_code: str, limit: int, offset: int
) -> tuple[Sequence[Correction], int]:
    """Return a page of a service's corrections, newest first, and the number of all."""
    found = (
        sa.select(*correction.c)
        .where(_row.service_code == service_code)
        .order_by(_row.created_at.desc(), _row.id)
    )
    rows, total = page_of_rows(connection, found, limit, offset)
    return [_correction(row) for row in rows], total


def _of_id(connection: sa.Connection, service_code: str, id_: str | None) -> Correction | None:
    found = sa.select(correction).where(_row.service_code == service_code, _row.id == id_)
    row = connection.execute(found).mappings().one_or_none()
    return None if row is None else _correction(row)


def _values(kept: Correction) -> dict[str, object]:
    values: dict[str, object] = asdict(kept)
    del values["order"]
    return (
        values | asdict(kept.order) | {"kind": kept.order.kind.value, "status": kept.status.value}
    )


def _correction(row: sa.RowMapping) -> Correction:
    values = dict(row)
    order = {name: values.pop(name) for name in Order.__slots__}
    order["kind"] = Kind(order["kind"])
    return Correction(order=Order(**order), **(values | {"status": Status(values["status"])}))
