"""The flush seen from a process that does not flush: wait until the shards' workers are there."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from catalog.errors import TemporarilyUnavailable
from ingest.acknowledged import Acknowledged
from ingest.flush import stream_of
from ingest.watermark import Watermark
from storage.inbox import Inbox
from storage.lake import Lake

LOOK_SECONDS = 0.05  # float: seconds between two looks
CODE = "usage_is_not_in_the_lake_yet"


class LateFlush(TemporarilyUnavailable):
    """Acknowledged usage is not in the lake yet; it is safe in the inbox, and will get there."""

    def __init__(self, shards: Sequence[int], seconds: int) -> None:
        names = ", ".join(map(str, shards))
        self.told = (
            f"usage of shard {names} did not reach the lake within {seconds} s; it is safe in the "
            "inbox. See that a process with the role flush runs (fusion-billing serve --roles "
            "flush); its /health says what holds it up"
        )
        super().__init__(CODE, {"shards": [str(shard) for shard in shards], "cure": [self.told]})

    def __str__(self) -> str:
        """Return what happened and what to do."""
        return self.told


@dataclass(slots=True)
class AwaitedFlush:
    """Waits for the flush workers of all shards, at most `seconds_max`.

    `hurry` flushes what this process holds itself.
    """

    inbox: Inbox
    lake: Lake
    seconds_max: int
    hurry: Callable[[Sequence[int]], None] = lambda _shards: None
    ticks: Callable[[], float] = time.monotonic  # float: seconds of a stopwatch
    _seen: dict[int, int] = field(default_factory=dict)

    def acknowledged(self, service_code: str, subscription: str) -> Acknowledged:
        """Return what is in the lake once everything acknowledged is; nobody here can remember."""
        del service_code, subscription
        return Acknowledged(self.flush())

    def flush(self) -> Watermark:
        """Return once everything acknowledged before this call is in the lake.

        LateFlush when the workers don't get there in time.
        """
        goals = {shard: self.inbox.last_id(shard) for shard in range(self.inbox.shard_count)}
        # A mark only rises: one that was seen at its goal need not be read again.
        marks = {shard: self._seen.get(shard, 0) for shard in goals}
        until = self.ticks() + self.seconds_max
        is_first = True
        while behind := self._behind(goals, marks):
            if is_first:
                self.hurry(behind)
                is_first = False
                continue
            if self.ticks() > until:
                raise LateFlush(behind, self.seconds_max)
            time.sleep(LOOK_SECONDS)
        self._seen = marks
        return Watermark(tuple(sorted(marks.items())))

    def _behind(self, goals: Mapping[int, int], marks: dict[int, int]) -> list[int]:
        """Read the marks that are below their goal; return the shards that still are."""
        for shard, goal in goals.items():
            if marks[shard] < goal:
                marks[shard] = self.lake.mark(stream_of(shard))
        return [shard for shard, goal in goals.items() if marks[shard] < goal]
