"""Taking in one push: keep what is new, and give every event the answer it had the first time.

A hash may only suspect: a refusal is given, and an old event called known, after the stores
have been asked.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ingest.committer import Committer, LoopAnswer
from ingest.event_columns import are_whole, columns_of, keys_and_digests
from ingest.flush import Flushing
from ingest.inbox_body import Refused, refusal_details, refused_body
from ingest.keys.key_index import Verdict
from ingest.push import Door, Push, Receipt
from ingest.stored_usage import REFUSED, StoredEvent, stored_events
from ingest.usage_event import (
    UsageEvent,
    is_same_content,
    refused_key,
)
from storage.lake import Lake

Judged = dict[int, tuple[Verdict, int]]


@dataclass(frozen=True, slots=True)
class Intake:
    """The parts that take in usage; `index_since` is how far back the key index reaches."""

    committer: Committer
    flusher: Flushing
    lake: Lake
    index_since: datetime

    async def take_in(self, push: Push) -> Receipt:
        """Return the receipt of a push once it is durable; TemporarilyUnavailable when it is not.

        With conflicts nothing was kept (unless the push was partial); the refused events are
        set aside with both digests.
        """
        if old := self._too_old_for_the_index(push):
            push = replace(push, judged=await asyncio.to_thread(self._judged, push, old))
        receipt = await self.committer.keep(push)
        if receipt.are_new:
            return receipt
        suspects = [index for index in receipt.conflicts if index not in push.judged]
        if not suspects:
            return await self._refused(push, receipt)
        judged = await asyncio.to_thread(self._judged_again, push, suspects)
        push = replace(push, judged=judged)
        again = await self.committer.keep(push)
        # Of a partial push the good ones were kept at the first time: they are no repeats.
        return await self._refused(push, again.after(receipt) if push.is_partial else again)

    def begin(self, push: Push, answer: LoopAnswer) -> bool:
        """Hand a push in and say so; False, and nothing done, when the stores must be asked first.

        With a conflict nothing was kept: `take_in` finds out what it is.
        """
        if self._too_old_for_the_index(push):
            return False
        self.committer.keep_for(push, answer)
        return True

    def take_in_now(self, push: Push) -> Receipt:
        """Do the same outside an event loop."""
        return asyncio.run(self.take_in(push))

    def _too_old_for_the_index(self, push: Push) -> list[int]:
        horizon_s = int(self.index_since.timestamp())
        times = push.columns.timestamps
        if are_whole(times) and min(times) >= horizon_s:
            return []
        return [
            index
            for index, time in enumerate(times)
            if time is not None and (time if isinstance(time, int) else Decimal(time)) < horizon_s
        ]

    def _judged_again(self, push: Push, suspects: Sequence[int]) -> Judged:
        """Return the verdict of every suspect; one that is nowhere shared a hash by chance."""
        found = self._judged(push, suspects)
        missing = {
            index: (Verdict.NEW, push.received_s) for index in suspects if index not in found
        }
        return {**push.judged, **missing, **found}

    def _judged(self, push: Push, indexes: Sequence[int]) -> Judged:
        self.flusher.flush()
        stored = stored_events(
            self.lake, push.service_code, [_key(push.events[index]) for index in indexes]
        )
        first_of_key = {key: index for index, key in reversed(list(enumerate(push.keys)))}
        judged: Judged = {}
        for index in indexes:
            event = push.events[index]
            # Where one is stored, an earlier one of the push is itself no more than its repeat.
            same_key = stored.get(_key(event)) or _earlier_in_push(
                push, index, first_of_key[push.keys[index]]
            )
            if same_key:
                judged[index] = _verdict(event, same_key, refuses_known=push.refuses_known)
        return judged

    async def _refused(self, push: Push, receipt: Receipt) -> Receipt:
        """Set real conflicts aside, each once, before they are answered."""
        conflicts = receipt.conflicts
        if conflicts and not push.refuses_known:
            known = await asyncio.to_thread(self._first_kept, push, conflicts)
            await self.committer.keep(_refused_push(push, conflicts, known))
        return receipt

    def _first_kept(self, push: Push, indexes: Sequence[int]) -> list[int | None]:
        stored = stored_events(
            self.lake, push.service_code, [_key(push.events[index]) for index in indexes]
        )
        firsts = [stored.get(_key(push.events[index])) for index in indexes]
        return [first[0].content_digest if first else None for first in firsts]


def _key(event: UsageEvent) -> tuple[str, str]:
    return event.external_subscription_id or "", event.transaction_id


def _earlier_in_push(push: Push, index: int, first: int) -> list[StoredEvent]:
    if first == index:
        return []
    return [StoredEvent(push.events[first], push.received_s, push.contents[first])]


def _verdict(
    event: UsageEvent, same_key: Sequence[StoredEvent], *, refuses_known: bool
) -> tuple[Verdict, int]:
    for stored in same_key:
        if is_same_content(event, stored.event):
            verdict = Verdict.CONFLICT if refuses_known else Verdict.KNOWN
            return verdict, stored.received_s
    return Verdict.CONFLICT, same_key[0].received_s


def _refused_push(push: Push, indexes: Sequence[int], known: Sequence[int | None]) -> Push:
    columns = columns_of([push.events[index] for index in indexes])
    keys, contents = keys_and_digests(push.service_code, columns)
    details = [
        refusal_details(refused, kept) for refused, kept in zip(contents, known, strict=True)
    ]
    return Push(
        service_code=push.service_code,
        columns=columns,
        body=refused_body(Refused(list(columns.events), REFUSED, details)),
        door=Door.REFUSED,
        received_s=push.received_s,
        keys=[refused_key(key, content) for key, content in zip(keys, contents, strict=True)],
        contents=contents,
    )
