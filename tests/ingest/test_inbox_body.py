"""What the inbox keeps can be read again, also what the first release left there."""

import json

from ingest.first_inbox_body import sections_of_first_body
from ingest.inbox_body import (
    Section,
    events_body,
    events_of_section,
    inbox_body,
    refusal_details,
    sections_of_body,
)
from ingest.keys.key_index import Verdict
from ingest.push import Door
from ingest.usage_event import is_same_content
from storage.inbox import NewRow
from tests.ingest.makers import NOW, a_push, an_event
from tests.ingest.running_ingest import Ingest


def test_sections_come_back_as_they_were_kept() -> None:
    """Several pushes share one body; each keeps its service, its second and what is skipped."""
    body = events_body([an_event("a"), an_event("b")])
    sections = [
        Section("nexadesk", 7, Door.EVENTS, [1], body),
        Section("nexamaps", 8, Door.EVENT, [], json.dumps({"event": a_push("c")}).encode()),
    ]

    again = sections_of_body(inbox_body(sections))

    assert again == sections
    assert [event.transaction_id for event in events_of_section(again[0])] == ["a", "b"]
    assert [event.transaction_id for event in events_of_section(again[1])] == ["c"]


def test_digests_are_written_unsigned() -> None:
    """A digest from the lake, which is signed there, reads like the one of a push."""
    details = json.loads(refusal_details(2**64 - 1, -1))

    assert details == {"refused_digest": "f" * 16, "kept_digest": "f" * 16}


FIRST = [
    {
        "service_code": "nexadesk",
        "subscription_external_id": "sub-1",
        "transaction_id": "tx-1",
        "metric_code": "tokens",
        "occurred_at": "2026-11-05T12:00:00Z",
        "received_at": "2026-11-05T12:00:00.250000Z",
        "properties": '{"tokens":7}',
        "precise_total_amount_cents": None,
        "event_id": "6f1f7c0c-9a58-5d0e-8b0d-3d5a3f6b8a51",
        "content_digest": 5,
        "has_own_time": True,
    }
]


def test_a_body_of_the_first_release_is_read() -> None:
    """What 0.1.0 had acknowledged but not flushed is not lost by an upgrade."""
    (section,) = sections_of_first_body(json.dumps(FIRST).encode())

    (event,) = events_of_section(section)
    assert is_same_content(event, an_event())
    assert (section.service_code, section.received_s) == ("nexadesk", 1_793_880_000)


def test_it_reaches_the_lake_and_is_known(ingest: Ingest) -> None:
    """After the upgrade's start a retry of such an event is known, and the lake has it once."""
    body = json.dumps(FIRST).encode()
    ingest.inbox.append([NewRow(0, 1, body)], at=NOW)
    ingest.stop()
    ingest.__dict__.update(Ingest.start(ingest.folder).__dict__)

    assert ingest.push(an_event()) == [Verdict.KNOWN]
    ingest.flusher.flush()
    assert ingest.stored() == ["tx-1"]
