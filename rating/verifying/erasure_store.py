"""Erasures as rows: who erased what and why, and the proof that was kept before."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import msgspec
import sqlalchemy as sa

from ingest.erasing import Scope
from storage.tables import erasure, erasure_proof

ROWS_PER_INSERT_MAX = 5_000
_of = erasure.c
_scope = msgspec.json.Decoder(Scope)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure; without `finished_at` it was begun and is still to be done."""

    id: str
    scope: Scope
    author: str
    reason: str
    watermark: str
    begun_at: datetime
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of erased rows of one metric in one window, so that its bill still verifies.

    `rows_digest` is a SHA-256 over the sorted content digests of `rows_count` rows, `value_sum`
    the sum of their values. Where a period was billed, `quantity` (JSON) is what its line was
    computed from, `line_digest` what the line said it was. `part` is "window", "usage" (outside
    of every billed window) or "quarantine".
    """

    part: str
    subscription_external_id: str | None
    metric_code: str
    window_start: datetime
    window_end: datetime
    rows_count: int
    value_sum: str | None
    rows_digest: str
    window_key: str | None = None
    draft_id: str | None = None
    rated_line_id: str | None = None
    line_digest: str | None = None
    quantity: str | None = None


def begin(connection: sa.Connection, begun: Erasure, proofs: Sequence[Proof]) -> None:
    """Keep an erasure with its proof, before the first row goes."""
    values = asdict(begun) | {
        "service_code": begun.scope.service_code,
        "kind": begun.scope.kind.value,
        "scope": msgspec.json.encode(begun.scope).decode(),
    }
    connection.execute(sa.insert(erasure).values(values))
    rows = [
        asdict(proof) | {"erasure_id": begun.id, "position": position}
        for position, proof in enumerate(proofs)
    ]
    for start in range(0, len(rows), ROWS_PER_INSERT_MAX):
        connection.execute(sa.insert(erasure_proof), rows[start : start + ROWS_PER_INSERT_MAX])


def finish(connection: sa.Connection, erasure_id: str, at: datetime) -> None:
    """Note that nothing is left to be done."""
    connection.execute(sa.update(erasure).where(_of.id == erasure_id).values(finished_at=at))


def unfinished(connection: sa.Connection, service_code: str | None = None) -> list[Erasure]:
    """Return what was begun and not finished, oldest first."""
    return [each for each in erasures(connection, service_code) if each.finished_at is None]


def erasures(connection: sa.Connection, service_code: str | None = None) -> list[Erasure]:
    """Return every erasure, of one service or of all, oldest first."""
    found = sa.select(erasure).order_by(_of.begun_at, _of.id)
    if service_code is not None:
        found = found.where(_of.service_code == service_code)
    return [_erasure(row) for row in connection.execute(found).mappings()]


def proofs_of(connection: sa.Connection, erasure_id: str) -> list[Proof]:
    """Return the proof of an erasure, in its order."""
    found = (
        sa.select(erasure_proof)
        .where(erasure_proof.c.erasure_id == erasure_id)
        .order_by(erasure_proof.c.position)
    )
    names = Proof.__slots__
    return [
        Proof(**{name: row[name] for name in names}) for row in connection.execute(found).mappings()
    ]


def proved_windows(connection: sa.Connection, service_code: str) -> set[str]:
    """Return the keys of the windows that an earlier erasure proved: part of their rows is gone."""
    rows = connection.scalars(
        sa.select(erasure_proof.c.window_key)
        .join(erasure, _of.id == erasure_proof.c.erasure_id)
        .where(_of.service_code == service_code, erasure_proof.c.window_key.is_not(None))
    )
    return {key for key in rows if key}


def _erasure(row: sa.RowMapping) -> Erasure:
    return Erasure(
        id=row["id"],
        scope=_scope.decode(row["scope"]),
        author=row["author"],
        reason=row["reason"],
        watermark=row["watermark"],
        begun_at=row["begun_at"],
        finished_at=row["finished_at"],
    )
