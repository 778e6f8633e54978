"""As closed, all rows of a service sum to those of now, and what a close kept stays."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dashboards.margin.pinned import INSTANT, Pinned, rows_as_closed

FIRST = datetime(2026, 7, 1, tzinfo=UTC)
MONTHS = tuple(date(2026, month, 1) for month in range(5, 10))
SCHEMA = {"service": pl.String(), "month": pl.Date(), "id": pl.Int64(), "cents": pl.Int64(),
          "known_from": INSTANT, "known_until": INSTANT}  # fmt: skip
Told = tuple[str, date, int, int, datetime, datetime | None]
moments = st.integers(0, 30).map(lambda hours: FIRST + timedelta(hours=hours))
rows = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from(MONTHS), st.integers(0, 3),
              st.integers(-99, 99), moments, st.none() | moments),
    max_size=12,
)  # fmt: skip
closes = st.lists(moments, min_size=1, max_size=3, unique=True).map(
    lambda at: dict(zip(MONTHS[1:], sorted(at), strict=False))
)


def as_closed(known: list[Told], pinned: Pinned) -> pl.DataFrame:
    frame = pl.DataFrame(known, schema=SCHEMA, orient="row")
    is_whole = (pl.col("known_until") > pl.col("known_from")).fill_null(value=True)
    return rows_as_closed(frame.filter(is_whole), pinned, "cents")


def cents(found: pl.DataFrame, **of: object) -> int:
    return int(found.filter(**of)["cents"].sum())


@given(rows, closes)
def test_all_months_as_closed_are_those_of_now(
    known: list[Told], kept: dict[date, datetime]
) -> None:
    """Whatever changed between and after closes, nothing is lost and nothing is doubled."""
    found = as_closed(known, {"a": kept})
    now = as_closed(known, {})

    for service in "ab":
        assert cents(found, service=service) == cents(now, service=service)
    assert cents(found, service="a", month=MONTHS[0]) == cents(now, service="a", month=MONTHS[0])


@given(rows, closes, st.integers(1, 30))
def test_what_comes_after_a_close_leaves_it_alone(
    known: list[Told], kept: dict[date, datetime], hours: int
) -> None:
    """Rows told or withdrawn after the last close change no closed month."""
    last = max(kept.values())
    before = [
        (*row[:5], row[5] if row[5] is not None and row[5] <= last else None)
        for row in known if row[4] <= last
    ]  # fmt: skip
    later: list[Told] = [(*row[:4], last + timedelta(hours=hours), None) for row in known]
    one, other = as_closed(before, {"a": kept}), as_closed([*known, *later], {"a": kept})

    for month in kept:
        assert cents(one, service="a", month=month) == cents(other, service="a", month=month)


def test_a_line_told_again_as_it_was_has_not_moved() -> None:
    """A new revision of an invoice moves only the lines that it changed."""
    at = [FIRST + timedelta(hours=hours) for hours in range(3)]
    found = as_closed(
        [("a", MONTHS[0], 1, 10, at[0], at[2]), ("a", MONTHS[0], 2, 20, at[0], at[2]),
         ("a", MONTHS[0], 1, 10, at[2], None), ("a", MONTHS[0], 2, 25, at[2], None)],
        {"a": {MONTHS[0]: at[1]}},
    )  # fmt: skip

    told = sorted(found.select("month", "id", "cents").iter_rows())
    assert told == [(MONTHS[0], 1, 10), (MONTHS[0], 2, 20), (MONTHS[1], 2, -20), (MONTHS[1], 2, 25)]
