"""The gate before a shared lake: a flush worker drops what its shard knows already.

With several API processes nobody knows all keys when a push is answered. The 200 then says
durable; here, before the lake, each event is new, known, or in conflict and set aside.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count, repeat
from typing import TypeAlias

import msgspec

from ingest.event_columns import EventColumns, are_whole, columns_of, keys_and_digests
from ingest.inbox_body import Refused, Section, events_of_section, refusal_details, refused_body
from ingest.keys.key_index import RECEIVED_BITS, KeyIndex, Verdict, received_of, verdict_of
from ingest.push import Door
from ingest.stored_usage import REFUSED, Key, StoredEvent, stored_events
from ingest.usage_event import (
    MICROSECONDS,
    UsageEvent,
    is_same_content,
    occurred_us,
    refused_key,
)
from storage.lake import Lake
from storage.lake_errors import StaleMarkError

# Replayed events are known by their quarantine row; refused ones were judged by who refused them.
NOT_JUDGED = frozenset({Door.REPLAYED, Door.REFUSED})
Stored: TypeAlias = Mapping[tuple[str, Key], list[StoredEvent]]


@dataclass(slots=True)
class _Told:
    """A section, what its events are known by, and what the index's runs hold of them."""

    section: Section
    columns: EventColumns
    keys: Sequence[bytes]
    contents: Sequence[int]
    hashes: Sequence[int]
    older: Sequence[int] = ()

    @property
    def events(self) -> Sequence[UsageEvent]:
        """Return the events."""
        return self.columns.events

    @property
    def places(self) -> list[int]:
        """Return the indexes of the events that are to be judged."""
        if self.section.door in NOT_JUDGED:
            return []
        skipped = set(self.section.skipped)
        return [place for place in range(len(self.events)) if place not in skipped]

    def stored_key(self, place: int) -> Key:
        """Return what an event is found by in the lake."""
        event = self.events[place]
        return event.external_subscription_id or "", event.transaction_id


@dataclass(slots=True)
class IndexGate:
    """Decides for one shard. Its index knows every key up to `mark`, as far back as `since`.

    Belongs to one thread.
    """

    index: KeyIndex
    lake: Lake
    since: datetime
    mark: int
    _shadowed: list[tuple[int, int | None]] = field(default_factory=list)
    _pending: dict[bytes, tuple[_Told, int]] = field(default_factory=dict)

    def check(self, mark: int) -> None:
        """Refuse to decide from another mark than its own: StaleMarkError.

        What another worker moved in between is not in this index, and would be taken for new.
        """
        if mark != self.mark:
            raise StaleMarkError(
                f"the shard was moved to {mark} by somebody else, this index knows it up to "
                f"{self.mark}: load the index anew"
            )

    def admit(self, rows: Sequence[Sequence[Section]]) -> list[list[Section]]:
        """Return each row's sections without repeats, and sections for what conflicts."""
        told = [[self._told(section) for section in sections] for sections in rows]
        flat = [each for sections in told for each in sections]
        self._look_up(flat)
        stored = self._stored(flat)
        return [
            [part for each in sections for part in self._judged(each, stored)] for sections in told
        ]

    def settle(self, mark: int) -> None:
        """Remember what was admitted: it is in the lake, up to `mark`."""
        self.mark = mark
        self._shadowed.clear()
        self._pending.clear()
        self.index.settle()

    def undo(self) -> None:
        """Forget what was admitted: it is not."""
        for key_hash, before in reversed(self._shadowed):
            self.index.forget(key_hash)
            if before is not None:
                self.index.add(key_hash, before >> RECEIVED_BITS, received_of(before))
        self._shadowed.clear()
        self._pending.clear()

    def _told(self, section: Section) -> _Told:
        columns = columns_of(events_of_section(section))
        keys, contents = keys_and_digests(section.service_code, columns)
        return _Told(section, columns, keys, contents, self.index.hashes(keys))

    def _look_up(self, told: Sequence[_Told]) -> None:
        """Fill in what the runs hold, with one search for all."""
        hashes = [key_hash for each in told for key_hash in each.hashes]
        found = self.index.older(hashes)
        start = 0
        for each in told:
            end = start + len(each.hashes)
            each.older = found[start:end] if found else ()
            start = end

    def _stored(self, told: Sequence[_Told]) -> Stored:
        """Return what the lake holds of the events where a hash can't tell; [] for nothing."""
        horizon_us = int(self.since.timestamp()) * MICROSECONDS
        asked: defaultdict[str, list[Key]] = defaultdict(list)
        for each in told:
            if self._are_unknown(each, horizon_us):
                continue
            for place in each.places:
                if self._is_suspect(each, place, horizon_us):
                    asked[each.section.service_code].append(each.stored_key(place))
        return {
            (service_code, key): found.get(key, [])
            for service_code, keys in asked.items()
            for found in [stored_events(self.lake, service_code, keys)]
            for key in keys
        }

    def _are_unknown(self, told: _Told, horizon_us: int) -> bool:
        """Say whether no event can be known, as far as the index reaches."""
        times = told.columns.timestamps
        return (
            not told.older
            and are_whole(times)
            and min(times) * MICROSECONDS >= horizon_us
            and not self.index.holds_recent(told.hashes)
        )

    def _is_suspect(self, told: _Told, place: int, horizon_us: int) -> bool:
        held = self._held(told, place)
        if held is not None:
            return verdict_of(held, told.contents[place]) is Verdict.CONFLICT
        return occurred_us(told.events[place], told.section.received_s) < horizon_us

    def _held(self, told: _Told, place: int) -> int | None:
        recent = self.index.recent(told.hashes[place])
        if recent is not None:
            return recent
        return told.older[place] if told.older and told.older[place] >= 0 else None

    def _judged(self, told: _Told, stored: Stored) -> list[Section]:
        """Return the section with what is known skipped, and one for what conflicts."""
        section = told.section
        if not stored and self._are_all_kept(told):
            return [section]
        skipped, conflicts = set(section.skipped), dict[int, int]()
        for place in told.places:
            held = self._held(told, place)
            if held is not None and verdict_of(held, told.contents[place]) is Verdict.KNOWN:
                skipped.add(place)
                continue
            is_new = held is None and (section.service_code, told.stored_key(place)) not in stored
            same_key = [] if is_new else self._same_key(told, place, stored)
            if not same_key:
                self._remember_event(told, place)
                continue
            skipped.add(place)
            if not any(is_same_content(told.events[place], each.event) for each in same_key):
                conflicts[place] = same_key[0].content_digest
        passed = msgspec.structs.replace(section, skipped=sorted(skipped))
        return [passed, *self._set_aside(told, conflicts)]

    def _are_all_kept(self, told: _Told) -> bool:
        """Remember the events of a section if all are new; else do nothing."""
        section = told.section
        shadowed: list[tuple[int, int | None]] = [(key_hash, None) for key_hash in told.hashes]
        is_whole = not told.older and not section.skipped and section.door not in NOT_JUDGED
        if not is_whole or not self.index.add_new(told.hashes, told.contents, section.received_s):
            return False
        self._shadowed += shadowed
        self._pending.update(zip(told.keys, zip(repeat(told), count(), strict=False), strict=False))
        return True

    def _same_key(self, told: _Told, place: int, stored: Stored) -> list[StoredEvent]:
        """Return what was kept under an event's key, in this flush or before."""
        if pending := self._pending.get(told.keys[place]):
            return [_stored_event(*pending)]
        service_code, key = told.section.service_code, told.stored_key(place)
        found = stored.get((service_code, key))
        if found is None:
            # Only now another key of this flush turned out to share its hash.
            found = stored_events(self.lake, service_code, [key]).get(key, [])
        return found

    def _remember_event(self, told: _Told, place: int) -> None:
        received_s, content = told.section.received_s, told.contents[place]
        self._remember(told.hashes[place], content, received_s)
        self._pending[told.keys[place]] = told, place

    def _remember(self, key_hash: int, content: int, received_s: int) -> None:
        self._shadowed.append((key_hash, self.index.recent(key_hash)))
        self.index.add(key_hash, content, received_s)

    def _set_aside(self, told: _Told, conflicts: Mapping[int, int]) -> Iterable[Section]:
        """Yield the section of the conflicts (place to the kept digest) that are not aside yet."""
        fresh: dict[int, int] = {}
        for place, kept_digest in conflicts.items():
            content = told.contents[place]
            (key_hash,) = self.index.hashes([refused_key(told.keys[place], content)])
            if not self._is_known(key_hash, content):
                self._remember(key_hash, content, told.section.received_s)
                fresh[place] = kept_digest
        if fresh:
            yield _refused_section(told, fresh)

    def _is_known(self, key_hash: int, content: int) -> bool:
        held = self.index.recent(key_hash)
        if held is None and (older := self.index.older([key_hash])):
            held = older[0]
        return held is not None and verdict_of(held, content) is Verdict.KNOWN


def _stored_event(told: _Told, place: int) -> StoredEvent:
    return StoredEvent(told.events[place], told.section.received_s, told.contents[place])


def _refused_section(told: _Told, kept_digests: Mapping[int, int]) -> Section:
    """Return the section that sets conflicting events aside, with both digests."""
    events = [told.events[place] for place in kept_digests]
    details = [
        refusal_details(told.contents[place], kept_digest)
        for place, kept_digest in kept_digests.items()
    ]
    body = refused_body(Refused(events, REFUSED, details))
    return Section(told.section.service_code, told.section.received_s, Door.REFUSED, [], body)
