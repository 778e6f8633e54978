"""The flush: what waits in the inbox becomes Parquet in the lake, exactly once.

The inbox rows beyond the lake's mark are appended and the mark is moved in one transaction;
only then are they deleted from the inbox. A crash between any two steps changes nothing.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

import msgspec

from ingest.acknowledged import Acknowledged, waiting_sections, with_waiting
from ingest.first_inbox_body import sections_of_any_body
from ingest.inbox_body import Section, events_of_section
from ingest.intake_counts import IntakeCounts
from ingest.push import Door
from ingest.stored_usage import Key, stored_events
from ingest.touched import TouchedSubscriptions
from ingest.usage_frame import MetricsInForce, usage_frames
from ingest.watermark import Watermark
from storage.fault_points import reached
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_tables import QUARANTINE

FLUSH_EVENTS_MAX = 50_000
WAITING_EVENTS_MAX = 5_000


class Flushing(Protocol):
    """Brings what was acknowledged into the lake, here or in another process."""

    def flush(self) -> Watermark:
        """Return once everything acknowledged before this call is in the lake."""

    def acknowledged(self, service_code: str, subscription: str) -> Acknowledged:
        """Return a subscription's usage that was acknowledged before this call."""


class Gate(Protocol):
    """Drops from inbox rows what is known already: where no index stood before the inbox."""

    def check(self, mark: int) -> None:
        """Refuse to decide from another mark than the one it knows: StaleMarkError."""

    def admit(self, rows: Sequence[Sequence[Section]]) -> list[list[Section]]:
        """Return each row's sections with what must not be kept skipped, and refused ones."""

    def settle(self, mark: int) -> None:
        """Remember what was admitted: it is in the lake, up to `mark`."""

    def undo(self) -> None:
        """Forget what was admitted: it is not."""


class OpenGate:
    """Lets everything pass: the committer's index has decided already."""

    def check(self, mark: int) -> None:
        """Do nothing: it knows nothing that could be stale."""

    def admit(self, rows: Sequence[Sequence[Section]]) -> list[list[Section]]:
        """Return the sections as they are."""
        return [list(sections) for sections in rows]

    def settle(self, mark: int) -> None:
        """Do nothing."""

    def undo(self) -> None:
        """Do nothing."""


class Flusher:
    """Moves one shard's inbox into the lake; safe to call from any thread."""

    def __init__(
        self,
        inbox: Inbox,
        lake: Lake,
        metrics: Callable[[], MetricsInForce],
        shard: int = 0,
        gate: Gate | None = None,
        counts: IntakeCounts | None = None,
    ) -> None:
        """Remember the parts; `metrics` reads the billable metrics in force now."""
        self._inbox = inbox
        self._lake = lake
        self._metrics = metrics
        self._shard = shard
        self._gate = gate or OpenGate()
        self._counts = counts or IntakeCounts()
        self._flushing = threading.Lock()
        self._is_sole_writer = gate is None
        mark = lake.mark(stream_of(shard))
        self._mark: int | None = mark
        # What is in the lake for certain; the inbox holds all rows beyond it.
        self._reached = mark
        self._touched = TouchedSubscriptions(mark)
        inbox.delete_upto(shard, mark)
        # A new inbox beside an old lake must not hand out positions the lake has passed.
        inbox.start_beyond(shard, mark)

    def flush(self) -> Watermark:
        """Move everything that was acknowledged before this call; return what is in the lake."""
        goal = self._inbox.last_id(self._shard)
        with self._flushing:
            mark = self._known_mark()
            while mark < goal:
                # Should this fail, nobody knows how far it got: the lake is asked.
                self._mark = None
                moved = self._flush_after(mark)
                if moved == mark:
                    break
                mark = moved
            self._mark = mark
            return Watermark(((self._shard, mark),))

    def acknowledged(self, service_code: str, subscription: str) -> Acknowledged:
        """Return a subscription's usage that was acknowledged before this call, wherever it lies.

        The few rows that wait are read where they are, and nobody waits for a commit; more than
        WAITING_EVENTS_MAX are flushed.
        """
        if not self._is_sole_writer:
            return Acknowledged(self.flush())
        goal = self._inbox.last_id(self._shard)
        while (mark := self._reached) < goal:
            rows = self._inbox.read(self._shard, mark, WAITING_EVENTS_MAX)
            if mark != self._reached:
                # A flush may have taken some of them away between the two.
                continue
            if (sections := waiting_sections(rows, goal)) is None:
                self.flush()
                continue
            position = self._touched.position(service_code, subscription, mark)
            owner = service_code, subscription
            in_lake = Watermark(((self._shard, mark),))
            return with_waiting(in_lake, position, sections, self._metrics, owner)
        position = self._touched.position(service_code, subscription, mark)
        return Acknowledged(Watermark(((self._shard, mark),)), position)

    @property
    def mark(self) -> int | None:
        """Return how far the lake is, without asking it; None where that is not sure."""
        return self._mark if self._is_sole_writer else None

    def touched_of(
        self, subscriptions: Collection[tuple[str, str]], after: int
    ) -> set[tuple[str, str]] | None:
        """Return which of some (service, subscription) got usage after a mark; None if unknown."""
        return self._touched.of(subscriptions, after)

    def _known_mark(self) -> int:
        if self._mark is not None and self._is_sole_writer:
            return self._mark
        mark = self._lake.mark(stream_of(self._shard))
        self._gate.check(mark)
        if mark > self._reached:
            # A flush that failed got through after all.
            self._touched.note_all(mark)
            self._reached = mark
        return mark

    def _flush_after(self, mark: int) -> int:
        rows = self._inbox.read(self._shard, mark, FLUSH_EVENTS_MAX)
        if not rows:
            return mark
        reached("flush.read")
        upto = rows[-1].id
        try:
            admitted = self._admitted([sections_of_any_body(row.body) for row in rows])
            placed = zip([row.id for row in rows], admitted, strict=True)
            frames = usage_frames(placed, self._metrics(), self._shard)
            reached("flush.framed")
            self._lake.append_once(stream_of(self._shard), mark, upto, frames)
        except BaseException:
            self._gate.undo()
            raise
        reached("flush.committed")
        self._touched.note(frames.values(), upto)
        self._reached = upto
        self._gate.settle(upto)
        self._counts.flushed += sum(frame.height for frame in frames.values())
        self._counts.quarantined += frames[QUARANTINE].height
        self._inbox.delete_upto(self._shard, upto)
        reached("flush.deleted")
        return upto

    def _admitted(self, rows: Sequence[Sequence[Section]]) -> list[list[Section]]:
        replayed: set[tuple[str, Key]] = set()
        return [
            [self._without_resolved(section, replayed) for section in sections]
            for sections in self._gate.admit(rows)
        ]

    def _without_resolved(self, section: Section, replayed: set[tuple[str, Key]]) -> Section:
        """Skip replayed events that are usage already: replaying twice changes nothing."""
        if section.door is not Door.REPLAYED:
            return section
        events = events_of_section(section)
        keys = [(event.external_subscription_id or "", event.transaction_id) for event in events]
        known = stored_events(self._lake, section.service_code, keys, tables=("usage",))
        skipped = set(section.skipped)
        for index, key in enumerate(keys):
            if key in known or (section.service_code, key) in replayed:
                skipped.add(index)
            if index not in skipped:
                replayed.add((section.service_code, key))
        return msgspec.structs.replace(section, skipped=sorted(skipped))


def stream_of(shard: int) -> str:
    """Return the name of a shard's mark in the lake."""
    return f"usage_{shard}"
