"""Group commit: many pushes, one fsync. A push is answered when its events are on disk.

One thread owns the key index and the inbox's tail, so two pushes of one event can't both be new.
"""

import asyncio
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol, TypeAlias

import structlog

from catalog.errors import TemporarilyUnavailable
from ingest.deciding import Decided, Decider
from ingest.inbox_body import Section, inbox_body
from ingest.intake_counts import IntakeCounts
from ingest.push import Push, Receipt
from storage.fault_points import reached
from storage.inbox import CommitUnknownError, Inbox, NewRow

PUSHES_PER_COMMIT_MAX = 500
# A group ends with the push that reaches it: the flush, too, takes a commit's bodies at once.
BYTES_PER_COMMIT = 16 * 1024 * 1024
WAITING_PUSHES_MAX = 10_000
_log = structlog.get_logger(__name__)


class LoopAnswer(Protocol):
    """Who is told in an event loop what became of a push; an asyncio.Future is one."""

    def get_loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop in which to tell."""

    def done(self) -> bool:
        """Say whether nobody waits any more."""

    def set_result(self, receipt: Receipt, /) -> None:
        """Tell the receipt."""

    def set_exception(self, error: Exception, /) -> None:
        """Tell why nothing was kept."""


Answer: TypeAlias = "Future[Receipt] | LoopAnswer"


@dataclass(frozen=True, slots=True)
class _Waiting:
    push: Push
    answer: Answer


class Committer:
    """The thread that decides and keeps pushes."""

    def __init__(
        self,
        inbox: Inbox,
        open_decider: Callable[[], Decider],
        counts: IntakeCounts | None = None,
    ) -> None:
        """Start the thread; `open_decider` reads what is known, now and after a doubtful commit."""
        self._counts = counts or IntakeCounts()
        self._inbox = inbox
        self._open_decider = open_decider
        self._decider: Decider | None = open_decider()
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether pushes can be kept."""
        return self._thread.is_alive()

    @property
    def is_sure(self) -> bool:
        """Say whether it is known of every push so far whether it was kept."""
        return self._decider is not None

    @property
    def waiting_count(self) -> int:
        """Return the number of pushes that wait for their commit."""
        return self._queue.qsize()

    def submit(self, push: Push) -> Receipt:
        """Keep one push from any thread but an event loop's; return when it is durable."""
        answer: Future[Receipt] = Future()
        self._enqueue(_Waiting(push, answer))
        return answer.result()

    def keep(self, push: Push) -> "asyncio.Future[Receipt]":
        """Keep one push from an event loop; TemporarilyUnavailable when it could not be stored."""
        # A caller who goes away cancels his answer, not what is being kept.
        answer: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.keep_for(push, answer)
        return answer

    def keep_for(self, push: Push, answer: LoopAnswer) -> None:
        """Keep one push and tell `answer` in its loop; TemporarilyUnavailable if it can't wait."""
        self._enqueue(_Waiting(push, answer))

    def close(self) -> None:
        """Keep what was handed in, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _enqueue(self, waiting: _Waiting) -> None:
        if not self.is_running:
            raise TemporarilyUnavailable("shutting_down")
        if self._queue.qsize() >= WAITING_PUSHES_MAX:
            raise TemporarilyUnavailable("too_many_waiting_pushes")
        self._queue.put(waiting)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Waiting], bool]:
        group: list[_Waiting] = []
        bytes_count = 0
        waiting = self._queue.get()
        while waiting is not None:
            group.append(waiting)
            bytes_count += len(waiting.push.body)
            if len(group) == PUSHES_PER_COMMIT_MAX or bytes_count >= BYTES_PER_COMMIT:
                return group, False
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            # What could not be seen to be kept or not kept is read from the stores again.
            decider = self._decider or self._open_decider()
            self._decider = decider
            decided = self._kept(decider, group)
        except Exception as error:  # noqa: BLE001 - whatever the disk says, the callers must be told
            if isinstance(error, CommitUnknownError):
                self._decider = None
            self._counts.failed_pushes += len(group)
            _log.exception("inbox_commit_failed", pushes_count=len(group))
            _answer(group, [TemporarilyUnavailable("usage_could_not_be_stored")] * len(group))
            return
        _answer(group, [each.receipt for each in decided])
        reached("commit.answered")
        self._counts.add(each.receipt.verdicts for each in decided)
        decider.settle()

    def _kept(self, decider: Decider, group: Sequence[_Waiting]) -> list[Decided]:
        decided = decider.decide([waiting.push for waiting in group])
        reached("commit.decided")
        try:
            if rows := _rows(decided):
                at = datetime.fromtimestamp(group[0].push.received_s, UTC)
                self._inbox.append(rows, at=at)
                self._counts.commits += 1
        except BaseException:
            decider.undo(decided)
            raise
        reached("commit.kept")
        return decided


def _rows(decided: Sequence[Decided]) -> list[NewRow]:
    sections: defaultdict[int, list[Section]] = defaultdict(list)
    counts: defaultdict[int, int] = defaultdict(int)
    for shard, section, events_count in chain.from_iterable(each.sections for each in decided):
        sections[shard].append(section)
        counts[shard] += events_count
    return [NewRow(shard, counts[shard], inbox_body(sections[shard])) for shard in sorted(sections)]


def _answer(group: Sequence[_Waiting], results: Sequence[Receipt | Exception]) -> None:
    """Answer every push of a group; one wake-up for each event loop."""
    loops: defaultdict[asyncio.AbstractEventLoop, list[tuple[LoopAnswer, Receipt | Exception]]] = (
        defaultdict(list)
    )
    for waiting, result in zip(group, results, strict=True):
        if isinstance(waiting.answer, Future):
            _set(waiting.answer, result)
        else:
            loops[waiting.answer.get_loop()].append((waiting.answer, result))
    for loop, answers in loops.items():
        try:
            loop.call_soon_threadsafe(_set_all, answers)
        except RuntimeError:
            _log.warning("caller_gone", pushes_count=len(answers))


def _set_all(answers: Sequence[tuple[LoopAnswer, Receipt | Exception]]) -> None:
    for answer, result in answers:
        if not answer.done():
            _set(answer, result)


def _set(answer: Answer, result: Receipt | Exception) -> None:
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)
