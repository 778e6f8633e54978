"""Versions of a price or a count: which one holds at an instant. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Versioned(Protocol):
    """Anything of which every version is kept."""

    @property
    def valid_from(self) -> datetime:
        """Return when this version came into force."""


V = TypeVar("V", bound=Versioned)


def version_in_force(versions: Sequence[V], at: datetime) -> V:
    """Return the version in force just before `at`, from a non-empty list, oldest first.

    A period is priced by the version in force at its last instant; the first version holds
    when none was in force yet. A change at or after `at` never alters the answer.
    """
    return next((version for version in reversed(versions) if version.valid_from < at), versions[0])
