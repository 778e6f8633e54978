"""Keeping a batch of raw events that came in no request: from a file, or from the command line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from ingest.inbox_body import events_body
from ingest.keys.key_index import Verdict
from ingest.lago_shapes import CONFLICT_CODES, readable_events
from ingest.push import Door, push_of
from ingest.receiving import Intake

Codes: TypeAlias = Mapping[str, list[str]]


class Outcome(StrEnum):
    """What became of one event of a batch."""

    KEPT = "kept"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one raw event; `codes` are Lago's, by field, when it was refused."""

    outcome: Outcome
    codes: Codes | None = None


def keep_rows(
    intake: Intake, service_code: str, raws: Sequence[object], at: datetime
) -> list[RowOutcome]:
    """Keep the good events of a batch durably and say of each what became of it, in order.

    Call it outside an event loop. TemporarilyUnavailable when nothing could be stored.
    """
    if not raws:
        return []
    events, faults = readable_events(list(raws), events_max=len(raws))
    outcomes = {index: RowOutcome(Outcome.REFUSED, codes) for index, codes in faults.items()}
    kept = list(events.values())
    if kept:
        push = push_of(
            service_code,
            kept,
            events_body(kept),
            Door.EVENTS,
            int(at.timestamp()),
            is_partial=True,
        )
        verdicts = intake.take_in_now(push).verdicts
        outcomes |= {
            index: _outcome(verdict) for index, verdict in zip(events, verdicts, strict=True)
        }
    return [outcomes[index] for index in range(len(raws))]


def _outcome(verdict: Verdict) -> RowOutcome:
    if verdict is Verdict.CONFLICT:
        return RowOutcome(Outcome.REFUSED, CONFLICT_CODES)
    return RowOutcome(Outcome.KEPT if verdict is Verdict.NEW else Outcome.KNOWN)
