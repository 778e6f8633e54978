"""One thing that was looked at, how bad it is, and what to do about it. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is: WARN works with a caveat, FAIL does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; the remedy is empty when there is nothing to do."""

    level: Level
    what: str
    remedy: str = ""


def ok(what: str) -> Finding:
    """Return a finding that asks for nothing."""
    return Finding(Level.OK, what)


def warn(what: str, remedy: str) -> Finding:
    """Return a finding that works with a caveat."""
    return Finding(Level.WARN, what, remedy)


def fail(what: str, remedy: str) -> Finding:
    """Return a finding that does not work."""
    return Finding(Level.FAIL, what, remedy)
