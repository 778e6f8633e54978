"""A push: one request's events on their way to the inbox, and what tells whether they are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ingest.key_index import Verdict
from ingest.usage_event import UsageEvent, content_digests, event_keys

Judged = Mapping[int, tuple[Verdict, int]]


class Door(Enum):
    """How an inbox section's body is to be read, and which table its rows go to."""

    EVENT = "event"
    EVENTS = "events"
    REVISIONS = "revisions"
    REFUSED = "refused"
    REPLAYED = "replayed"


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """Valid events of one service, and the JSON from which the flush reads them again.

    `is_partial` keeps the good events of a push when others conflict; else it is all or nothing.
    `refuses_known` treats a repeated event as a conflict (Lago's stricter answer). `judged` holds
    by index what the stores said where a hash could not tell, with the second of first receipt.
    """

    service_code: str
    events: Sequence[UsageEvent]
    body: bytes
    door: Door
    received_s: int
    keys: Sequence[bytes]
    contents: Sequence[int]
    is_partial: bool = False
    refuses_known: bool = False
    judged: Judged = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to each event of one push, in its order, and when it first came.

    With a conflict nothing was kept, unless the push was partial.
    """

    verdicts: Sequence[Verdict]
    received_s: Sequence[int]

    @property
    def conflicts(self) -> list[int]:
        """Return the indexes of the events whose id is known with other content."""
        return [index for index, verdict in enumerate(self.verdicts) if verdict is Verdict.CONFLICT]


def push_of(
    service_code: str,
    events: Sequence[UsageEvent],
    body: bytes,
    door: Door,
    received_s: int,
    *,
    is_partial: bool = False,
    refuses_known: bool = False,
) -> Push:
    """Return the push of valid events."""
    keys = event_keys(service_code, events)
    return Push(
        service_code,
        events,
        body,
        door,
        received_s,
        keys,
        content_digests(keys, events),
        is_partial=is_partial,
        refuses_known=refuses_known,
    )
