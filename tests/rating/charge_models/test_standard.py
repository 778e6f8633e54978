"""The standard model: every unit costs the same."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel, StandardTerms
from rating.charge_models.standard import standard_price
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import amounts, units, used


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.STANDARD))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the standard model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, StandardTerms)

    expected, actual = as_expected(
        case, "amount", standard_price(terms, case_quantity(case)).amount
    )

    assert expected == actual


@given(unit_count=units, amount=amounts)
def test_price_is_the_exact_product(unit_count: Decimal, amount: Decimal) -> None:
    """A standard price is units times amount, to the last digit."""
    price = standard_price(StandardTerms(amount), used(unit_count))

    assert Fraction(unit_count) * Fraction(amount) == Fraction(price.amount)


@given(first=units, second=units, amount=amounts)
def test_splitting_usage_changes_nothing(first: Decimal, second: Decimal, amount: Decimal) -> None:
    """Usage pushed in two parts costs what it costs in one."""
    terms = StandardTerms(amount)
    parts = standard_price(terms, used(first)).amount + standard_price(terms, used(second)).amount

    assert parts == standard_price(terms, used(first + second)).amount


def test_large_numbers_lose_no_digit() -> None:
    """Twenty-six integer digits and twelve decimals are priced without rounding."""
    unit_count = Decimal("99999999999999999999999999.999999999999")

    price = standard_price(StandardTerms(Decimal("0.000001")), used(unit_count))

    assert Decimal("99999999999999999999.999999999999999999") == price.amount


def test_negative_units_cost_nothing() -> None:
    """More taken back than used is not paid out."""
    assert standard_price(StandardTerms(Decimal(3)), used(-4)).amount == 0


@given(counted=units, days=st.integers(0, 32), amount=amounts)
def test_prorated_units_are_what_is_paid(counted: Decimal, days: int, amount: Decimal) -> None:
    """A prorated quantity costs its prorated units, whatever was counted before."""
    prorated = counted * days / 32
    quantity = Quantity(units=prorated, events_count=1, full_units=counted)

    assert standard_price(StandardTerms(amount), quantity).amount == prorated * amount
