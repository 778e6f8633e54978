"""Decisions about quarantined events as rows: who mended, dismissed or replayed what, and why.

A decision is written before it is carried out; one without `finished_at` is still to be done.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from catalog.store.services import lock_service
from storage.tables import quarantine_resolution

IDS_PER_QUESTION_MAX = 1_000
_row = quarantine_resolution.c


class Kind(StrEnum):
    """What was decided: count it as it is, count it changed, or never count it."""

    REPLAYED = "replayed"
    MENDED = "mended"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Resolution:
    """One decision about one quarantined row; `changes` is JSON text of a mend."""

    service_code: str
    row_id: str
    kind: Kind
    decided_at: datetime
    author: str | None = None
    reason: str | None = None
    changes: str | None = None
    finished_at: datetime | None = None


def claim(connection: sa.Connection, service_code: str, wanted: Sequence[Resolution]) -> set[str]:
    """Write decisions and return the row ids they hold for; a row decided before keeps its own.

    Only a finished replay gives way, and to another replay only: pushed twice it counts once,
    while a mend beside it could count a second time under another key.
    """
    lock_service(connection, service_code)
    held = resolutions_of(connection, service_code, [each.row_id for each in wanted])
    free = {
        each.row_id
        for each in wanted
        if (before := held.get(each.row_id)) is None
        or (each.kind is before.kind is Kind.REPLAYED and before.finished_at)
    }
    forget(connection, service_code, free & held.keys())
    rows = [asdict(each) for each in wanted if each.row_id in free]
    if rows:
        connection.execute(sa.insert(quarantine_resolution), rows)
    return free


def finish(connection: sa.Connection, service_code: str, ids: Iterable[str], at: datetime) -> None:
    """Note that decisions were carried out."""
    for part in _parts(ids):
        connection.execute(
            sa.update(quarantine_resolution)
            .where(_row.service_code == service_code, _row.row_id.in_(part))
            .values(finished_at=at)
        )


def forget(connection: sa.Connection, service_code: str, ids: Iterable[str]) -> None:
    """Take decisions back that could not be carried out, or that give way to newer ones."""
    for part in _parts(ids):
        connection.execute(
            sa.delete(quarantine_resolution).where(
                _row.service_code == service_code, _row.row_id.in_(part)
            )
        )


def resolutions_of(
    connection: sa.Connection, service_code: str, ids: Collection[str]
) -> dict[str, Resolution]:
    """Return the decisions about rows, by row id."""
    found: dict[str, Resolution] = {}
    for part in _parts(ids):
        rows = connection.execute(
            _of(service_code).where(_row.row_id.in_(part)),
        )
        found |= {row["row_id"]: _resolution(row) for row in rows.mappings()}
    return found


def settled_ids(connection: sa.Connection, service_code: str) -> list[str]:
    """Return the rows whose mend or dismissal was carried out; of replays the lake tells."""
    return list(
        connection.scalars(
            sa.select(_row.row_id).where(
                _row.service_code == service_code,
                _row.kind != Kind.REPLAYED.value,
                _row.finished_at.is_not(None),
            )
        )
    )


def unfinished(connection: sa.Connection, service_code: str, limit: int) -> list[Resolution]:
    """Return the oldest decisions that were not seen to be carried out."""
    rows = connection.execute(
        _of(service_code)
        .where(_row.finished_at.is_(None))
        .order_by(_row.decided_at, _row.row_id)
        .limit(limit)
    )
    return [_resolution(row) for row in rows.mappings()]


def _of(service_code: str) -> sa.Select[tuple[object, ...]]:
    return sa.select(*quarantine_resolution.c).where(_row.service_code == service_code)


def _parts(ids: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), IDS_PER_QUESTION_MAX):
        yield ordered[start : start + IDS_PER_QUESTION_MAX]


def _resolution(row: sa.RowMapping) -> Resolution:
    return Resolution(**{**row, "kind": Kind(row["kind"])})
