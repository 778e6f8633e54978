"""Instants as Lago writes them in its answers: UTC, with or without milliseconds. Pure."""

from datetime import date, timedelta
from functools import lru_cache

MICROSECONDS_PER_DAY = 86_400_000_000
MICROSECONDS_PER_MINUTE = 60_000_000
MINUTES = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(1440))
SECONDS = tuple(f"{second:02}" for second in range(60))
WHOLE_SECONDS = tuple(f"{second}.000Z" for second in SECONDS)
EPOCH_DAY = date(1970, 1, 1)


def lago_milliseconds(instant_us: int) -> str:
    """Return microseconds since the epoch as "2026-11-05T12:00:00.250Z"."""
    days, rest = divmod(instant_us, MICROSECONDS_PER_DAY)
    minute, rest = divmod(rest, MICROSECONDS_PER_MINUTE)
    second, fraction = divmod(rest, 1_000_000)
    milliseconds = f"{fraction // 1000:03}" if fraction else "000"
    return f"{_day(days)}T{MINUTES[minute]}:{SECONDS[second]}.{milliseconds}Z"


@lru_cache(maxsize=8192)
def lago_whole(instant_s: int) -> str:
    """Return whole seconds since the epoch as "2026-11-05T12:00:00.000Z"."""
    return _minute(instant_s // 60) + WHOLE_SECONDS[instant_s % 60]


@lru_cache(maxsize=1024)
def lago_seconds(instant_s: int) -> str:
    """Return seconds since the epoch as "2026-11-05T12:00:00Z"."""
    return f"{lago_milliseconds(instant_s * 1_000_000)[:-5]}Z"


@lru_cache(maxsize=4096)
def _minute(minutes: int) -> str:
    days, minute = divmod(minutes, len(MINUTES))
    return f"{_day(days)}T{MINUTES[minute]}:"


@lru_cache(maxsize=4096)
def _day(days: int) -> str:
    return (EPOCH_DAY + timedelta(days=days)).isoformat()
