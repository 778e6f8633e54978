"""What a valid push is, and when two pushes are the same event."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.exact_json import exact_value
from ingest.usage_event import TEXT_LENGTH_MAX, Faulty, event_from_lago
from tests.ingest.makers import NOW, a_push, an_event


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [
        (1_793_880_000, datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        ("1793880000", datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        (Decimal("1793880000.1234567"), datetime(2026, 11, 5, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("1780586634.1", datetime(2026, 6, 4, 15, 23, 54, 100_000, tzinfo=UTC)),
        ("1.79388e9", datetime(2026, 11, 5, 12, 0, tzinfo=UTC)),
        (None, NOW),
    ],
)
def test_timestamps_are_read_exactly(timestamp: object, expected: datetime) -> None:
    """Seconds since the epoch, as number or text, keep their microseconds; none means now."""
    assert an_event(timestamp=timestamp).occurred_at == expected


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
        event_from_lago({"timestamp": "x", "properties": 3, "code": {}}, "nexadesk", NOW)

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

    assert event.properties == '{"note":"é","tokens":12345678901234567890.123456789012}'


def test_the_same_push_is_the_same_event() -> None:
    """Same ids and same content give the same key and digest, whatever the order of keys."""
    one = an_event(properties={"a": 1, "b": "2"})
    other = an_event(properties={"b": "2", "a": 1})

    assert (one.event_id, one.content_digest) == (other.event_id, other.content_digest)


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

    assert altered.event_id == original.event_id
    assert altered.content_digest != original.content_digest


def test_an_event_without_time_is_the_same_when_retried_later() -> None:
    """A retry of a push without timestamp is the same event, although time has passed."""
    first = event_from_lago(a_push(timestamp=None), "nexadesk", NOW)
    later = event_from_lago(a_push(timestamp=None), "nexadesk", NOW.replace(hour=13))

    assert first.content_digest == later.content_digest


def test_keys_of_neighbours_differ() -> None:
    """Service, subscription and transaction each make another key, however they are split."""
    ids = {
        an_event("b", external_subscription_id="a").event_id,
        an_event("a", external_subscription_id="b").event_id,
        an_event("c", external_subscription_id="ab").event_id,
        an_event("c", external_subscription_id='a","b').event_id,
        event_from_lago(a_push("b", external_subscription_id="a"), "nexamaps", NOW).event_id,
    }

    assert len(ids) == 5
