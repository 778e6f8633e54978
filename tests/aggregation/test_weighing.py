"""Levels that last and shares of days, at the limits of numbers, clocks and calendars."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.aggregator import quantities
from aggregation.quantity import Quantity, UsageWindow
from catalog.billable_metrics import AggregationType, RoundingFunction
from tests.aggregation.makers import EVERYTHING, Row, a_metric, a_window, an_event, frame
from tests.aggregation.oracle import fraction, plain_quantity

LIMIT = Decimal("99999999999999999999999999.999999999999")
WEIGHTED = replace(a_metric(AggregationType.WEIGHTED_SUM), recurring=True)
SUM = replace(a_metric(), recurring=True)
UNIQUE = replace(a_metric(AggregationType.UNIQUE_COUNT), recurring=True)
DAY = 86_400
limits = st.sampled_from(
    [LIMIT, LIMIT.copy_negate(), Decimal("1e-12"), Decimal("-1e-12"), Decimal(10) ** 25]
)


def answer(rows: list[Row], window: UsageWindow) -> Quantity:
    """Return the quantity of a window."""
    return quantities(frame(rows), [window], EVERYTHING)[window.key]


@pytest.mark.parametrize("is_prorated", [False, True])
@given(pushed=st.lists(st.tuples(st.integers(-DAY, 30 * DAY - 1), limits), max_size=5))
def test_no_digit_is_lost_at_the_limits(
    pushed: list[tuple[int, Decimal]], *, is_prorated: bool
) -> None:
    """Values of 38 digits are weighed exactly, whatever their signs, where their sum fits."""
    rows = [an_event(number, *one) for number, one in enumerate(pushed)]
    window = structs.replace(a_window(SUM if is_prorated else WEIGHTED), is_prorated=is_prorated)

    total = sum((Fraction(value) for _, value in pushed), Fraction(0))
    carried = sum((Fraction(value) for when, value in pushed if when < 0), Fraction(0))
    assume(max(abs(total), abs(carried)) <= Fraction(LIMIT))
    assert fraction(answer(rows, window).units) == plain_quantity(rows, [], window).units


def test_a_sum_beyond_the_lakes_digits_is_refused() -> None:
    """What can't be said exactly is an error, never another number."""
    rows = [an_event(number, 0, LIMIT) for number in range(2)]

    for metric in (SUM, WEIGHTED, a_metric()):
        with pytest.raises(OverflowError, match="26 integer digits"):
            answer(rows, a_window(metric))


def test_the_last_level_lasts_to_the_whole_second() -> None:
    """A subscription that ends within a second is weighed to that second's end (Lago)."""
    window = structs.replace(
        a_window(WEIGHTED), end=a_window(WEIGHTED).start + timedelta(microseconds=1), period_days=1
    )

    assert answer([an_event(1, -1, DAY)], window).units == 1


def test_a_day_of_25_hours_is_one_day() -> None:
    """Days are local ones: the clock set back in Toronto adds an hour and no day."""
    start, end = datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 3, 5, tzinfo=UTC)
    window = structs.replace(
        a_window(SUM), start=start, end=end, is_prorated=True, period_days=2,
        timezone="America/Toronto",
    )  # fmt: skip
    hours = {start: 1, start + timedelta(hours=25) - timedelta(microseconds=1): 1, end: 0}
    carried = an_event(9, 0, 1, occurred_at=start - timedelta(days=9))
    second = an_event(1, 0, 1, occurred_at=start + timedelta(hours=25))

    found = [answer([an_event(1, 0, 1, occurred_at=at)], window).units for at in hours]

    assert found == list(hours.values())
    assert answer([carried], window).units == 1
    assert answer([second], window).units == Decimal("0.5")


def test_what_was_carried_comes_first_without_an_id() -> None:
    """The events of a prorated sum begin with all that was there before, as one."""
    rows = [an_event(1, -DAY, 4), an_event(2, -1, 5), an_event(3, 29 * DAY, 30)]
    found = answer(rows, structs.replace(a_window(SUM), is_prorated=True))

    assert [found.event_ids, found.event_values] == [("", "tx-3"), (9, 30)]
    assert list(found.event_prorated_values or ()) == [9, 1]
    assert [found.units, found.full_units, found.events_count] == [10, 39, 3]


def test_a_prorated_value_has_sixty_digits() -> None:
    """One unit for ten days of thirty is a third, to the last of 60 digits."""
    found = answer([an_event(1, 20 * DAY, 1)], structs.replace(a_window(SUM), is_prorated=True))

    assert list(found.event_prorated_values or ()) == [Decimal("0." + "3" * 60)]


def test_a_day_counts_once_for_a_value() -> None:
    """A value taken away and added again on one day was there on that day, once."""
    said = [(0, "add"), (60, "remove"), (120, "add"), (DAY, "remove"), (3 * DAY, "add")]
    rows = [
        an_event(number, seconds, value_text="a", operation_type=operation)
        for number, (seconds, operation) in enumerate(said)
    ]
    window = structs.replace(a_window(UNIQUE, days=4), is_prorated=True, period_days=4)

    found = answer(rows, window)

    assert [found.units, found.full_units] == [Decimal("0.75"), 1]
    assert list(found.event_values or ()) == [1, 0, 0, -1, 1]
    prorated = list(found.event_prorated_values or ())
    assert prorated == [Decimal("0.5"), 0, 0, 0, Decimal("0.25")]


def test_both_units_are_rounded_as_the_metric_says() -> None:
    """Prorated and full units are each rounded, after the proration (Lago)."""
    metric = replace(SUM, rounding_function=RoundingFunction.CEIL)
    found = answer([an_event(1, 15 * DAY, Decimal("2.5"))],
                   structs.replace(a_window(metric), is_prorated=True))  # fmt: skip

    assert [found.units, found.full_units] == [2, 3]


def test_levels_are_those_at_the_end() -> None:
    """A weighted sum shows where it ends, carried level included; events are the window's own."""
    rows = [an_event(1, -DAY, 7), an_event(2, 15 * DAY, -2)]
    found = answer(rows, a_window(WEIGHTED))

    assert [found.units, found.total_aggregated_units, found.events_count] == [6, 5, 1]


def test_the_history_is_in_the_digest() -> None:
    """Another history that gives the same units is another input."""
    for metric in (WEIGHTED, SUM, UNIQUE):
        one, other = (
            answer([an_event(n, -1, 7, value_text="a")], a_window(metric)) for n in (1, 2)
        )

        assert one.units == other.units
        assert one.inputs_digest != other.inputs_digest


@pytest.mark.parametrize(
    ("window", "reason"),
    [
        (structs.replace(a_window(WEIGHTED), period_days=0), "period_days is 0"),
        (
            structs.replace(a_window(a_metric(AggregationType.MAX)), is_prorated=True),
            "can't be prorated",
        ),
    ],
)
def test_a_question_without_sense_is_refused(window: UsageWindow, reason: str) -> None:
    """A share of no days, and a share of what has none, are errors that say what to ask."""
    with pytest.raises(ValueError, match=reason):
        answer([an_event(1, 0, 1)], window)
