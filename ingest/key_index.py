"""The key index: which events are known, and with what content. Rebuilt at start, never stored.

Decides new, known or conflicting; it belongs to one thread.
"""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import TypeAlias

KnownEvent: TypeAlias = tuple[bytes, int, datetime]


class Verdict(Enum):
    """What a pushed event is to what is already known."""

    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"


class KeyIndex:
    """Maps the 16-byte key of each known event to its content's digest and its first receipt."""

    def __init__(self, known: Iterable[KnownEvent] = ()) -> None:
        """Start with the events of lake and inbox."""
        self._known = {key: (digest, received_at) for key, digest, received_at in known}

    def __len__(self) -> int:
        """Return the number of known events."""
        return len(self._known)

    def verdict(self, key: bytes, digest: int) -> Verdict:
        """Say what an event with this key and content is."""
        known = self._known.get(key)
        if known is None:
            return Verdict.NEW
        return Verdict.KNOWN if known[0] == digest else Verdict.CONFLICT

    def first_received_at(self, key: bytes) -> datetime:
        """Return when a known event was taken in."""
        return self._known[key][1]

    def add(self, key: bytes, digest: int, received_at: datetime) -> None:
        """Remember a new event."""
        self._known[key] = (digest, received_at)

    def forget(self, key: bytes) -> None:
        """Drop an event whose commit failed."""
        del self._known[key]
