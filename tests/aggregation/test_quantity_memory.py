"""A remembered quantity is given again only while nothing it comes from has changed."""

from dataclasses import replace
from datetime import UTC, datetime

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.quantity import NO_USAGE, Quantity, UsageWindow
from aggregation.quantity_memory import QuantityMemory
from ingest import touched
from ingest.touched import TouchedSubscriptions
from tests.ingest.makers import a_metric

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
WINDOW = UsageWindow("w", "nexadesk", "sub-1", a_metric(), START, END)
ANSWER: dict[str, Quantity] = {"w": NO_USAGE}


def test_an_answer_is_remembered_at_its_position() -> None:
    """The same question at the same position gets the same answer; a later position does not."""
    memory = QuantityMemory()
    memory.keep([WINDOW], 7, ANSWER)

    assert memory.recall([WINDOW], 7) is ANSWER
    assert memory.recall([WINDOW], 8) is None
    assert memory.recall([WINDOW], None) is None


def test_another_version_of_the_metric_is_another_question() -> None:
    """A changed metric or window never gets an old answer."""
    memory = QuantityMemory()
    memory.keep([WINDOW], 7, ANSWER)

    assert (
        memory.recall([structs.replace(WINDOW, metric=replace(a_metric(), version=2))], 7) is None
    )
    assert memory.recall([structs.replace(WINDOW, end=START)], 7) is None


def test_what_is_not_known_to_be_current_is_not_remembered() -> None:
    """Without a position nothing is kept."""
    memory = QuantityMemory()
    memory.keep([WINDOW], None, ANSWER)

    assert memory.recall([WINDOW], 0) is None


def test_the_oldest_answers_are_forgotten() -> None:
    """At the limit of answers all are kept; one more drops the one not asked for the longest."""
    memory = QuantityMemory(answers_max=2)
    one, two, three = (structs.replace(WINDOW, key=key) for key in "123")
    memory.keep([one], 1, ANSWER)
    memory.keep([two], 1, ANSWER)
    assert memory.recall([one], 1) is ANSWER

    memory.keep([three], 1, ANSWER)

    assert memory.recall([two], 1) is None
    assert memory.recall([one], 1) is memory.recall([three], 1) is ANSWER


subscriptions = st.sampled_from(["a", "b", "c", None])


@given(st.lists(st.sets(subscriptions, max_size=3), max_size=12), st.integers(1, 5))
def test_a_touch_is_never_missed(flushes: list[set[str | None]], limit: int) -> None:
    """Between two looks with the same position no usage came, however few may be remembered."""
    known = TouchedSubscriptions(0)
    original, touched.SUBSCRIPTIONS_MAX = touched.SUBSCRIPTIONS_MAX, limit
    try:
        for number, names in enumerate(flushes, start=1):
            before = {name: known.position("s", name, number) for name in "abc"}
            frame = pl.DataFrame(
                {"service": ["s"] * len(names), "subscription_id": list(names)},
                schema={"service": pl.String, "subscription_id": pl.String},
            )
            known.note([frame], number)
            for name in "abc":
                after = known.position("s", name, number)
                assert name not in names or after != before[name]
                assert known.position("s", name, number - 1) in (None, before[name])
    finally:
        touched.SUBSCRIPTIONS_MAX = original
