"""The body of an inbox row: the pushes of one commit, each with its JSON as it came in."""

from collections.abc import Sequence

import msgspec

from ingest.push import Door
from ingest.usage_event import UsageEvent, UsageRevision

DIGEST_MASK = (1 << 64) - 1


class Section(msgspec.Struct, frozen=True, array_like=True):
    """One push: `body` is JSON in the form its door reads; `skipped` are indexes not kept."""

    service_code: str
    received_s: int
    door: Door
    skipped: list[int]
    body: bytes


class _Event(msgspec.Struct):
    event: UsageEvent


class _Events(msgspec.Struct):
    events: list[UsageEvent]


class _Revisions(msgspec.Struct):
    revisions: list[UsageRevision]


class Refused(msgspec.Struct, frozen=True):
    """Valid events that were refused, with the reason, and details by index."""

    events: list[UsageEvent]
    reason: str
    details: list[str]


_sections = msgspec.msgpack.Decoder(list[Section])
_encoder = msgspec.msgpack.Encoder()
_json = msgspec.json.Encoder()
_event = msgspec.json.Decoder(_Event)
_events = msgspec.json.Decoder(_Events)
_revisions = msgspec.json.Decoder(_Revisions)
_refused = msgspec.json.Decoder(Refused)


def inbox_body(sections: Sequence[Section]) -> bytes:
    """Return the sections of one commit as one body."""
    return _encoder.encode(sections)


def sections_of_body(body: bytes) -> list[Section]:
    """Return the sections of a body that `inbox_body` made."""
    return _sections.decode(body)


def events_body(events: Sequence[UsageEvent]) -> bytes:
    """Return the JSON of events in the form that the doors `event` and `events` share."""
    return _json.encode({"events": events})


def revisions_body(revisions: Sequence[UsageRevision]) -> bytes:
    """Return the JSON of revisions."""
    return _json.encode({"revisions": revisions})


def refused_body(refused: Refused) -> bytes:
    """Return the JSON of refused events."""
    return _json.encode(refused)


def refusal_details(refused_digest: int, kept_digest: int | None) -> str:
    """Return the details of a conflict (JSON): the digests of what was refused and what is kept."""
    digests = {"refused_digest": refused_digest, "kept_digest": kept_digest}
    return _json.encode(
        {
            name: None if digest is None else f"{digest & DIGEST_MASK:016x}"
            for name, digest in digests.items()
        }
    ).decode()


def events_of_section(section: Section) -> Sequence[UsageEvent]:
    """Return all events of a section, the skipped ones too."""
    match section.door:
        case Door.EVENT:
            return [_event.decode(section.body).event]
        case Door.EVENTS | Door.REPLAYED:
            return _events.decode(section.body).events
        case Door.REVISIONS:
            return _revisions.decode(section.body).revisions
        case Door.REFUSED:
            return refused_of_section(section).events


def refused_of_section(section: Section) -> Refused:
    """Return the events of a section of refused events, with their reason."""
    return _refused.decode(section.body)
