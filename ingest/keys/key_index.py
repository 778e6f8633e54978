"""The key index: which events are known, and with what content. The lake is what it stands for.

Fourteen bytes a key: 56 bits of the key's hash and 24 of the content's digest answer new, known
or suspect; 32 hold the second of the first receipt. The hash is seeded with a secret of the
process, so nobody outside can choose ids that collide. A suspect is decided by what is stored,
never by a hash alone. Belongs to one thread.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise, repeat
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from xxhash import xxh3_64_intdigest

RECENT_KEYS_MAX = 50_000
MIDDLE_KEYS_MAX = 1_000_000
SEGMENT_BITS = 4
CONTENT_BITS = 24
LOW_BITS = 16
LOW_BYTE = 0xFF
KEY_BITS = 56
RECEIVED_BITS = 32
CONTENT_MASK = (1 << CONTENT_BITS) - 1
LOW_MASK = (1 << LOW_BITS) - 1
RECEIVED_MASK = (1 << RECEIVED_BITS) - 1

Words: TypeAlias = npt.NDArray[np.uint64]
Lows: TypeAlias = npt.NDArray[np.uint16]
Seconds: TypeAlias = npt.NDArray[np.uint32]


class Verdict(Enum):
    """What a pushed event is to what is already known."""

    NEW = "new"
    KNOWN = "known"
    CONFLICT = "conflict"


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Keys in order; a word is 56 bits of key and 8 of content, `lows` the rest of it."""

    words: Words
    lows: Lows
    received: Seconds

    def __len__(self) -> int:
        return len(self.words)

    @property
    def bytes_count(self) -> int:
        """Return the bytes it holds."""
        return self.words.nbytes + self.lows.nbytes + self.received.nbytes

    def nearest(self, sorted_keys: Words) -> Words:
        """Return the word at or after each key; a key is a word without its content bits."""
        places = self.words.searchsorted(sorted_keys)
        return self.words[np.minimum(places, len(self.words) - 1)]

    def held(self, key: np.uint64) -> int:
        """Return what is held (see `entry`) of a key that is here."""
        place = int(self.words.searchsorted(key))
        content = (int(self.words[place]) & LOW_BYTE) << LOW_BITS | int(self.lows[place])
        return entry(content, int(self.received[place]))

    def merged(self, other: "Run") -> "Run":
        """Return both in one; a key of both stays twice, and the first of them answers."""
        places = np.searchsorted(self.words, other.words)
        return Run(
            np.insert(self.words, places, other.words),
            np.insert(self.lows, places, other.lows),
            np.insert(self.received, places, other.received),
        )

    def between(self, start: int, end: int) -> "Run":
        """Return a copy of a stretch."""
        return Run(
            self.words[start:end].copy(),
            self.lows[start:end].copy(),
            self.received[start:end].copy(),
        )


EMPTY = Run(np.empty(0, np.uint64), np.empty(0, np.uint16), np.empty(0, np.uint32))


class KeyIndex:
    """Maps each known event's key to its content's digest and the second of its first receipt.

    New keys gather in a dict; full, it becomes a sorted run; that run, when large, is merged
    into the segments, one at each later addition, so that no push waits for all of them.
    """

    def __init__(self, seed: int, segments: Sequence[Run] = ()) -> None:
        """Start empty, or with what `gathered` gave; `seed` is a secret number of 64 bits."""
        if len(segments) not in (0, 1 << SEGMENT_BITS):
            raise ValueError(f"an index has {1 << SEGMENT_BITS} segments, not {len(segments)}")
        self.seed = seed
        self._recent: dict[int, int] = {}
        self._middle = EMPTY
        self._draining = EMPTY
        self._drained_segments = 1 << SEGMENT_BITS
        self._segments = list(segments) or [EMPTY] * (1 << SEGMENT_BITS)

    def __len__(self) -> int:
        """Return the number of keys held; one being moved may count twice for a moment."""
        return len(self._recent) + sum(len(run) for run in self._runs())

    @property
    def bytes_count(self) -> int:
        """Return the bytes of the sorted runs (the recent keys are few)."""
        return sum(run.bytes_count for run in self._runs())

    def hashes(self, keys: Sequence[bytes]) -> list[int]:
        """Return the 56 bits by which each key is known here."""
        seed = self.seed
        return [xxh3_64_intdigest(key, seed) >> 8 for key in keys]

    def hash_array(self, keys: Sequence[bytes]) -> Words:
        """Return the same for many keys at once."""
        hashed = map(xxh3_64_intdigest, keys, repeat(self.seed))
        return np.fromiter(hashed, np.uint64, len(keys)) >> np.uint64(8)

    def older(self, hashes: Sequence[int] | Words) -> list[int] | None:
        """Return what the sorted runs hold for each hash (see `entry`), -1 for none.

        None when they hold nothing of it at all, which is the usual answer.
        """
        runs = [run for run in (self._middle, self._draining) if len(run)]
        if not runs and not any(len(segment) for segment in self._segments):
            return None
        words = np.asarray(hashes, np.uint64) << np.uint64(8)
        order = np.argsort(words)
        ordered = words[order]
        found: dict[int, int] = {}
        for run, start, end in self._touched(runs, ordered):
            keys = ordered[start:end]
            is_there = (run.nearest(keys) ^ keys) <= LOW_BYTE
            for place in np.flatnonzero(is_there).tolist():
                found[int(order[start + place])] = run.held(keys[place])
        return [found.get(place, -1) for place in range(len(words))] if found else None

    def recent(self, key_hash: int) -> int | None:
        """Return what is held of a key added lately, or None."""
        return self._recent.get(key_hash)

    def holds_recent(self, hashes: Iterable[int]) -> bool:
        """Say whether one of these keys was added lately."""
        return not self._recent.keys().isdisjoint(hashes)

    def add(self, key_hash: int, content_digest: int, received_s: int) -> None:
        """Remember a new event."""
        self._recent[key_hash] = entry(content_digest, received_s)

    def add_new(
        self, hashes: Sequence[int], content_digests: Sequence[int], received_s: int
    ) -> bool:
        """Remember events if each is new beside the recent ones and the others; else do nothing.

        What the sorted runs hold is not looked at.
        """
        if self.holds_recent(hashes) or len(set(hashes)) < len(hashes):
            return False
        entries = [
            (digest & CONTENT_MASK) << RECEIVED_BITS | received_s for digest in content_digests
        ]
        try:
            self._recent.update(zip(hashes, entries, strict=True))
        except BaseException:
            for key_hash in hashes:
                self.forget(key_hash)
            raise
        return True

    def forget(self, key_hash: int) -> None:
        """Drop an event that was added since the last `settle`, whose commit failed."""
        self._recent.pop(key_hash, None)

    def settle(self) -> None:
        """Move keys to where they are small, a little at each call; call it between commits."""
        if self._drained_segments < len(self._segments):
            self._drain_one()
        if len(self._recent) >= RECENT_KEYS_MAX:
            self._sort_recent()
        if len(self._middle) >= MIDDLE_KEYS_MAX:
            self._drain_middle()

    def gathered(self) -> list[Run]:
        """Move every key to the segments, and return these; it takes a while."""
        self._sort_recent()
        self._drain_middle()
        self._drain_all()
        return list(self._segments)

    def load(self, steps: Iterable[tuple[Words, Words, Seconds]]) -> None:
        """Take over many known events, as at a start: hashes, content digests, seconds, in steps.

        Beside the keys themselves it needs memory for one step and one segment.
        """
        parts: list[list[Run]] = [[] for _ in self._segments]
        for hashes, content_digests, received_s in steps:
            run = sorted_run(hashes, content_digests, received_s)
            bounds = [*run.words.searchsorted(_SEGMENT_STARTS).tolist(), len(run)]
            for own, (start, end) in zip(parts, pairwise(bounds), strict=True):
                own.append(run.between(start, end))
        for number, own in enumerate(parts):
            if any(len(run) for run in own):
                self._segments[number] = joined([self._segments[number], *own])
            own.clear()

    def _runs(self) -> list[Run]:
        return [self._middle, self._draining, *self._segments]

    def _touched(self, runs: Sequence[Run], ordered: Words) -> Iterator[tuple[Run, int, int]]:
        """Yield each run that may hold keys of `ordered`, with their stretch."""
        yield from ((run, 0, len(ordered)) for run in runs)
        bounds = ordered.searchsorted(_SEGMENT_STARTS).tolist()
        for segment, (start, end) in zip(
            self._segments, pairwise([*bounds, len(ordered)]), strict=True
        ):
            if start < end and len(segment):
                yield segment, start, end

    def _sort_recent(self) -> None:
        hashes = np.fromiter(self._recent.keys(), np.uint64, len(self._recent))
        entries = np.fromiter(self._recent.values(), np.uint64, len(self._recent))
        received_s = (entries & np.uint64(RECEIVED_MASK)).astype(np.uint32)
        run = sorted_run(hashes, entries >> np.uint64(RECEIVED_BITS), received_s)
        self._middle = self._middle.merged(run)
        self._recent = {}

    def _drain_middle(self) -> None:
        self._drain_all()
        self._draining, self._middle = self._middle, EMPTY
        self._drained_segments = 0

    def _drain_all(self) -> None:
        while self._drained_segments < len(self._segments):
            self._drain_one()

    def _drain_one(self) -> None:
        number = self._drained_segments
        bounds = np.searchsorted(self._draining.words, _SEGMENT_STARTS).tolist()
        start, end = [*bounds, len(self._draining)][number : number + 2]
        part = self._draining.between(start, end)
        segment = self._segments[number]
        self._segments[number] = segment.merged(part) if len(segment) else part
        self._drained_segments += 1
        if self._drained_segments == len(self._segments):
            self._draining = EMPTY


def entry(content_digest: int, received_s: int) -> int:
    """Return what is held of one event in one number: 24 bits of content, 32 of its second."""
    return (content_digest & CONTENT_MASK) << RECEIVED_BITS | received_s


def verdict_of(held: int, content_digest: int) -> Verdict:
    """Return known or conflict, as far as 24 bits of content can tell."""
    return (
        Verdict.KNOWN
        if held >> RECEIVED_BITS == content_digest & CONTENT_MASK
        else Verdict.CONFLICT
    )


def received_of(held: int) -> int:
    """Return the second in which the event first came."""
    return held & RECEIVED_MASK


def sorted_run(hashes: Words, content_digests: Words, received_s: Seconds) -> Run:
    """Return hashes, with what is held of them, as a run."""
    contents = content_digests & np.uint64(CONTENT_MASK)
    words = (hashes << np.uint64(8)) | (contents >> np.uint64(LOW_BITS))
    order = np.argsort(words)
    lows = (contents & np.uint64(LOW_MASK)).astype(np.uint16)
    return Run(words[order], lows[order], received_s[order])


def joined(runs: Sequence[Run]) -> Run:
    """Return runs in one; of a key that stands in several, the first answers."""
    words = np.concatenate([run.words for run in runs])
    order = np.argsort(words, kind="stable")
    lows = np.concatenate([run.lows for run in runs])
    received = np.concatenate([run.received for run in runs])
    return Run(words[order], lows[order], received[order])


_SEGMENT_STARTS: Words = np.arange(1 << SEGMENT_BITS, dtype=np.uint64) << np.uint64(
    64 - SEGMENT_BITS
)
