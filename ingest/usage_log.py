"""Questions about single usage events, answered from the lake after a flush."""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from ingest.flush import Flusher
from ingest.usage_event import UsageEvent
from storage.lake import Lake

COLUMNS = (
    "service, subscription_id, transaction_id, metric_code, occurred_at, received_at, properties, "
    "precise_total_amount_cents, event_id, content_digest"
)
ALL_EVENTS = (
    f"(SELECT {COLUMNS} FROM lake.raw.usage "  # noqa: S608 - constants only
    f"UNION ALL SELECT {COLUMNS} FROM lake.raw.quarantine)"
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What a list of events is narrowed to; instants are included at both ends (Lago)."""

    code: str | None = None
    external_subscription_id: str | None = None
    timestamp_from: datetime | None = None
    timestamp_to: datetime | None = None

    def conditions(self) -> tuple[str, list[object]]:
        """Return SQL conditions and their parameters."""
        pairs = (
            ("metric_code = ?", self.code),
            ("subscription_id = ?", self.external_subscription_id),
            ("occurred_at >= ?", self.timestamp_from),
            ("occurred_at <= ?", self.timestamp_to),
        )
        given = [(sql, value) for sql, value in pairs if value is not None]
        return "".join(f" AND {sql}" for sql, _ in given), [value for _, value in given]


class UsageLog:
    """Reads acknowledged events; an answer never misses one, for it flushes first."""

    def __init__(self, lake: Lake, flusher: Flusher) -> None:
        """Remember the parts."""
        self._lake = lake
        self._flusher = flusher

    def page(
        self, service_code: str, narrowed: EventFilter, *, page: int, per_page: int
    ) -> tuple[list[UsageEvent], int]:
        """Return one page of a service's events, newest first, and the number of all."""
        self._flusher.flush()
        sql, values = narrowed.conditions()
        source = f"FROM {ALL_EVENTS} WHERE service = ?{sql}"
        total = self._lake.query(f"SELECT count(*) {source}", [service_code, *values]).item()
        frame = self._lake.query(
            f"SELECT * {source} ORDER BY occurred_at DESC, transaction_id, subscription_id "
            "LIMIT ? OFFSET ?",
            [service_code, *values, per_page, (page - 1) * per_page],
        )
        return _events(frame), int(total)

    def of_transaction(self, service_code: str, transaction_id: str) -> UsageEvent | None:
        """Return the first event with this transaction id, or None."""
        self._flusher.flush()
        frame = self._lake.query(
            f"SELECT * FROM {ALL_EVENTS} WHERE service = ? AND transaction_id = ? "  # noqa: S608
            "ORDER BY received_at, event_id LIMIT 1",
            [service_code, transaction_id],
        )
        return next(iter(_events(frame)), None)


def _events(frame: pl.DataFrame) -> list[UsageEvent]:
    return [
        UsageEvent(
            service_code=row["service"],
            subscription_external_id=row["subscription_id"],
            transaction_id=row["transaction_id"],
            metric_code=row["metric_code"],
            occurred_at=row["occurred_at"],
            received_at=row["received_at"],
            properties=row["properties"],
            precise_total_amount_cents=row["precise_total_amount_cents"],
            event_id=row["event_id"],
            content_digest=row["content_digest"],
        )
        for row in frame.iter_rows(named=True)
    ]
