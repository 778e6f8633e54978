"""A push: one request's events on their way to the inbox, and what tells whether they are new."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ingest.event_columns import EventColumns, columns_of, keys_and_digests
from ingest.keys.key_index import Verdict
from ingest.usage_event import UsageEvent

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
    columns: EventColumns
    body: bytes
    door: Door
    received_s: int
    keys: Sequence[bytes]
    contents: Sequence[int]
    is_partial: bool = False
    refuses_known: bool = False
    judged: Judged = field(default_factory=dict)

    @property
    def events(self) -> Sequence[UsageEvent]:
        """Return the events."""
        return self.columns.events

    @property
    def received_if_new(self) -> Sequence[int]:
        """Return when each event first came, should all of them be new."""
        return [self.received_s] * len(self.columns)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to each event of one push, in its order, and when it first came.

    With a conflict nothing was kept, unless the push was partial.
    """

    verdicts: Sequence[Verdict]
    received_s: Sequence[int]

    @property
    def are_new(self) -> bool:
        """Say whether all events are new."""
        return self.verdicts.count(Verdict.NEW) == len(self.verdicts)

    def after(self, first: "Receipt") -> "Receipt":
        """Return this receipt of a push that came twice: what was new at first counts as new."""
        kept = [verdict is Verdict.NEW for verdict in first.verdicts]
        verdicts = [
            Verdict.NEW if is_new else verdict
            for is_new, verdict in zip(kept, self.verdicts, strict=True)
        ]
        return Receipt(verdicts, self.received_s)

    @property
    def conflicts(self) -> list[int]:
        """Return the indexes of the events whose id is known with other content."""
        if self.are_new:
            return []
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
    return push_of_columns(
        service_code,
        columns_of(events),
        body,
        door,
        received_s,
        is_partial=is_partial,
        refuses_known=refuses_known,
    )


def push_of_columns(
    service_code: str,
    columns: EventColumns,
    body: bytes,
    door: Door,
    received_s: int,
    *,
    is_partial: bool = False,
    refuses_known: bool = False,
) -> Push:
    """Return the push of valid events, given by field."""
    keys, contents = keys_and_digests(service_code, columns)
    return Push(
        service_code,
        columns,
        body,
        door,
        received_s,
        keys,
        contents,
        is_partial=is_partial,
        refuses_known=refuses_known,
    )
