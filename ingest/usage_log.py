"""Questions about single usage events, answered from the lake after a flush."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
import polars as pl

from ingest.event_columns import columns_of, event_keys
from ingest.flush import Flushing
from ingest.lago_shapes import to_lago_events
from ingest.stored_usage import COLUMNS, EPOCH_SECOND, KEPT_ONLY, stored_event
from storage.lake import Lake

ALL_EVENTS = (
    f"(SELECT {COLUMNS} FROM lake.raw.usage "  # noqa: S608 - constants only
    f"UNION ALL SELECT {COLUMNS} FROM lake.raw.quarantine AS aside WHERE NOT EXISTS ("
    "SELECT 1 FROM lake.raw.usage AS counted WHERE counted.service = aside.service "
    "AND counted.subscription_id = aside.subscription_id "
    f"AND counted.transaction_id = aside.transaction_id){KEPT_ONLY})"
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

    def __init__(self, lake: Lake, flusher: Flushing) -> None:
        """Remember the parts."""
        self._lake = lake
        self._flusher = flusher

    def page(
        self, service_code: str, narrowed: EventFilter, *, page: int, per_page: int
    ) -> tuple[msgspec.Raw, int]:
        """Return one page of a service's events (JSON), newest first, and the number of all."""
        self._flusher.flush()
        sql, values = narrowed.conditions()
        source = f"FROM {ALL_EVENTS} WHERE service = ?{sql}"
        total = self._lake.query(f"SELECT count(*) {source}", [service_code, *values]).item()
        frame = self._lake.query(
            f"SELECT * {source} ORDER BY occurred_at DESC, transaction_id, subscription_id "
            "LIMIT ? OFFSET ?",
            [service_code, *values, per_page, (page - 1) * per_page],
        )
        return msgspec.Raw(_events(service_code, frame)), int(total)

    def subscription_ids(self, service_code: str) -> frozenset[str]:
        """Return which subscriptions of a service have events, those set aside included."""
        self._flusher.flush()
        frame = self._lake.query(
            f"SELECT DISTINCT subscription_id FROM {ALL_EVENTS} WHERE service = ?",  # noqa: S608
            [service_code],
        )
        return frozenset(frame["subscription_id"])

    def of_transaction(self, service_code: str, transaction_id: str) -> msgspec.Raw | None:
        """Return the first event with this transaction id (JSON), or None."""
        self._flusher.flush()
        frame = self._lake.query(
            f"SELECT * FROM {ALL_EVENTS} WHERE service = ? AND transaction_id = ? "  # noqa: S608
            "ORDER BY received_at, subscription_id LIMIT 1",
            [service_code, transaction_id],
        )
        return msgspec.Raw(_events(service_code, frame)[1:-1]) if frame.height else None


def _events(service_code: str, frame: pl.DataFrame) -> bytes:
    rows = frame.with_columns(received_s=EPOCH_SECOND).iter_rows(named=True)
    stored = [stored_event(row) for row in rows]
    columns = columns_of([each.event for each in stored])
    keys = event_keys(service_code, columns)
    return to_lago_events(columns, keys, [each.received_s for each in stored])
