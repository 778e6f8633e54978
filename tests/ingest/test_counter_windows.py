"""How windows stand: the newest push of each, and the notices of what is odd."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.aggregator import quantities
from catalog.billable_metrics import AggregationType, CounterSemantics
from ingest.counters.windows import CounterWindow, Notice, counter_windows
from tests.aggregation.makers import (
    EVERYTHING,
    START,
    Row,
    a_metric,
    a_push,
    a_window,
    at,
    frame,
    revisions,
)

HOUR = 3600
DAY = 86_400


def no_period(_at: datetime) -> None:
    """Know no period."""


def daily(instant: datetime) -> datetime:
    """Return the start of a period of one day."""
    return START + timedelta(days=(instant - START).days)


def windows(
    rows: list[Row], semantics: CounterSemantics = CounterSemantics.DELTA
) -> list[CounterWindow]:
    """Return the windows of rows, whatever the period."""
    return counter_windows(rows, semantics, no_period)


def notices(
    rows: list[Row], semantics: CounterSemantics = CounterSemantics.DELTA
) -> list[list[str]]:
    """Return the notices of each window."""
    return [[str(notice) for notice in each.notices] for each in windows(rows, semantics)]


def test_windows_that_touch_are_not_odd() -> None:
    """A proper series of totals has no notice."""
    rows = [a_push(1, 0, HOUR, Decimal(1)), a_push(2, HOUR, 2 * HOUR, Decimal(2))]

    assert notices(rows) == [[], []]
    assert [window.usage for window in windows(rows)] == [1, 2]


def test_gaps_and_overlaps_are_told() -> None:
    """Time told twice and time told never are noted at the later window."""
    rows = [
        a_push(1, 0, 3 * HOUR, Decimal(1)),
        a_push(2, HOUR, 2 * HOUR, Decimal(1)),
        a_push(3, 3 * HOUR, 4 * HOUR, Decimal(1)),
        a_push(4, 5 * HOUR, 6 * HOUR, Decimal(1)),
    ]
    found = {window.end: window.notices for window in windows(rows)}

    assert found == {
        at(3 * HOUR): [],
        at(2 * HOUR): [Notice.OVERLAP],
        at(4 * HOUR): [],
        at(6 * HOUR): [Notice.GAP],
    }


def test_series_are_told_apart() -> None:
    """The same hour of another dimension is no overlap."""
    rows = [
        a_push(1, 0, HOUR, Decimal(1), dimensions={"model": "a"}),
        a_push(2, 0, HOUR, Decimal(1), dimensions={"model": "b"}),
    ]

    assert notices(rows) == [[], []]
    assert [window.dimensions for window in windows(rows)] == [{"model": "a"}, {"model": "b"}]


def test_the_newest_push_stands() -> None:
    """The number is the last one taken in, and the window says how often it was told."""
    rows = [a_push(3, 0, HOUR, Decimal(9)), a_push(1, 0, HOUR, Decimal(5))]
    (window,) = windows(rows)

    assert window.value == 9
    assert (window.revisions_count, window.transaction_id) == (2, "tx-3")
    assert window.notices == [Notice.REPLACED]


def test_a_void_window_is_listed_and_adds_nothing() -> None:
    """What was voided can be seen, and leaves a gap in its series."""
    rows = [
        a_push(1, 0, HOUR, Decimal(1)),
        a_push(2, HOUR, 2 * HOUR, Decimal(1)),
        a_push(3, 2 * HOUR, 3 * HOUR, Decimal(1)),
        a_push(4, HOUR, 2 * HOUR, None, is_void=True),
    ]
    _, void, last = windows(rows)

    assert (void.is_void, void.usage, void.notices) == (True, None, [Notice.REPLACED])
    assert last.notices == [Notice.GAP]


def test_a_reset_is_told() -> None:
    """A reading below its predecessor counts from zero, and says so."""
    rows = [
        a_push(number, None, number * HOUR, Decimal(value))
        for number, value in enumerate([5, 9, 9, 4], 1)
    ]
    found = windows(rows, CounterSemantics.CUMULATIVE)

    assert [window.usage for window in found] == [5, 4, 0, 4]
    assert notices(rows, CounterSemantics.CUMULATIVE) == [["first_reading"], [], [], ["reset"]]


def test_levels_add_nothing() -> None:
    """A gauge has numbers, no usage, and nothing odd about its times."""
    rows = [a_push(1, None, 0, Decimal(5)), a_push(2, None, 7 * HOUR, Decimal(3))]
    found = windows(rows, CounterSemantics.GAUGE)

    assert [window.value for window in found] == [5, 3]
    assert [(window.usage, window.notices) for window in found] == [(None, [])] * 2


@pytest.mark.parametrize(
    ("start", "end", "is_told"),
    [
        (0, DAY, False),
        (DAY - HOUR, DAY, False),
        (DAY, DAY + HOUR, False),
        (DAY - 1, DAY + 1, True),
        (-HOUR, HOUR, True),
    ],
)
def test_a_total_across_a_boundary_is_told(start: int, end: int, *, is_told: bool) -> None:
    """Only a window with a period's boundary inside it straddles."""
    (window,) = counter_windows([a_push(1, start, end, Decimal(1))], CounterSemantics.DELTA, daily)

    assert (window.notices == [Notice.STRADDLES_PERIOD]) is is_told


def test_a_difference_across_a_boundary_is_told() -> None:
    """Readings on the boundary part the periods; readings around it don't."""
    rows = [
        a_push(number, None, end, Decimal(number))
        for number, end in enumerate([DAY - HOUR, DAY, DAY + HOUR, 2 * DAY + HOUR], 1)
    ]
    found = counter_windows(rows, CounterSemantics.CUMULATIVE, daily)

    assert [Notice.STRADDLES_PERIOD in window.notices for window in found] == [
        False, False, False, True,
    ]  # fmt: skip


@given(
    semantics=st.sampled_from([CounterSemantics.DELTA, CounterSemantics.CUMULATIVE]),
    told=st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 50), st.sampled_from("ab"), st.booleans()),
        max_size=12,
    ),
)
def test_what_windows_add_is_what_is_billed(
    semantics: CounterSemantics, told: list[tuple[int, int, str, bool]]
) -> None:
    """The usage of all windows together is the quantity that aggregation answers."""
    rows = [
        a_push(
            number,
            None if semantics.is_reading else (hour - 1) * HOUR,
            hour * HOUR,
            Decimal(value),
            dimensions={"model": model},
            is_void=is_void,
        )
        for number, (hour, value, model, is_void) in enumerate(told, 1)
    ]
    metric = a_metric(AggregationType.SUM, counter_semantics=semantics)

    total = sum((window.usage or Decimal(0) for window in windows(rows, semantics)), Decimal(0))

    found = quantities(frame([]), [a_window(metric)], EVERYTHING, revisions(rows))
    assert total == found["window"].units
