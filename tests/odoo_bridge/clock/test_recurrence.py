"""The days on which Odoo's clock bills."""

from datetime import date

import pytest

from odoo_bridge.clock.recurrence import comes_to, following


@pytest.mark.parametrize(
    ("day", "value", "unit", "next_day"),
    [
        (date(2026, 1, 31), 1, "month", date(2026, 2, 28)),
        (date(2026, 2, 28), 1, "month", date(2026, 3, 28)),
        (date(2026, 12, 1), 3, "month", date(2027, 3, 1)),
        (date(2028, 2, 29), 1, "year", date(2029, 2, 28)),
        (date(2026, 12, 28), 1, "week", date(2027, 1, 4)),
    ],
)
def test_following_adds_to_the_day_before(day: date, value: int, unit: str, next_day: date) -> None:
    """A month is added to the day that was billed last, cut at the month's end."""
    assert following(day, value, unit) == next_day


def test_comes_to_knows_the_days_of_a_clock() -> None:
    """A clock comes to each day of its grid from its next one on, and to none between."""
    first = date(2026, 11, 1)

    assert comes_to(first, first, 1, "month")
    assert comes_to(first, date(2027, 2, 1), 1, "month")
    assert not comes_to(first, date(2026, 11, 5), 1, "month")
    assert not comes_to(first, date(2026, 10, 1), 1, "month")


def test_comes_to_ends_for_a_recurrence_of_nothing() -> None:
    """A recurrence of zero months never goes on, and is not waited for."""
    assert not comes_to(date(2026, 11, 1), date(2026, 12, 1), 0, "month")
