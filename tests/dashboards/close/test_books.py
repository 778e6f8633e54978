"""What is kept of a month never changes, and with what is pending it is the month as it is now."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.close.books import Books, of_month, parts_as_closed
from dashboards.close.figures import (
    DamagedFigures,
    figures_digest,
    figures_of_months,
    figures_of_text,
    figures_summed,
    figures_text,
)
from tests.dashboards.close.made import JUNE, SERVICE, closed, months, parts_of, some_parts, sums

FOUR = months(4)
worlds = st.fixed_dictionaries(dict.fromkeys(FOUR, some_parts))
# What the sources say when June, then July, is closed, and what they say in the end.
histories = st.tuples(worlds, worlds, worlds)
# Each example builds frames many times over.
some = settings(max_examples=max(20, settings().max_examples // 5), deadline=None)
NOTHING = Books(SERVICE, (), {})


@some
@given(histories)
def test_kept_and_pending_are_the_month_as_it_is_now(history: tuple[object, ...]) -> None:
    """For every closed month and owner, kept figures and pending ones sum to what it is now."""
    first, second, now = (parts_of(world) for world in history)  # type: ignore[arg-type]
    books = closed(closed(NOTHING, first, FOUR[0]), second, FOUR[1])

    every = figures_summed([books.kept(), books.pending(now)])

    assert every.equals(figures_of_months(now, SERVICE, FOUR[:2]))


@some
@given(histories)
def test_a_month_is_its_close_and_what_came_after(history: tuple[object, ...]) -> None:
    """A month's own figures, what later closes took and what is pending are the month now."""
    first, second, now = (parts_of(world) for world in history)  # type: ignore[arg-type]
    books = closed(closed(NOTHING, first, JUNE), second, FOUR[1])

    told = [of_month(books.figures[JUNE], JUNE), books.taken_later(JUNE),
            of_month(books.pending(now), JUNE)]  # fmt: skip

    assert figures_summed(told).equals(figures_of_months(now, SERVICE, [JUNE]))


@some
@given(histories)
def test_what_is_kept_does_not_change(history: tuple[object, ...]) -> None:
    """Whatever comes later, a closed month shows what it showed when it was closed."""
    first, second, now = (parts_of(world) for world in history)  # type: ignore[arg-type]
    once = closed(NOTHING, first, JUNE)
    shown = _shown(first, once, JUNE)
    later = closed(once, second, FOUR[1])

    assert sums(shown) == sums(figures_of_months(first, SERVICE, [JUNE]))
    assert _shown(now, later, JUNE).equals(shown)
    assert _shown(now, later, FOUR[1]).equals(_shown(second, later, FOUR[1]))


@some
@given(histories)
def test_shown_as_closed_nothing_is_lost(history: tuple[object, ...]) -> None:
    """Shown as closed, all months of a house sum to what they are now."""
    first, second, last = (parts_of(world) for world in history)  # type: ignore[arg-type]
    others = parts_of({JUNE: [("acme", None, 7, Decimal("0.5"))]}, service=None)
    now = pl.concat([last, others])
    books = closed(closed(NOTHING, first, JUNE), second, FOUR[1])

    shown = parts_as_closed(now, [books])

    assert sums(shown) == sums(now)
    assert shown.schema == now.schema
    unowned = pl.col("service").is_null()
    assert sums(shown.filter(unowned)) == sums(now.filter(unowned))


@some
@given(histories)
def test_pending_adjustments_stand_in_the_next_open_month(history: tuple[object, ...]) -> None:
    """The next open month shows its own figures and what changed in the closed ones."""
    first, second, now = (parts_of(world) for world in history)  # type: ignore[arg-type]
    books = closed(closed(NOTHING, first, JUNE), second, FOUR[1])

    own = figures_of_months(now, SERVICE, [FOUR[2]])
    expected = figures_summed([own, books.pending(now)])

    assert books.open_month == FOUR[2]
    assert sums(_shown(now, books, FOUR[2])) == sums(expected)
    assert sums(_shown(now, books, FOUR[3])) == sums(figures_of_months(now, SERVICE, [FOUR[3]]))


@some
@given(histories)
def test_a_close_taken_back_leaves_no_trace(history: tuple[object, ...]) -> None:
    """Closed, reopened and closed again, a month keeps what it had kept if closed once."""
    first, second, now = (parts_of(world) for world in history)  # type: ignore[arg-type]
    june = closed(NOTHING, first, JUNE)
    again = closed(closed(june, second, FOUR[1]).without(FOUR[1]), now, FOUR[1])

    assert again.figures[FOUR[1]].equals(closed(june, now, FOUR[1]).figures[FOUR[1]])
    assert again.pending(now).is_empty()


@some
@given(worlds)
def test_figures_come_back_from_their_text(world: dict[date, object]) -> None:
    """Kept figures are read back to the last digit, in one text whatever their order was."""
    figures = figures_of_months(parts_of(world), SERVICE, FOUR)  # type: ignore[arg-type]
    text = figures_text({"service": SERVICE}, figures)
    turned = figures_text({"service": SERVICE}, figures.reverse())

    assert figures_summed([figures_of_text(text, figures_digest(text))]).equals(figures)
    assert turned == text


def test_changed_figures_are_not_shown() -> None:
    """A digit changed in the kept text is told, and nothing is read."""
    figures = figures_of_months(
        parts_of({JUNE: [("acme", None, 125, Decimal(0))]}), SERVICE, [JUNE]
    )
    text = figures_text({}, figures)

    with pytest.raises(DamagedFigures, match="restore"):
        figures_of_text(text.replace("125", "126"), figures_digest(text))


def _shown(now: pl.DataFrame, books: Books, month: date) -> pl.DataFrame:
    shown = parts_as_closed(now, [books]).filter(pl.col("month") == month)
    return shown.sort(shown.columns, nulls_last=True)
