"""What is worked out for a whole push at once is what each of its events alone would get."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ingest.event_columns import columns_of, content_digests, event_ids, event_keys
from ingest.lago_instant import lago_milliseconds, lago_seconds
from ingest.lago_shapes import to_lago_events
from ingest.usage_event import UsageEvent, UsageRevision, event_id, occurred_us

SERVICE = "nexadesk"
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9)
odd_texts = st.sampled_from(["a", "\x1e", '","', "\\", "\n", '"', "é", "😀", "\x7f", "a\x1eb"])
properties = st.dictionaries(texts, texts | st.integers(), max_size=2).map(
    lambda value: msgspec.Raw(msgspec.json.encode(value))
)
events = st.builds(
    UsageEvent,
    transaction_id=texts | odd_texts,
    code=texts | odd_texts,
    external_subscription_id=st.none() | texts | odd_texts,
    timestamp=st.none() | st.integers(-(10**10), 10**10) | st.just("1793880000.25"),
    properties=properties | st.just(msgspec.Raw(b'{"a":"\x1e"}')),
    precise_total_amount_cents=st.none() | st.just("1.50"),
)
revisions = st.builds(
    UsageRevision,
    transaction_id=texts,
    code=texts,
    properties=properties,
    fact_id=texts | odd_texts,
    is_void=st.booleans(),
)
# Short pushes and long ones are worked out in different ways.
pushes = st.lists(events, min_size=1, max_size=3).flatmap(
    lambda few: st.sampled_from([few, few * 16])
)


@given(pushes | st.lists(revisions, min_size=1, max_size=3))
def test_a_push_is_known_by_what_its_events_are_known_by(pushed: list[UsageEvent]) -> None:
    """Keys, digests and ids do not depend on what else is in a push, whatever the texts hold."""
    columns = columns_of(pushed)
    keys, contents = event_keys(SERVICE, columns), content_digests(SERVICE, columns)

    alone = [columns_of([event]) for event in pushed]
    assert keys == [event_keys(SERVICE, each)[0] for each in alone]
    assert contents == [content_digests([SERVICE], each)[0] for each in alone]
    assert event_ids(keys) == [event_id(key) for key in keys]
    assert list(columns.properties) == [bytes(event.properties).decode() for event in pushed]


@given(pushes, st.integers(0, 4_000_000_000))
def test_an_answer_is_the_json_of_its_events(pushed: list[UsageEvent], received_s: int) -> None:
    """An answer is what an encoder of JSON writes of its events, one by one."""
    columns = columns_of(pushed)
    keys = event_keys(SERVICE, columns)

    answer = to_lago_events(columns, keys, [received_s] * len(pushed))

    assert answer == msgspec.json.encode(
        [
            {
                "lago_id": event_id(key),
                "transaction_id": event.transaction_id,
                "lago_customer_id": None,
                "code": event.code,
                "timestamp": lago_milliseconds(occurred_us(event, received_s)),
                "precise_total_amount_cents": event.precise_total_amount_cents,
                "properties": event.properties,
                "lago_subscription_id": None,
                "external_subscription_id": event.external_subscription_id,
                "created_at": lago_seconds(received_s),
            }
            for event, key in zip(pushed, keys, strict=True)
        ]
    )
