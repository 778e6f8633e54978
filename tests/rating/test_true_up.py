"""The true-up: what fees lack to a minimum, for the days that are billed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.money import rounded_cents
from rating.true_up import true_up_price
from tests.rating.lago_cases import Case, lago_cases

minimums = st.integers(0, 10**9)
days_of_period = st.integers(1, 366).flatmap(
    lambda period: st.tuples(st.integers(0, period), st.just(period))
)


@pytest.mark.parametrize("case", lago_cases("true_up"))
def test_lago_misses_the_same(case: Case) -> None:
    """Lago's own test cases that need no count of days give Lago's cents."""
    period = case["period"]
    days = 15 if case["id"] == "trueup-02-prorated" else period["charges_duration_days"]
    price = true_up_price(
        case["min_amount_cents"],
        case["used_amount_cents"],
        days=days,
        period_days=period["charges_duration_days"],
        currency="EUR",
    )

    assert rounded_cents(price.amount, "EUR") == case["expected"]["amount_cents"]


@given(minimum=minimums, used=minimums, days=days_of_period)
def test_fees_and_true_up_reach_the_minimum(minimum: int, used: int, days: tuple[int, int]) -> None:
    """Fees and true-up together come to the days' share of the minimum, or to the fees if more."""
    billed, period = days
    price = true_up_price(minimum, used, days=billed, period_days=period, currency="CAD")
    share = Fraction(minimum * billed, period)
    together = used + Fraction(price.amount) * 100

    assert abs(together - max(share, Fraction(used))) < Fraction(1, 10**40)


@given(minimum=minimums, used=minimums, days=days_of_period)
def test_steps_add_up_to_what_is_missing(minimum: int, used: int, days: tuple[int, int]) -> None:
    """The share of the minimum less the fees is the whole explanation."""
    price = true_up_price(minimum, used, days=days[0], period_days=days[1], currency="CAD")

    difference = sum(Fraction(step.amount) for step in price.steps) - Fraction(price.amount)

    assert abs(difference) < Fraction(1, 10**40)
    assert price.amount >= 0


def test_a_minimum_that_is_reached_adds_nothing() -> None:
    """Fees at the minimum or above it are billed as they are."""
    for used in (1000, 1001):
        price = true_up_price(1000, used, days=31, period_days=31, currency="CAD")
        assert price.amount == 0
        assert price.steps == ()


def test_the_currency_decides_what_a_cent_is() -> None:
    """A minimum of 1000 is ten dollars, or a thousand yen."""
    assert true_up_price(1000, 0, days=1, period_days=1, currency="CAD").amount == 10
    assert true_up_price(1000, 0, days=1, period_days=1, currency="JPY").amount == 1000


def test_a_period_without_days_is_refused() -> None:
    """No share of a minimum can be named without the length of the whole period."""
    with pytest.raises(ValueError, match="give its days"):
        true_up_price(1000, 0, days=0, period_days=0, currency="CAD")
