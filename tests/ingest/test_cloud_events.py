"""CloudEvents are read as Lago's events: exact numbers and times, one id for one source and id."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import BadRequest, ValidationFailed
from ingest.cloud_events import (
    BATCHED,
    STRUCTURED,
    events_of_cloud_events,
    is_cloud_events,
    is_cloud_events_batch,
)
from ingest.epoch_seconds import epoch_seconds_text
from ingest.usage_event import event_from_lago


def a_cloud_event(**changed: object) -> dict[str, object]:
    """Return one structured event; a member given as None is sent as null."""
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": "1",
        "source": "/nexadesk/eu",
        "type": "tokens",
        "subject": "sub-1",
        "time": "2026-11-05T12:00:00.123456789Z",
        "data": {"tokens": 7},
    }
    return event | changed


def read(event: object, content_type: str = STRUCTURED) -> list[dict[str, Any]]:
    """Return the raw events of a body."""
    return events_of_cloud_events(json.dumps(event).encode(), content_type, {})


def codes_of(event: object, content_type: str = STRUCTURED) -> object:
    """Return the details of the refusal of a body."""
    with pytest.raises(ValidationFailed) as refused:
        read(event, content_type)
    return refused.value.details


def test_a_structured_event_is_a_lago_event() -> None:
    """Each attribute has one Lago field, and the result is a valid usage event."""
    (raw,) = read(a_cloud_event(), "application/cloudevents+json; charset=utf-8")

    assert raw == {
        "transaction_id": "/nexadesk/eu|1",
        "code": "tokens",
        "external_subscription_id": "sub-1",
        "timestamp": "1793880000.123456",
        "properties": {"tokens": 7},
    }
    assert event_from_lago(raw).transaction_id == "/nexadesk/eu|1"


def test_a_batch_keeps_its_order() -> None:
    """A batch gives one raw event for each member; an empty one gives none."""
    raws = read([a_cloud_event(id="b"), a_cloud_event(id="a")], BATCHED)

    assert [raw["transaction_id"] for raw in raws] == ["/nexadesk/eu|b", "/nexadesk/eu|a"]
    assert read([], BATCHED) == []


def test_binary_mode_is_the_same_event() -> None:
    """Attributes in percent-encoded headers and data in the body say what one document says."""
    event = a_cloud_event(subject="søb 1")
    headers = {f"ce-{name}": str(value) for name, value in event.items() if name != "data"}
    headers["ce-subject"] = "s%C3%B8b%201"

    assert events_of_cloud_events(b'{"tokens": 7}', "application/json", headers) == read(event)
    assert is_cloud_events({name.encode(): value.encode() for name, value in headers.items()})


@pytest.mark.parametrize(
    ("content_type", "headers", "expected"),
    [
        (STRUCTURED, {}, (True, False)),
        ("Application/CloudEvents-Batch+JSON;charset=utf-8", {}, (True, True)),
        ("application/json", {"ce-specversion": "0.3"}, (True, False)),
        ("application/json", {}, (False, False)),
        ("", {}, (False, False)),
    ],
)
def test_a_request_says_that_it_speaks_cloud_events(
    content_type: str, headers: dict[str, str], expected: tuple[bool, bool]
) -> None:
    """The content type or a ce- header tells CloudEvents from Lago's own bodies."""
    sent = {"content-type": content_type, **headers}
    as_bytes = {name.encode(): value.encode() for name, value in sent.items()}
    told = (is_cloud_events(as_bytes), is_cloud_events_batch(content_type))

    assert told == expected


def test_numbers_keep_every_digit() -> None:
    """A number in the data is read digit for digit."""
    body = json.dumps(a_cloud_event(data=None)).replace(
        '"data": null', '"data": {"tokens": 12345678901234567890.123456789012}'
    )
    (raw,) = events_of_cloud_events(body.encode(), STRUCTURED, {})

    assert raw["properties"] == {"tokens": Decimal("12345678901234567890.123456789012")}


def test_what_may_be_left_out_is_left_out() -> None:
    """Subject, time and data are optional; null stands for absent."""
    event = a_cloud_event(subject=None, time=None, data=None)
    (raw,) = read(event)

    assert raw["external_subscription_id"] is raw["timestamp"] is raw["properties"] is None


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"specversion": "0.3"}, {"specversion": ["value_is_invalid"]}),
        ({"specversion": None}, {"specversion": ["value_is_mandatory"]}),
        ({"id": ""}, {"id": ["value_is_mandatory"]}),
        ({"id": 7}, {"id": ["value_is_invalid"]}),
        ({"source": None}, {"source": ["value_is_mandatory"]}),
        ({"source": "a|b"}, {"source": ["value_is_invalid"]}),
        ({"type": " "}, {"type": ["value_is_mandatory"]}),
        ({"subject": 7}, {"subject": ["value_is_invalid"]}),
        ({"time": "2026-11-05 12:00:00Z"}, {"time": ["invalid_format"]}),
        ({"time": 1_793_880_000}, {"time": ["invalid_format"]}),
        ({"data_base64": "e30="}, {"data_base64": ["value_is_invalid"]}),
        ({"data": [1]}, {"data": ["value_is_invalid"]}),
        ({"datacontenttype": "text/xml"}, {"datacontenttype": ["value_is_invalid"]}),
    ],
)
def test_what_cannot_be_kept_is_refused(changed: dict[str, object], expected: object) -> None:
    """A refusal names CloudEvents' attribute with Lago's code."""
    assert codes_of(a_cloud_event(**changed)) == expected


def test_all_faults_are_told_at_once() -> None:
    """One answer names every fault of an event, in a batch at its index."""
    faulty = a_cloud_event(id=None, time="x")

    assert codes_of(faulty) == {"id": ["value_is_mandatory"], "time": ["invalid_format"]}
    assert codes_of([a_cloud_event(), faulty, 3], BATCHED) == {
        "1": {"id": ["value_is_mandatory"], "time": ["invalid_format"]},
        "2": {"event": ["invalid_format"]},
    }
    assert codes_of(a_cloud_event(), BATCHED) == {"events": ["invalid_format"]}


@pytest.mark.parametrize(
    ("body", "content_type", "headers"),
    [
        (b"{", STRUCTURED, {}),
        (b"\xff", BATCHED, {}),
        (b"{}", "application/cloudevents+avro", {}),
        (b"{}", "application/json", {"ce-specversion": "1.0", "ce-id": "%FF"}),
    ],
)
def test_a_body_that_cannot_be_read_is_a_bad_request(
    body: bytes, content_type: str, headers: dict[str, str]
) -> None:
    """What is not JSON, not UTF-8 or in a format nobody reads here is a bad request."""
    with pytest.raises(BadRequest):
        events_of_cloud_events(body, content_type, headers)


def test_binary_data_of_another_type_is_refused() -> None:
    """A body that is not JSON is no properties."""
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "tokens"}
    with pytest.raises(ValidationFailed, match="validation_errors"):
        events_of_cloud_events(b"a=1", "application/x-www-form-urlencoded", headers)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("1970-01-01T00:00:00Z", "0"),
        ("1969-12-31T23:59:59.5Z", "-0.5"),
        ("2026-11-05T12:00:00.1234569Z", "1793880000.123456"),
        ("1969-12-31T23:59:59.9999999Z", "-0.000001"),
        ("2026-11-05t07:00:00.100-05:00", "1793880000.1"),
        ("2026-11-05T12:00:00-00:00", "1793880000"),
        ("0001-01-01T00:00:00+23:59", "-62135683140"),
    ],
)
def test_times_are_read_exactly(time: str, expected: str) -> None:
    """Seconds are exact in any offset, and digits beyond the microsecond are cut to the past."""
    assert epoch_seconds_text(time) == expected


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-05T12:00:00",
        "2026-02-29T12:00:00Z",
        "2026-11-05T24:00:00Z",
        "2026-12-31T23:59:60Z",
        "2026-11-05T12:00:00+24:00",
        "2026-11-05T12:00:00.Z",
        "2026-11-05T12:00:00Z\n",
        "\uff12026-11-05T12:00:00Z",
    ],
)
def test_other_times_are_refused(time: str) -> None:
    """A time without offset, or one that no calendar has, is refused."""
    with pytest.raises(ValueError, match=r"."):
        epoch_seconds_text(time)


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999), st.integers(-1439, 1439))
def test_every_instant_comes_back(microseconds: int, offset_minutes: int) -> None:
    """Any microsecond of years 1 to 9999, written in any offset, is read as itself."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    local = instant.replace(tzinfo=None)
    text = f"{local.isoformat(timespec='microseconds')}Z"
    sign, minutes = ("-" if offset_minutes < 0 else "+"), abs(offset_minutes)
    shifted = f"{text[:-1]}{sign}{minutes // 60:02}:{minutes % 60:02}"

    assert Decimal(epoch_seconds_text(text)) * 1_000_000 == microseconds
    shift = Decimal(epoch_seconds_text(text)) - Decimal(epoch_seconds_text(shifted))
    assert shift == offset_minutes * 60


@given(st.text("ab/:#", min_size=1), st.text("ab|/", min_size=1))
def test_source_and_id_never_run_together(source: str, identifier: str) -> None:
    """The transaction id can be taken apart again into its source and id."""
    (raw,) = read(a_cloud_event(source=source, id=identifier))

    assert tuple(raw["transaction_id"].split("|", 1)) == (source, identifier)
