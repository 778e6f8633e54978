"""The key index: which events are known, and with what content. Rebuilt at start, never stored.

Decides new, known or conflicting; it belongs to one thread.
"""

from collections.abc import Iterable
from enum import Enum


class Verdict(Enum):
    """What a pushed event is to what is already known."""

    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"


class KeyIndex:
    """Maps the 16-byte key of each known event to the 64-bit digest of its content."""

    def __init__(self, known: Iterable[tuple[bytes, int]] = ()) -> None:
        """Start with the keys of lake and inbox."""
        self._digests = dict(known)

    def __len__(self) -> int:
        """Return the number of known events."""
        return len(self._digests)

    def verdict(self, key: bytes, digest: int) -> Verdict:
        """Say what an event with this key and content is."""
        known = self._digests.get(key)
        if known is None:
            return Verdict.NEW
        return Verdict.KNOWN if known == digest else Verdict.CONFLICT

    def add(self, key: bytes, digest: int) -> None:
        """Remember a new event."""
        self._digests[key] = digest

    def forget(self, key: bytes) -> None:
        """Drop an event whose commit failed."""
        del self._digests[key]
