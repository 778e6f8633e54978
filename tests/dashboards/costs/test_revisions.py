"""Of each row the newest revision counts, in whatever order the revisions came."""

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dashboards.costs.cost_store import append_costs, costs_in_effect
from dashboards.costs.revisions import in_effect, new_rows
from storage.lake import Lake
from storage.lake_tables import COST
from tests.dashboards.costs.charge_rows import AT, DAY, a_batch, a_charge

NOTHING = pl.DataFrame(schema=COST.polars_schema)


def told(kept: pl.DataFrame, batch: pl.DataFrame, *, is_complete: bool = False) -> pl.DataFrame:
    found = new_rows(kept, batch, is_complete=is_complete, at=AT)
    assert found.faults == ()
    return pl.concat([kept, found.rows])


def counted(kept: pl.DataFrame) -> dict[tuple[date, str], Decimal]:
    rows = in_effect(kept.lazy()).collect().select("day", "source_key", "effective_cost")
    return {(day, key): cost for day, key, cost in rows.iter_rows()}


def keyed(costs: dict[str, int], revision: int | None) -> pl.DataFrame:
    rows = [
        a_charge(str(cost), source_key=key, row_number=place)
        for place, (key, cost) in enumerate(costs.items(), start=1)
    ]
    return a_batch(*rows, revision=revision)


batches = st.dictionaries(st.sampled_from("abc"), st.integers(-5, 5), min_size=1)


@given(st.lists(batches, min_size=1, max_size=5), st.data())
def test_revisions_in_any_order_are_one_answer(
    versions: list[dict[str, int]], data: st.DataObject
) -> None:
    """Whatever order revisions arrive in, complete or not, the same rows count."""
    wholes = data.draw(st.lists(st.booleans(), min_size=len(versions), max_size=len(versions)))
    sent = list(enumerate(zip(versions, wholes, strict=True), start=1))
    answers = []
    for order in (sent, data.draw(st.permutations(sent))):
        kept = NOTHING
        for revision, (costs, is_complete) in order:
            kept = told(kept, keyed(costs, revision), is_complete=is_complete)
        answers.append(counted(kept))

    assert answers[0] == answers[1]


@given(batches, st.sampled_from([None, 7]), st.booleans())
def test_a_batch_twice_is_a_batch_once(
    costs: dict[str, int],
    revision: int | None,
    is_complete: bool,  # noqa: FBT001 - drawn
) -> None:
    """A repeated batch adds no row."""
    once = told(NOTHING, keyed(costs, revision), is_complete=is_complete)
    twice = told(once, keyed(costs, revision), is_complete=is_complete)

    assert twice.height == once.height


@given(batches, batches)
def test_a_complete_batch_is_all_there_is(first: dict[str, int], second: dict[str, int]) -> None:
    """After a complete delivery its rows count and no other of their days."""
    for revision in (None, 2):
        kept = told(NOTHING, keyed(first, None if revision is None else 1))
        kept = told(kept, keyed(second, revision), is_complete=True)

        assert counted(kept) == {(DAY, key): Decimal(cost) for key, cost in second.items()}


def test_one_revision_says_one_thing() -> None:
    """The same revision with other content is refused and says what to do."""
    kept = told(NOTHING, keyed({"a": 1}, 3))

    found = new_rows(kept, keyed({"a": 2, "b": 1}, 3), is_complete=False, at=AT)

    assert found.rows.is_empty()
    assert [fault.row_number for fault in found.faults] == [1]
    assert "higher revision" in found.faults[0].reason


def test_one_batch_names_a_row_once() -> None:
    """Two rows of one key in one batch are a fault of the second."""
    batch = a_batch(a_charge(source_key="a"), a_charge(source_key="a", row_number=2), revision=1)

    assert [f.row_number for f in new_rows(NOTHING, batch, is_complete=False, at=AT).faults] == [2]


def test_equal_rows_without_keys_all_count() -> None:
    """Rows that nothing tells apart are kept apart by their order, so that each counts once."""
    batch = a_batch(a_charge("2"), a_charge("2", row_number=2))

    kept = told(told(NOTHING, batch), batch)

    assert list(counted(kept).values()) == [Decimal(2), Decimal(2)]


def test_what_was_known_then(lake: Lake) -> None:
    """As of a time before a revision came, the older one counts."""
    append_costs(lake, a_batch(a_charge("1", source_key="a"), revision=1), at=AT)
    later = AT + timedelta(days=1)
    newer = a_batch(a_charge("5", source_key="a"), revision=2, at=later)
    append_costs(lake, newer, at=later)

    sums = [
        costs_in_effect(lake, as_of).select(pl.col("cogs_cad").sum()).collect().item()
        for as_of in (AT, later, None)
    ]

    assert sums == [Decimal(1), Decimal(5), Decimal(5)]


def test_rows_from_before_revisions_count(lake: Lake) -> None:
    """A row of an older release has no source, and counts on the day that it began."""
    old = a_batch(a_charge()).with_columns(
        pl.lit(None, kind).alias(name)
        for name, kind in COST.polars_schema.items()
        if name in {"day", "last_day", "source", "source_key", "revision", "is_withdrawn"}
    )
    lake.append_unless(COST, pl.concat([old, old]), column="import_id", value="old")

    assert costs_in_effect(lake).collect()["day"].to_list() == [DAY, DAY]
