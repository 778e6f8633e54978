"""Deciding: what of each push is new, known or in conflict, and which shard it goes to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from zlib import crc32

from ingest.inbox_body import Section, events_body, revisions_body
from ingest.keys.key_index import KeyIndex, Verdict, received_of, verdict_of
from ingest.push import Door, Push, Receipt
from ingest.usage_event import UsageRevision

ShardSection: TypeAlias = tuple[int, Section, int]


@dataclass(frozen=True, slots=True)
class Decided:
    """A push's receipt, its sections for the inbox (shard, section, events kept), and new keys."""

    receipt: Receipt
    sections: Sequence[ShardSection]
    added: Sequence[int] = ()


class Decider(Protocol):
    """Decides the pushes of one commit; touched by the committer's thread alone."""

    def decide(self, pushes: Sequence[Push]) -> list[Decided]:
        """Return what becomes of each push, in order."""

    def undo(self, decided: Sequence[Decided]) -> None:
        """Forget what was decided: it could not be kept."""

    def settle(self) -> None:
        """Tidy up between commits."""


class IndexDecider:
    """Asks the key index; everything goes to one shard. The form for one process."""

    def __init__(self, index: KeyIndex, shard: int = 0) -> None:
        """Own the index."""
        self._index = index
        self._shard = shard

    def decide(self, pushes: Sequence[Push]) -> list[Decided]:
        """Return what becomes of each push, in order."""
        words = self._index.hash_array([key for push in pushes for key in push.keys])
        older, hashes = self._index.older(words), words.tolist()
        decided: list[Decided] = []
        added: list[int] = []
        try:
            start = 0
            for push in pushes:
                end = start + len(push.keys)
                added = []
                held = older[start:end] if older else None
                decided.append(self._decide(push, hashes[start:end], held, added))
                start = end
        except BaseException:
            # A key that is known but not stored would swallow the retry of its event.
            self.undo(decided)
            self._forget(added)
            raise
        return decided

    def undo(self, decided: Sequence[Decided]) -> None:
        """Forget the keys that were added."""
        for each in decided:
            self._forget(each.added)

    def settle(self) -> None:
        """Let the index move recent keys to their runs."""
        self._index.settle()

    def _forget(self, hashes: Sequence[int]) -> None:
        for key_hash in hashes:
            self._index.forget(key_hash)

    def _decide(
        self,
        push: Push,
        hashes: Sequence[int],
        older: Sequence[int] | None,
        added: list[int],
    ) -> Decided:
        if (
            older is None
            and not push.judged
            and self._index.add_new(hashes, push.contents, push.received_s)
        ):
            added += hashes
            receipt = _all_new(push)
            sections = _one_section(push, receipt.verdicts, self._shard, len(added))
            return Decided(receipt, sections, added)
        verdicts: list[Verdict] = []
        received: list[int] = []
        for position, key_hash in enumerate(hashes):
            held = self._index.recent(key_hash)
            if held is None and older is not None and older[position] >= 0:
                held = older[position]
            verdict, first_s = _judge(push, position, held)
            if verdict is Verdict.NEW:
                self._index.add(key_hash, push.contents[position], push.received_s)
                added.append(key_hash)
            verdicts.append(verdict)
            received.append(first_s)
        receipt = Receipt(verdicts, received)
        if receipt.conflicts and not push.is_partial:
            self._forget(added)
            return Decided(receipt, ())
        return Decided(receipt, _one_section(push, verdicts, self._shard, len(added)), added)


class ShardDecider:
    """Spreads events over shards by subscription and calls all of them new.

    The form for several processes: a shard's flush worker drops what it knows already, and sets
    aside what conflicts.
    """

    def __init__(self, shard_count: int) -> None:
        """Spread over so many shards."""
        self._shard_count = shard_count

    def decide(self, pushes: Sequence[Push]) -> list[Decided]:
        """Return what becomes of each push, in order."""
        return [self._decide(push) for push in pushes]

    def undo(self, decided: Sequence[Decided]) -> None:
        """Do nothing: nothing is remembered."""

    def settle(self) -> None:
        """Do nothing: nothing is remembered."""

    def _decide(self, push: Push) -> Decided:
        return Decided(_all_new(push), _sections_by_shard(push, self._shard_count))


def shard_of(service_code: str, subscription: str | None, shard_count: int) -> int:
    """Return the shard in which all usage of a subscription lies."""
    return crc32(f"{service_code}\0{subscription or ''}".encode()) % shard_count


def _all_new(push: Push) -> Receipt:
    count = len(push.keys)
    return Receipt([Verdict.NEW] * count, [push.received_s] * count)


def _judge(push: Push, position: int, held: int | None) -> tuple[Verdict, int]:
    judged = push.judged.get(position)
    if judged is not None:
        return judged
    if held is None:
        return Verdict.NEW, push.received_s
    verdict = verdict_of(held, push.contents[position])
    if verdict is Verdict.KNOWN and push.refuses_known:
        verdict = Verdict.CONFLICT
    return verdict, received_of(held)


def _one_section(
    push: Push, verdicts: Sequence[Verdict], shard: int, events_count: int
) -> Sequence[ShardSection]:
    if not events_count:
        return ()
    skipped: list[int] = []
    if events_count < len(verdicts):
        skipped = [place for place, verdict in enumerate(verdicts) if verdict is not Verdict.NEW]
    section = Section(push.service_code, push.received_s, push.door, skipped, push.body)
    return ((shard, section, events_count),)


def _sections_by_shard(push: Push, shard_count: int) -> Sequence[ShardSection]:
    shards = [
        shard_of(push.service_code, event.external_subscription_id, shard_count)
        for event in push.events
    ]
    if len(set(shards)) == 1:
        section = Section(push.service_code, push.received_s, push.door, [], push.body)
        return ((shards[0], section, len(shards)),)
    return [(shard, *_part(push, shards, shard)) for shard in sorted(set(shards))]


def _part(push: Push, shards: Sequence[int], shard: int) -> tuple[Section, int]:
    events = [event for event, its in zip(push.events, shards, strict=True) if its == shard]
    if push.door is Door.REVISIONS:
        body = revisions_body([event for event in events if isinstance(event, UsageRevision)])
        return Section(push.service_code, push.received_s, push.door, [], body), len(events)
    door = Door.REPLAYED if push.door is Door.REPLAYED else Door.EVENTS
    section = Section(push.service_code, push.received_s, door, [], events_body(events))
    return section, len(events)
