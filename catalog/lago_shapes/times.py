"""Instants as Lago writes them: ISO 8601 with `Z`, ends of periods inclusive."""

from datetime import UTC, datetime, timedelta

MICROSECOND = timedelta(microseconds=1)


def iso_seconds(instant: datetime | None) -> str | None:
    """Return an instant to the second ("2026-08-01T04:00:00Z"), or None."""
    return None if instant is None else f"{_utc(instant).isoformat(timespec='seconds')}Z"


def iso_milliseconds(instant: datetime | None) -> str | None:
    """Return an instant to the millisecond ("2026-08-01T04:00:00.000Z"), or None."""
    return None if instant is None else f"{_utc(instant).isoformat(timespec='milliseconds')}Z"


def iso_inclusive_end(end: datetime | None) -> str | None:
    """Return the last second before a half-open end: Lago's ends are inclusive (section 5.1)."""
    return None if end is None else iso_seconds(end - MICROSECOND)


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None)
