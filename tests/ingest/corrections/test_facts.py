"""What a correction selects and what a revert restores, against a reader that goes row by row."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.corrections import facts
from ingest.corrections.facts import effective_facts, facts_before, history
from ingest.corrections.selection import Selection
from tests.aggregation.makers import EVERYTHING, Row, a_revision, an_event, at, frame, revisions

HOUR = 3600
KINDS = ("plain", "first", "second")
# A small world, so that facts meet; the last event is corrected without having been pushed.
events = st.lists(st.integers(0, 3), max_size=5)
told = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans(), st.sampled_from(KINDS)),
    max_size=12,
)
bounds = st.tuples(st.integers(0, 4), st.integers(0, 4))


def rows_of(
    happened: Sequence[int], tellings: Sequence[tuple[int, int, bool, str]]
) -> tuple[list[Row], list[Row]]:
    """Return plain events, and the revisions that were taken in after them."""
    plain = [an_event(number, hour * HOUR, Decimal(1)) for number, hour in enumerate(happened)]
    revised = [
        a_revision(
            number, of, hour * HOUR, Decimal(1), is_void=is_void,
            correction_id=None if kind == "plain" else kind,
        )
        for number, (of, hour, is_void, kind) in enumerate(tellings, 100)
    ]  # fmt: skip
    return plain, revised


def newest(plain: Sequence[Row], revised: Sequence[Row]) -> dict[str, Row]:
    """Return the newest row of each fact."""
    found = {f"e:{row['transaction_id']}": row for row in plain}
    return found | {str(row["fact_id"]): row for row in revised}


def known(plain: Sequence[Row], revised: Sequence[Row]) -> facts.History:
    """Return the rows as the lake shows them."""
    revision = revisions(revised) if revised else None
    return history(frame(plain), revision, EVERYTHING, "nexadesk")


def positions(frames: Sequence[pl.DataFrame]) -> dict[str, object]:
    """Return each fact's position, and see that no fact comes twice."""
    found = [row for one in frames for row in one.iter_rows(named=True)]
    assert len({row["fact_id"] for row in found}) == len(found)
    return {row["fact_id"]: row["inbox_id"] for row in found}


@pytest.fixture(autouse=True, params=[2, facts.PART_ROWS], ids=["in parts", "at once"])
def part_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let answers come in small parts, and in one."""
    monkeypatch.setattr(facts, "PART_ROWS", request.param)


@settings(max_examples=60)
@given(happened=events, tellings=told, hours=bounds)
def test_a_filter_selects_what_counts(
    happened: list[int], tellings: list[tuple[int, int, bool, str]], hours: tuple[int, int]
) -> None:
    """Selected is the newest row of a fact, if it is not void and lies in the stretch itself."""
    plain, revised = rows_of(happened, tellings)
    start, end = (at(hour * HOUR) for hour in hours)
    selection = Selection(start=start, end=end)

    found = positions(list(effective_facts(known(plain, revised), selection, "nexadesk")))

    assert found == {
        fact: row["inbox_id"]
        for fact, row in newest(plain, revised).items()
        if not row.get("is_void") and start <= occurred(row) < end
    }


@settings(max_examples=60)
@given(happened=events, tellings=told, number=st.integers(0, 5))
def test_one_fact_is_found_where_it_stands(
    happened: list[int], tellings: list[tuple[int, int, bool, str]], number: int
) -> None:
    """One event is found in its newest row whatever its time, and not at all when it is void."""
    plain, revised = rows_of(happened, tellings)
    selection = Selection(subscriptions=("sub-1",), fact_id=f"e:tx-{number}")

    found = positions(list(effective_facts(known(plain, revised), selection, "nexadesk")))

    row = newest(plain, revised).get(f"e:tx-{number}")
    is_there = row is not None and not row.get("is_void")
    assert found == ({f"e:tx-{number}": row["inbox_id"]} if row and is_there else {})


@settings(max_examples=100)
@given(happened=events, tellings=told)
def test_a_revert_restores_what_counted_before(
    happened: list[int], tellings: list[tuple[int, int, bool, str]]
) -> None:
    """Of each fact the row before the correction's first, unless it was pushed anew since."""
    plain, revised = rows_of(happened, tellings)
    found = [
        row
        for one in facts_before(known(plain, revised), "first")
        for row in one.iter_rows(named=True)
    ]

    assert {row["fact_id"]: (row["restores"], row["in_the_way"]) for row in found} == {
        fact: (before(fact, plain, revised), in_the_way(fact, revised))
        for fact in {row["fact_id"] for row in revised if row["correction_id"] == "first"}
        if newest(plain, revised)[str(fact)]["correction_id"] is not None
    }
    assert all(row["is_void"] for row in found if row["restores"] is None)


def occurred(row: Row) -> datetime:
    """Return when a row's usage happened."""
    occurred_at = row["occurred_at"]
    assert isinstance(occurred_at, datetime)
    return occurred_at


def before(fact: object, plain: Sequence[Row], revised: Sequence[Row]) -> object:
    """Return the digest of what there was of a fact before the first correction."""
    own = [row for row in revised if row["fact_id"] == fact]
    place = next(place for place, row in enumerate(own) if row["correction_id"] == "first")
    row = newest(plain, own[:place]).get(str(fact))
    return None if row is None else row["content_digest"]


def in_the_way(fact: object, revised: Sequence[Row]) -> object:
    """Return the later correction of a fact."""
    last = [row for row in revised if row["fact_id"] == fact][-1]
    return None if last["correction_id"] == "first" else last["correction_id"]
