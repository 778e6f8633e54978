"""Which thresholds a value crosses, and that none is told twice in a period."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rating.alerts.alert import (
    RECURRING_CROSSED_MAX,
    Alert,
    AlertType,
    Look,
    Threshold,
    WatchedPeriod,
    crossed_thresholds,
    seen,
)

AT = datetime(2026, 1, 10, tzinfo=UTC)
JANUARY = WatchedPeriod(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
FEBRUARY = WatchedPeriod(JANUARY.end, datetime(2026, 3, 1, tzinfo=UTC))
STEP = Threshold(Decimal(100), "rec", is_recurring=True)
LAGOS = tuple(Threshold(Decimal(value), f"warn{value}") for value in (10, 30, 50))


def an_alert(*thresholds: Threshold, kind: AlertType = AlertType.CURRENT_USAGE_AMOUNT) -> Alert:
    return Alert("a", "nexadesk", "acme-team", kind, "spend", thresholds, AT)


def look(alert: Alert, value: int, period: WatchedPeriod | None = JANUARY) -> Look:
    found = seen(alert, Decimal(value), period, AT)
    assert found is not None
    return found


def crossed(previous: int, value: int, *thresholds: Threshold) -> list[int]:
    found = crossed_thresholds(thresholds, Decimal(previous), Decimal(value))
    return [int(each.value) for each in found]


@pytest.mark.parametrize(
    ("previous", "value", "expected"),
    [
        (8, 8, []),
        (8, 30, [10, 30]),
        (31, 60, [50]),
        (30, 29, []),
        (33, 351, [50, 150, 250, 350]),
        (150, 249, []),
        (150, 250, [250]),
    ],
)
def test_crossings_are_lagos(previous: int, value: int, expected: list[int]) -> None:
    """What lies above the last peak, up to the value and with it, is crossed (Lago's cases)."""
    assert crossed(previous, value, *LAGOS, STEP) == expected


def test_steps_alone_begin_at_zero() -> None:
    """Without another threshold the first step is the step itself (Lago)."""
    assert crossed(0, 150, STEP) == [100]
    assert crossed(0, 99, STEP) == []
    assert crossed(0, 3_500, Threshold(Decimal(1_000), None, is_recurring=True)) == [
        1_000, 2_000, 3_000,
    ]  # fmt: skip


def test_a_step_keeps_its_code_and_says_that_it_recurs() -> None:
    """A crossed step has its own value, and the code of the threshold that asks for it."""
    (first, second) = crossed_thresholds((*LAGOS[2:], STEP), Decimal(60), Decimal(250))

    assert (first, second) == (
        Threshold(Decimal(150), "rec", is_recurring=True),
        Threshold(Decimal(250), "rec", is_recurring=True),
    )


@pytest.mark.parametrize("beyond", [0, 1])
def test_of_too_many_steps_the_last_are_named(beyond: int) -> None:
    """As many steps as the limit are all named, of one more the first is left out."""
    last = RECURRING_CROSSED_MAX + beyond
    found = crossed(0, last, Threshold(Decimal(1), None, is_recurring=True))

    assert found == list(range(1 + beyond, last + 1))


def test_a_fall_and_a_rise_are_told_once() -> None:
    """What fell below a threshold and rises again in the same period is not told again."""
    first = look(an_alert(*LAGOS), 35)
    fallen = look(first.alert, 5)
    risen = look(fallen.alert, 40)
    higher = look(risen.alert, 50)

    assert [len(each.crossed) for each in (first, fallen, risen, higher)] == [2, 0, 0, 1]
    assert [risen.previous_value, risen.alert.peak_value] == [5, 40]


def test_a_new_period_begins_anew() -> None:
    """In the next period all thresholds may be told again, even below the last value."""
    january = look(an_alert(*LAGOS), 60)
    february = look(january.alert, 12, FEBRUARY)

    assert [each.value for each in february.crossed] == [10]
    assert february.previous_value == 0
    assert (february.alert.period_start, february.alert.period_end) == (
        FEBRUARY.start, FEBRUARY.end,
    )  # fmt: skip


def test_a_value_of_a_period_that_is_over_is_dropped() -> None:
    """Of two looks at once, the one that still saw the old period changes nothing."""
    february = look(an_alert(*LAGOS), 12, FEBRUARY)

    assert seen(february.alert, Decimal(60), JANUARY, AT) is None


def test_a_lifetime_never_begins_anew() -> None:
    """Lifetime usage has no period: each threshold is told once for ever."""
    first = look(an_alert(*LAGOS, kind=AlertType.LIFETIME_USAGE_AMOUNT), 60, None)
    later = look(first.alert, 70, None)

    assert (len(first.crossed), later.crossed, later.alert.period_end) == (3, (), None)


def test_other_thresholds_begin_where_the_usage_is() -> None:
    """Of changed thresholds those below the period's peak are not told any more (Lago)."""
    first = look(an_alert(LAGOS[0]), 40)
    changed = replace(first.alert, thresholds=LAGOS)

    assert [each.value for each in look(changed, 60).crossed] == [50]


@given(
    st.lists(st.integers(-500, 2_000), max_size=20),
    st.lists(st.integers(-50, 1_000), max_size=5, unique=True),
    st.none() | st.integers(50, 400),
)
def test_whatever_the_usage_does_each_threshold_is_told_once(
    values: list[int], others: list[int], step: int | None
) -> None:
    """Told is exactly what lies above zero, up to the period's highest value; nothing twice."""
    thresholds = [Threshold(Decimal(value)) for value in others]
    if step is not None:
        thresholds.append(Threshold(Decimal(step), is_recurring=True))
    alert, told = an_alert(*thresholds), list[int]()
    for value in values:
        found = look(alert, value)
        alert = found.alert
        told += [int(each.value) for each in found.crossed]

    peak = max([0, *values])
    initial = max(others, default=0)
    steps = range(initial + step, peak + 1, step) if step else range(0)
    expected = [value for value in (*others, *steps) if 0 < value <= peak]
    assert sorted(told) == sorted(expected)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=20))
def test_periods_never_mix(looks: list[tuple[int, int]]) -> None:
    """However looks of several periods come, a period's thresholds are told once at most."""
    alert, told = an_alert(*LAGOS), list[tuple[int, int]]()
    for number, value in looks:
        start = JANUARY.start + timedelta(days=number)
        found = seen(alert, Decimal(value), WatchedPeriod(start, start + timedelta(days=1)), AT)
        if found is not None:
            alert = found.alert
            told += [(number, int(each.value)) for each in found.crossed]

    assert len(set(told)) == len(told)
