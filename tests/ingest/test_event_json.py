"""The fast reading of a push says exactly what the full reading says, or nothing."""

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import BillingError
from catalog.exact_json import exact_value
from ingest.event_json import ORDINARY_DIGITS_MAX, ordinary_batch, ordinary_event
from ingest.lago_shapes import from_lago_batch, read_batch
from ingest.usage_event import TEXT_LENGTH_MAX, UsageEvent, is_same_content
from tests.ingest.makers import a_push

DEPTH_MAX = 32
odd_texts = st.sampled_from(
    [
        "",
        " ",
        "\t",
        "a",
        "é",
        "\0",
        "\\",
        '"',
        "x" * 255,
        "x" * 256,
        "\u2003",
        "1e5",
        "\ud83d\ude00",
    ]
)
odd_numbers = st.sampled_from(
    ["0", "-0", "1.50", "1e5", "1E400", "9" * 39, "9" * 60, "1." + "0" * 50, "1e-70", "-7"]
)
odd_times: st.SearchStrategy[object] = st.sampled_from(
    [None, 0, -1, 1_793_880_000, 1_793_880_000_000, "1793880000", "1.5", "x", "", True, [], {}]
)


def as_json(value: object) -> bytes:
    """Return JSON of plain values."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def full_reading(body: bytes) -> list[UsageEvent] | str:
    """Return the events as the slow way reads them, or its refusal."""
    try:
        value = exact_value(body, DEPTH_MAX)
        raws = value.get("events") if isinstance(value, dict) else None
        return from_lago_batch(raws, events_max=100)
    except BillingError as refusal:
        return str(refusal.body)


def agree(body: bytes) -> bool:
    """Say whether the fast way was silent, or said just what the full reading says."""
    ordinary, full = ordinary_batch(body), full_reading(body)
    if ordinary is None:
        return True
    fast = ordinary.events
    return (
        isinstance(full, list)
        and len(full) == len(fast)
        and all(
            one.transaction_id == other.transaction_id
            and one.external_subscription_id == other.external_subscription_id
            and is_same_content(one, other)
            for one, other in zip(fast, full, strict=True)
        )
    )


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "transaction_id": odd_texts | st.integers() | st.none(),
                "code": odd_texts | st.none(),
                "external_subscription_id": odd_texts | st.none(),
                "timestamp": odd_times,
                "properties": st.none()
                | st.dictionaries(odd_texts, odd_texts | st.integers() | st.none(), max_size=3)
                | st.lists(st.integers(), max_size=2)
                | st.text(max_size=3),
                "precise_total_amount_cents": st.none() | odd_texts | st.integers(),
                "surplus": st.integers(),
            },
        ),
        max_size=3,
    )
)
def test_fast_and_full_reading_agree(raws: list[dict[str, object]]) -> None:
    """Whatever an app sends, what the fast way accepts is what the full reading makes of it."""
    assert agree(as_json({"events": raws}))


@given(odd_numbers, odd_texts)
def test_they_agree_on_any_number(number: str, text: str) -> None:
    """Numbers of any length and exponent are refused by both or kept digit for digit by both."""
    written = number.encode()
    body = (
        b'{"events":[{"transaction_id":"a","code":"c","external_subscription_id":"s",'
        b'"timestamp":1,"properties":{"n":%b,"t":%b,"l":[%b]}}]}'
    ) % (written, as_json(text), written)

    assert agree(body)


def test_the_usual_push_is_read_fast() -> None:
    """A push as Lago's clients send it needs no second look, single or in a batch."""
    push = a_push(properties={"tokens": "7", "model": "large"})

    assert ordinary_event(as_json({"event": push})) is not None
    batch = ordinary_batch(as_json({"events": [push, a_push("tx-2", timestamp=5)]}))
    assert batch is not None
    assert batch.transaction_ids == ["tx-1", "tx-2"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b'{"events":[]}',
        b'{"events":null}',
        b'{"events":[null]}',
        b"\xff",
        b'{"events":[{"transaction_id":"\xff","code":"c","external_subscription_id":"s"}]}',
        b'{"events":' * 10_000,
        b'{"events":[{"transaction_id":"a","code":"c","external_subscription_id":"s",'
        b'"properties":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}]}",
    ],
)
def test_anything_unusual_gets_the_full_reading(body: bytes) -> None:
    """What is empty, broken or too deep is left to the reading that explains what is wrong."""
    assert ordinary_batch(body) is None


def test_limits_are_those_of_the_full_reading() -> None:
    """At the limit of an id the fast way answers, one character beyond it does not."""
    longest = a_push("x" * TEXT_LENGTH_MAX)
    too_long = a_push("x" * (TEXT_LENGTH_MAX + 1))

    assert ordinary_event(as_json({"event": longest})) is not None
    assert ordinary_event(as_json({"event": too_long})) is None


def test_long_numbers_get_the_full_reading() -> None:
    """A number of forty digits is looked at more closely, and kept."""
    number = "9" * ORDINARY_DIGITS_MAX
    body = b'{"events":[%b]}' % as_json(a_push(properties={})).replace(
        b'"properties": {}', b'"properties": {"n": %b}' % number.encode()
    )

    assert ordinary_batch(body) is None
    columns, is_normal = read_batch(body, DEPTH_MAX, 100)
    assert not is_normal
    kept = msgspec.json.decode(columns.properties[0], type=dict[str, Decimal])
    assert kept == {"n": Decimal(number)}
