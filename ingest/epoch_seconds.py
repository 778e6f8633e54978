"""Times as exact seconds since the epoch, in decimal text. Pure."""

import re
from datetime import UTC, datetime

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FRACTION_DIGITS = 6
MICROSECONDS = 10**FRACTION_DIGITS
HOURS_MAX = 23
MINUTES_MAX = 59
RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,40}))?"
    r"(?:[Zz]|([+-])([0-9]{2}):([0-9]{2}))"
)


def epoch_seconds_text(time: str) -> str:
    """Return an RFC 3339 time as seconds since the epoch; ValueError when it is not one.

    Digits beyond the microsecond are cut, never rounded: an event stays in its period. The leap
    second :60 is refused.
    """
    found = RFC_3339.fullmatch(time)
    if found is None:
        raise ValueError(f"not an RFC 3339 time: {time[:40]!r}")
    year, month, day, hour, minute, second = (int(text) for text in found.groups()[:6])
    local = datetime(year, month, day, hour, minute, second, tzinfo=UTC) - EPOCH
    fraction = (found[7] or "")[:FRACTION_DIGITS].ljust(FRACTION_DIGITS, "0")
    seconds = local.days * 86_400 + local.seconds - _offset_seconds(found)
    return seconds_text(seconds * MICROSECONDS + int(fraction))


def _offset_seconds(found: re.Match[str]) -> int:
    if found[8] is None:
        return 0
    hours, minutes = int(found[9]), int(found[10])
    if hours > HOURS_MAX or minutes > MINUTES_MAX:
        raise ValueError("an offset is at most 23:59")
    return (hours * 3_600 + minutes * 60) * (-1 if found[8] == "-" else 1)


def seconds_text(microseconds: int) -> str:
    """Return microseconds since the epoch as seconds, with the decimals they need."""
    sign = "-" if microseconds < 0 else ""
    whole, fraction = divmod(abs(microseconds), MICROSECONDS)
    decimals = f"{fraction:0{FRACTION_DIGITS}}".rstrip("0")
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
