"""The days on which Odoo's clock bills, one after the other. Pure."""

from calendar import monthrange
from datetime import date, timedelta

MONTHS_OF = {"month": 1, "year": 12}


def comes_to(next_day: date, day: date, value: int, unit: str) -> bool:
    """Say whether a clock that bills next on one day, and then every so often, bills on another.

    `unit` is Odoo's `billing_period_unit`: week, month or year.
    """
    while next_day < day and value > 0:
        next_day = following(next_day, value, unit)
    return next_day == day


def following(day: date, value: int, unit: str) -> date:
    """Return the day after a day, as Odoo adds to the day it was at: 31 January, 28 February, 28.

    Raises KeyError for a unit that Odoo does not have.
    """
    if unit == "week":
        return day + timedelta(weeks=value)
    year, month = divmod(day.year * 12 + day.month - 1 + value * MONTHS_OF[unit], 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
