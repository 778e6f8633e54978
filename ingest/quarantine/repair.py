"""Quarantined events counted after all, as they are or mended; or dismissed. Nothing is deleted.

Decides the order of writes: the decision (with its changes) is committed to the state, then the
event to the inbox, then the decision is marked as carried out. A crash after the first or second
step leaves a decision that the next call carries out again; see `resume` for why twice is once.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from catalog.errors import MethodNotAllowed, NotFound
from catalog.exact_json import JsonObject
from catalog.store.services import services
from ingest.inbox_body import events_body
from ingest.keys.key_index import Verdict
from ingest.push import Door, Push, push_of
from ingest.quarantine.quarantine import QuarantineLog, Selection
from ingest.quarantine.quarantined_event import (
    Metrics,
    QuarantinedEvent,
    Standing,
    changed_event,
    changes_of_text,
    changes_text,
    fault_codes,
    faults_now,
    valid_changes,
)
from ingest.quarantine.store import Kind, Resolution, claim, finish, forget, unfinished
from ingest.receiving import Intake
from ingest.stored_usage import REFUSED, stored_events
from ingest.usage_event import UsageEvent, is_same_content
from storage.fault_points import reached
from storage.state import State

ROWS_PER_BATCH = 5_000
EVENTS_PER_PUSH_MAX = 1_000
REFUSALS_TOLD_MAX = 100
Watch = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Repairs:
    """The parts that count quarantined events after all; call them outside an event loop."""

    state: State
    intake: Intake

    @property
    def log(self) -> QuarantineLog:
        """Return what answers questions about quarantine."""
        return QuarantineLog(self.state, self.intake.lake, self.intake.flusher)


@dataclass(frozen=True, slots=True)
class Signature:
    """Who decides, and why: kept with the decision."""

    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of the rows that were meant: how many are kept to be counted, and the others.

    `still_faulty` counts by reason; `refused` has the codes of rows whose mended id is known with
    other content (the first hundred); `is_complete` is false where the limit ended it.
    """

    repaired: int = 0
    still_faulty: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, dict[str, list[str]]] = field(default_factory=dict)
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class _Repair:
    """A row, the decision about it, and the event that is to be counted."""

    row: QuarantinedEvent
    resolution: Resolution
    event: UsageEvent

    @property
    def key(self) -> tuple[str, str]:
        return self.event.external_subscription_id or "", self.event.transaction_id

    @property
    def is_moved(self) -> bool:
        """Say whether the mended event has another key: then it is a new event to everybody."""
        return self.event.external_subscription_id != self.row.event.external_subscription_id


def replay(
    parts: Repairs,
    service_code: str,
    selection: Selection,
    metrics: Metrics,
    at: datetime,
    watch: Watch = lambda _seen, _all: None,
    repairs_max: int | None = None,
) -> Repaired:
    """Let what the metrics in force can count now be counted; the rest stays in quarantine.

    An event keeps its time, and is received at `at`. NotFound for an id that is not there.
    """
    decision = Resolution(service_code, "", Kind.REPLAYED, at)
    return _repaired(parts, selection, decision, metrics, watch, repairs_max)


def mend(
    parts: Repairs,
    service_code: str,
    selection: Selection,
    changes: JsonObject,
    metrics: Metrics,
    at: datetime,
    *,
    signed: Signature,
    watch: Watch = lambda _seen, _all: None,
) -> Repaired:
    """Count events changed: what the changes make countable is kept, the rest stays as it was."""
    text = changes_text(valid_changes(changes))
    decision = Resolution(service_code, "", Kind.MENDED, at, signed.author, signed.reason, text)
    return _repaired(parts, selection, decision, metrics, watch, None)


def dismiss(
    parts: Repairs,
    service_code: str,
    selection: Selection,
    at: datetime,
    *,
    signed: Signature,
    watch: Watch = lambda _seen, _all: None,
) -> int:
    """Note that rows shall never count, and return how many; they stay where they are."""
    resume(parts, service_code, at)
    _expect_open(parts, service_code, selection)
    author, reason = signed.author, signed.reason
    decision = Resolution(service_code, "", Kind.DISMISSED, at, author, reason, finished_at=at)
    dismissed = 0
    for rows in _batches(parts, service_code, selection, watch):
        with parts.state.write() as connection:
            decisions = [replace(decision, row_id=row.id) for row in rows]
            dismissed += len(claim(connection, service_code, decisions))
            reached("quarantine.dismissing")
        reached("quarantine.dismissed")
    return dismissed


def resume(parts: Repairs, service_code: str, at: datetime) -> int:
    """Carry out a service's decisions that a crash left undone; return how many there were.

    Twice is once: the flush drops replayed events whose key is usage already, a row counted or
    set aside anew is left alone here, and a moved event has a key of its own, known by then.
    """
    parts.log.flush()
    resumed = 0
    while True:
        with parts.state.read() as connection:
            left = unfinished(connection, service_code, ROWS_PER_BATCH)
        if not left:
            return resumed
        rows = parts.log.found(service_code, [each.row_id for each in left])
        waiting = [
            _repair(row, each)
            for each in left
            if (row := rows.get(each.row_id)) and row.standing is Standing.OPEN
        ]
        _carry_out(parts, service_code, left, waiting, at)
        resumed += len(left)


def resume_all(parts: Repairs, at: datetime) -> int:
    """Carry out what a crash left undone in any service: for the start and the scheduler."""
    with parts.state.read() as connection:
        codes = [
            service.code
            for service in services(connection)
            if unfinished(connection, service.code, 1)
        ]
    return sum(resume(parts, code, at) for code in codes)


def _repaired(
    parts: Repairs,
    selection: Selection,
    decision: Resolution,
    metrics: Metrics,
    watch: Watch,
    repairs_max: int | None,
) -> Repaired:
    service_code, at = decision.service_code, decision.decided_at
    resume(parts, service_code, at)
    rows = _expect_open(parts, service_code, selection)
    if len(rows) == 1 and rows[0].is_refused:
        raise MethodNotAllowed("refused_push_cannot_be_counted")
    repaired, faulty, refused = 0, Counter[str](), dict[str, dict[str, list[str]]]()
    for rows in _batches(parts, service_code, replace(selection, is_uncountable=True), watch):
        repairs = [_repair(row, replace(decision, row_id=row.id)) for row in rows]
        faults = faults_now([repair.event for repair in repairs], metrics)
        good: list[_Repair] = []
        for repair, fault in zip(repairs, faults, strict=True):
            if fault is None and repair.row.is_repairable:
                good.append(repair)
            else:
                faulty[fault or repair.row.reason] += 1
        done, taken = _begin(parts, service_code, good, at)
        repaired += done
        faulty[REFUSED] += len(taken)
        refused |= {id_: fault_codes(REFUSED) for id_ in taken[: REFUSALS_TOLD_MAX - len(refused)]}
        if repairs_max is not None and repaired >= repairs_max:
            return Repaired(repaired, dict(+faulty), refused, is_complete=False)
    return Repaired(repaired, dict(+faulty), refused)


def _expect_open(parts: Repairs, service_code: str, selection: Selection) -> list[QuarantinedEvent]:
    """Return the rows that were named; refuse a foreign id, and one row alone that is resolved."""
    rows = list(parts.log.found(service_code, selection.ids).values())
    if len(rows) < len(set(selection.ids)):
        raise NotFound("quarantined_event")
    if len(rows) == 1 and rows[0].standing is not Standing.OPEN:
        raise MethodNotAllowed("quarantined_event_is_resolved")
    return rows


def _batches(
    parts: Repairs, service_code: str, selection: Selection, watch: Watch
) -> Iterator[list[QuarantinedEvent]]:
    """Yield the open rows that were meant, each once, telling the watch how many were seen."""
    total = sum(parts.log.counts(service_code, selection).values())
    seen, last = 0, None
    while rows := parts.log.after(service_code, selection, last, ROWS_PER_BATCH):
        yield rows
        seen, last = seen + len(rows), rows[-1].position
        watch(seen, max(seen, total))


def _repair(row: QuarantinedEvent, decision: Resolution) -> _Repair:
    if decision.changes is None:
        return _Repair(row, decision, row.event)
    return _Repair(row, decision, changed_event(row.event, changes_of_text(decision.changes)))


def _begin(
    parts: Repairs, service_code: str, repairs: Sequence[_Repair], at: datetime
) -> tuple[int, list[str]]:
    """Decide and carry out; return how many events were kept, and the ids that were refused."""
    if not repairs:
        return 0, []
    with parts.state.write() as connection:
        claimed = claim(connection, service_code, [repair.resolution for repair in repairs])
        reached("quarantine.claiming")
    reached("quarantine.claimed")
    ours = [repair for repair in repairs if repair.row.id in claimed]
    refused = _carry_out(parts, service_code, [one.resolution for one in ours], ours, at)
    return len(ours) - len(refused), refused


def _carry_out(
    parts: Repairs,
    service_code: str,
    decisions: Sequence[Resolution],
    repairs: Sequence[_Repair],
    at: datetime,
) -> list[str]:
    """Keep the events durably, then mark the decisions; return the row ids that were refused."""
    refused: list[str] = []
    for start in range(0, len(repairs), EVENTS_PER_PUSH_MAX):
        part = repairs[start : start + EVENTS_PER_PUSH_MAX]
        _keep_replayed(parts, service_code, [one for one in part if not one.is_moved], at)
        refused += _keep_moved(parts, service_code, [one for one in part if one.is_moved], at)
        reached("quarantine.pushed")
    with parts.state.write() as connection:
        ids = {decision.row_id for decision in decisions}
        finish(connection, service_code, ids - set(refused), at)
        forget(connection, service_code, refused)
        reached("quarantine.finishing")
    reached("quarantine.finished")
    return refused


def _keep_replayed(
    parts: Repairs, service_code: str, repairs: Sequence[_Repair], at: datetime
) -> None:
    """Push events whose key quarantine knows, under keys that name the row they come from."""
    if not repairs:
        return
    push = _push(service_code, repairs, Door.REPLAYED, at)
    keys = [
        b"\0replayed\0%b\0%b\0%d" % (repair.row.id.encode(), key, content)
        for repair, key, content in zip(repairs, push.keys, push.contents, strict=True)
    ]
    push = replace(push, keys=keys)
    receipt = parts.intake.committer.submit(push)
    if receipt.conflicts:
        # Another key shares the hash by chance: these are new all the same.
        judged = dict.fromkeys(receipt.conflicts, (Verdict.NEW, push.received_s))
        parts.intake.committer.submit(replace(push, judged=judged))


def _keep_moved(
    parts: Repairs, service_code: str, repairs: Sequence[_Repair], at: datetime
) -> list[str]:
    """Push events that have a new key, as any app would; return the rows whose key is taken."""
    # Several processes learn of a conflict at the flush only, so the lake is asked first.
    refused = _taken(parts, service_code, repairs)
    free = [one for one in repairs if one.row.id not in refused]
    if not free:
        return refused
    push = replace(_push(service_code, free, Door.EVENTS, at), refuses_known=True)
    conflicts = parts.intake.take_in_now(push).conflicts
    if conflicts:
        parts.log.flush()
    return refused + _taken(parts, service_code, [free[index] for index in conflicts])


def _taken(parts: Repairs, service_code: str, repairs: Sequence[_Repair]) -> list[str]:
    """Return the rows whose new key the lake knows, and never with what the mend would say."""
    stored = stored_events(parts.intake.lake, service_code, [one.key for one in repairs])
    return [
        one.row.id
        for one in repairs
        if (known := stored.get(one.key))
        and not any(is_same_content(one.event, other.event) for other in known)
    ]


def _push(service_code: str, repairs: Sequence[_Repair], door: Door, at: datetime) -> Push:
    events = [repair.event for repair in repairs]
    received_s = int(at.timestamp())
    return push_of(service_code, events, events_body(events), door, received_s, is_partial=True)
