"""What a valid push is, and when two pushes are the same event."""

import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from catalog.exact_json import exact_value
from ingest.event_columns import columns_of, content_digests, event_keys
from ingest.usage_event import (
    EPOCH,
    TEXT_LENGTH_MAX,
    Faulty,
    UsageEvent,
    event_from_lago,
    event_id,
    is_same_content,
    occurred_us,
    timestamp_of,
)
from tests.ingest.makers import NOW, an_event


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1_793_880_000, datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        ("1793880000", datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        (Decimal("1793880000.1234567"), datetime(2026, 11, 5, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("1780586634.1", datetime(2026, 6, 4, 15, 23, 54, 100_000, tzinfo=UTC)),
        ("1.79388e9", datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        (Decimal("-0.5"), datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)),
        (None, NOW.replace(microsecond=0)),
    ],
)
def test_timestamps_are_read_exactly(timestamp: object, expected: datetime) -> None:
    """Seconds since the epoch, as number or text, keep their microseconds; none means now."""
    event = an_event(timestamp=timestamp)

    occurred = occurred_us(event, int(NOW.timestamp()))
    assert EPOCH + timedelta(microseconds=occurred) == expected
    if timestamp is not None:
        assert timestamp_of(expected) == event.timestamp


@pytest.mark.parametrize(
    "timestamp",
    [
        "",
        "2026-11-05T08:00:00Z",
        True,
        [],
        {},
        "1_793",
        "NaN",
        "Infinity",
        1_793_880_000_000,
        "\uff11",
    ],
)
def test_other_timestamps_are_refused(timestamp: object) -> None:
    """ISO text, milliseconds and anything that is no number are `invalid_format`."""
    with pytest.raises(Faulty) as refused:
        an_event(timestamp=timestamp)

    assert refused.value.codes == {"timestamp": ["invalid_format"]}


def test_all_wrong_fields_are_reported_at_once() -> None:
    """One answer names every fault of an event."""
    with pytest.raises(Faulty) as refused:
        event_from_lago({"timestamp": "x", "properties": 3, "code": {}})

    assert refused.value.codes == {
        "transaction_id": ["value_is_mandatory"],
        "code": ["value_is_invalid"],
        "timestamp": ["invalid_format"],
        "properties": ["value_is_invalid"],
    }


def test_ids_have_a_longest_length() -> None:
    """An id may have as many characters as the limit, and not one more."""
    longest = "x" * TEXT_LENGTH_MAX

    assert an_event(longest).transaction_id == longest
    with pytest.raises(Faulty, match="value_is_too_long"):
        an_event(longest + "x")


def test_properties_keep_every_digit() -> None:
    """A number in the properties is kept as it was written."""
    body = b'{"tokens": 12345678901234567890.123456789012, "note": "\\u00e9"}'
    event = an_event(properties=exact_value(body, 32))

    assert str(event.properties, "utf-8") == (
        '{"note":"é","tokens":12345678901234567890.123456789012}'
    )
    assert is_same_content(event, an_event(properties=exact_value(b" " + body, 32)))


def digests_of(event: UsageEvent, service: str = "nexadesk") -> tuple[str, int]:
    """Return the id and the content digest of one event."""
    columns = columns_of([event])
    (key,), (content,) = event_keys(service, columns), content_digests(service, columns)
    return event_id(key), content


def test_the_same_push_is_the_same_event() -> None:
    """Same ids and same content give the same id and digest, whatever the order of keys."""
    one = an_event(properties={"a": 1, "b": "2"})
    other = an_event(properties={"b": "2", "a": 1})

    assert digests_of(one) == digests_of(other)


@pytest.mark.parametrize(
    "changed",
    [
        {"properties": {"tokens": 8}},
        {"properties": {"tokens": "7"}},
        {"code": "calls"},
        {"timestamp": 1_793_880_001},
        {"timestamp": None},
        {"precise_total_amount_cents": "1"},
    ],
)
def test_other_content_has_another_digest(changed: dict[str, Any]) -> None:
    """Any change of content under the same id is seen."""
    original, altered = an_event(), an_event(**changed)

    assert digests_of(altered)[0] == digests_of(original)[0]
    assert digests_of(altered)[1] != digests_of(original)[1]
    assert not is_same_content(original, altered)


def test_json_may_be_written_in_many_ways() -> None:
    """Spaces and the order of keys change the digest, not what an event says."""
    one = an_event()
    other = msgspec.structs.replace(one, properties=msgspec.Raw(b'{ "tokens" : 7 }'))

    assert digests_of(one)[1] != digests_of(other)[1]
    assert is_same_content(one, other)


def test_keys_of_neighbours_differ() -> None:
    """Service, subscription and transaction each make another key, however they are split."""
    ids = {
        digests_of(an_event("b", external_subscription_id="a"))[0],
        digests_of(an_event("a", external_subscription_id="b"))[0],
        digests_of(an_event("c", external_subscription_id="ab"))[0],
        digests_of(an_event("c", external_subscription_id='a","b'))[0],
        digests_of(an_event("b", external_subscription_id="a"), "nexamaps")[0],
    }

    assert len(ids) == 5
    assert all(str(uuid.UUID(text)) == text for text in ids)
