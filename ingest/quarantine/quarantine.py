"""Questions about quarantine, answered from the lake and the decisions, after a flush.

Decides which rows are open: usage holds no such key, no newer row speaks for the same event, and
nobody mended or dismissed it. Changes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from ingest.flush import Flushing
from ingest.quarantine.quarantined_event import Position, QuarantinedEvent, Standing
from ingest.quarantine.store import settled_ids
from ingest.stored_usage import COLUMNS, EPOCH_SECOND, REFUSED, stored_event
from ingest.usage_event import timestamp_of
from storage.lake import Lake
from storage.state import State

IDS_MAX = 1_000
# A replayed event keeps its time, so its usage lies in the same month.
ROWS = f"""
WITH kept AS (
    SELECT {COLUMNS}, month, shard, inbox_id, sequence, reason, details,
        concat_ws('-', shard, inbox_id, sequence) AS id,
        reason <> '{REFUSED}' AND row_number() OVER (
            PARTITION BY reason = '{REFUSED}', subscription_id, transaction_id
            ORDER BY inbox_id DESC, sequence DESC
        ) > 1 AS is_superseded
    FROM lake.raw.quarantine WHERE service = ?
), counted AS (
    SELECT DISTINCT kept.id FROM kept JOIN lake.raw.usage AS used
    ON used.service = kept.service AND used.subscription_id = kept.subscription_id
        AND used.transaction_id = kept.transaction_id AND used.month = kept.month
    WHERE used.service = ? AND kept.reason <> '{REFUSED}'
    UNION
    SELECT DISTINCT kept.id FROM kept JOIN (
        SELECT subscription_id, unnest([transaction_id, substr(fact_id, 3)]) AS transaction_id,
            unnest([TRUE, starts_with(fact_id, 'e:')]) AS is_key
        FROM lake.raw.revision WHERE service = ?
    ) AS revised ON revised.subscription_id = kept.subscription_id
        AND revised.transaction_id = kept.transaction_id
    WHERE revised.is_key AND kept.reason <> '{REFUSED}'
), told AS (
    SELECT kept.*, CASE
        WHEN is_superseded THEN 'superseded'
        WHEN counted.id IS NOT NULL THEN 'counted'
        WHEN kept.id IN (SELECT unnest(?::VARCHAR[])) THEN 'settled'
        ELSE 'open' END AS standing
    FROM kept LEFT JOIN counted ON counted.id = kept.id
)
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Selection:
    """Which quarantined events are meant; what is left out narrows nothing.

    `is_resolved` None means both; `is_uncountable` leaves refused pushes out.
    """

    ids: tuple[str, ...] = ()
    reason: str | None = None
    code: str | None = None
    external_subscription_id: str | None = None
    is_resolved: bool | None = False
    is_uncountable: bool = False

    def conditions(self) -> tuple[str, list[object]]:
        """Return SQL conditions and their parameters."""
        pairs: tuple[tuple[str, object], ...] = (
            ("id IN (SELECT unnest(?::VARCHAR[]))", list(self.ids) or None),
            ("reason = ?", self.reason),
            ("metric_code = ?", self.code),
            ("subscription_id = ?", self.external_subscription_id),
            ("(standing <> 'open') = ?", self.is_resolved),
            ("reason <> ?", REFUSED if self.is_uncountable else None),
        )
        given = [(sql, value) for sql, value in pairs if value is not None]
        return " AND ".join(["TRUE", *(sql for sql, _ in given)]), [value for _, value in given]


class QuarantineLog:
    """Reads quarantined events; an answer never misses one, for it flushes first."""

    def __init__(self, state: State, lake: Lake, flusher: Flushing) -> None:
        """Remember the parts."""
        self._state = state
        self._lake = lake
        self._flusher = flusher

    def flush(self) -> None:
        """Bring into the lake what was acknowledged before."""
        self._flusher.flush()

    def counts(self, service_code: str, selection: Selection) -> dict[str, int]:
        """Return how many rows there are for each reason, as of the last flush."""
        sql, values = selection.conditions()
        found = self._told(
            service_code,
            f"SELECT reason, count(*) FROM told WHERE {sql} GROUP BY ALL ORDER BY ALL",  # noqa: S608
            values,
        )
        return dict(found.iter_rows())

    def page(
        self, service_code: str, selection: Selection, *, limit: int, offset: int
    ) -> list[QuarantinedEvent]:
        """Return a stretch of a service's rows, newest first, as of the last flush."""
        sql, values = selection.conditions()
        order = "received_at DESC, inbox_id DESC, sequence DESC, shard"
        return self._events(
            service_code,
            f"SELECT * FROM told WHERE {sql} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
            [*values, limit, offset],
        )

    def after(
        self, service_code: str, selection: Selection, last: Position | None, limit: int
    ) -> list[QuarantinedEvent]:
        """Return the next rows beyond a position, in intake order, as of the last flush."""
        sql, values = selection.conditions()
        beyond = last or Position(-1, -1, -1)
        return self._events(
            service_code,
            f"SELECT * FROM told WHERE {sql} AND (shard, inbox_id, sequence) > (?, ?, ?) "  # noqa: S608
            "ORDER BY shard, inbox_id, sequence LIMIT ?",
            [*values, beyond.shard, beyond.inbox_id, beyond.sequence, limit],
        )

    def found(self, service_code: str, ids: Sequence[str]) -> dict[str, QuarantinedEvent]:
        """Return the service's rows with these ids, open or not, as of the last flush."""
        if not ids:
            return {}
        sought = Selection(ids=tuple(ids), is_resolved=None)
        return {row.id: row for row in self.after(service_code, sought, None, len(ids))}

    def _events(
        self, service_code: str, sql: str, values: Sequence[object]
    ) -> list[QuarantinedEvent]:
        frame = self._told(service_code, sql, values).with_columns(received_s=EPOCH_SECOND)
        return [_event(row) for row in frame.iter_rows(named=True)]

    def _told(self, service_code: str, sql: str, values: Sequence[object]) -> pl.DataFrame:
        with self._state.read() as connection:
            settled = settled_ids(connection, service_code)
        return self._lake.query(ROWS + sql, [*[service_code] * 3, settled, *values])


def _event(row: Mapping[str, Any]) -> QuarantinedEvent:
    stored = stored_event(row)
    return QuarantinedEvent(
        position=Position(row["shard"], row["inbox_id"], row["sequence"]),
        event=msgspec.structs.replace(stored.event, timestamp=timestamp_of(row["occurred_at"])),
        reason=row["reason"],
        details=row["details"],
        occurred_at=row["occurred_at"],
        received_s=stored.received_s,
        standing=Standing(row["standing"]),
    )
