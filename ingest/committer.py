"""Group commit: many pushes, one fsync. A push is answered when its events are on disk.

One thread owns the key index and the inbox's tail, so two pushes of one event can't both be new.
"""

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog

from catalog.errors import TemporarilyUnavailable
from ingest.inbox_body import inbox_body
from ingest.key_index import KeyIndex, Verdict
from ingest.usage_event import UsageEvent
from storage.inbox import Inbox

PUSHES_PER_COMMIT_MAX = 500
WAITING_PUSHES_MAX = 10_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to each event of one push, in its order; with a conflict nothing was kept.

    `events` are the events as they are kept: a retry as it was taken in the first time.
    """

    verdicts: tuple[Verdict, ...]
    events: tuple[UsageEvent, ...]

    @property
    def is_kept(self) -> bool:
        """Say whether the push was accepted."""
        return Verdict.CONFLICT not in self.verdicts


@dataclass(frozen=True, slots=True)
class _Push:
    events: Sequence[UsageEvent]
    answer: "Future[Receipt]"


class Committer:
    """The thread that decides and keeps pushes."""

    def __init__(self, inbox: Inbox, index: KeyIndex) -> None:
        """Start the thread; from here on it alone touches `index`."""
        self._inbox = inbox
        self._index = index
        self._waiting: queue.Queue[_Push | None] = queue.Queue(WAITING_PUSHES_MAX)
        self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Say whether pushes can be kept."""
        return self._thread.is_alive()

    def submit(self, events: Sequence[UsageEvent]) -> "Future[Receipt]":
        """Hand in one push, all of it or nothing; the future ends when the answer is durable."""
        push = _Push(events, Future())
        # A caller who goes away must not undo what is being kept, nor stop the thread.
        push.answer.set_running_or_notify_cancel()
        if not self.is_running:
            raise TemporarilyUnavailable("shutting_down")
        try:
            self._waiting.put_nowait(push)
        except queue.Full as error:
            raise TemporarilyUnavailable("too_many_waiting_pushes") from error
        return push.answer

    def close(self) -> None:
        """Keep what was handed in, then stop."""
        self._waiting.put(None)
        self._thread.join()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            pushes, stopping = self._next_pushes()
            if pushes:
                self._commit(pushes)

    def _next_pushes(self) -> tuple[list[_Push], bool]:
        pushes: list[_Push] = []
        push = self._waiting.get()
        while push is not None:
            pushes.append(push)
            if len(pushes) == PUSHES_PER_COMMIT_MAX:
                return pushes, False
            try:
                push = self._waiting.get_nowait()
            except queue.Empty:
                return pushes, False
        return pushes, True

    def _commit(self, pushes: Sequence[_Push]) -> None:
        added: list[UsageEvent] = []
        rows: list[tuple[int, bytes]] = []
        receipts: list[Receipt] = []
        for push in pushes:
            receipt, new = self._decide(push.events)
            receipts.append(receipt)
            added.extend(new)
            if new:
                rows.append((len(new), inbox_body(new)))
        try:
            if rows:
                self._inbox.append(rows)
        except Exception:  # noqa: BLE001 - whatever the disk says, the callers must be told
            _log.exception("inbox_commit_failed", events_count=len(added))
            for event in added:
                self._index.forget(event.key)
            refusal = TemporarilyUnavailable("usage_could_not_be_stored")
            for push in pushes:
                push.answer.set_exception(refusal)
            return
        for push, receipt in zip(pushes, receipts, strict=True):
            push.answer.set_result(receipt)

    def _decide(self, events: Sequence[UsageEvent]) -> tuple[Receipt, list[UsageEvent]]:
        verdicts: list[Verdict] = []
        kept: list[UsageEvent] = []
        new: list[UsageEvent] = []
        for event in events:
            verdict = self._index.verdict(event.key, event.content_digest)
            verdicts.append(verdict)
            if verdict is Verdict.NEW:
                self._index.add(event.key, event.content_digest, event.received_at)
                new.append(event)
            kept.append(event.as_first_received(self._index.first_received_at(event.key)))
        receipt = Receipt(tuple(verdicts), tuple(kept))
        if not receipt.is_kept:
            for event in new:
                self._index.forget(event.key)
            new = []
        return receipt, new
