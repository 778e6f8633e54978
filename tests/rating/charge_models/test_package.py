"""The package model: a package begun is a package sold."""

from decimal import ROUND_CEILING, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.charge_terms import ChargeModel, PackageTerms
from rating.charge_models.package import package_price
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import units, used, whole_units

terms_of_packages = st.builds(
    PackageTerms, st.integers(1, 9).map(Decimal), st.integers(1, 12), st.integers(0, 40)
)


def packages_sold_one_by_one(terms: PackageTerms, unit_count: int) -> int:
    """Hand out units one by one; open a package whenever none is open."""
    packages, left_in_package = 0, 0
    for unit in range(1, unit_count + 1):
        if unit <= terms.free_units:
            continue
        if not left_in_package:
            packages, left_in_package = packages + 1, terms.package_size
        left_in_package -= 1
    return packages


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.PACKAGE))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the package model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, PackageTerms)

    expected, actual = as_expected(case, "amount", package_price(terms, case_quantity(case)).amount)

    assert expected == actual


@given(terms=terms_of_packages, unit_count=whole_units)
def test_packages_are_those_opened_one_by_one(terms: PackageTerms, unit_count: Decimal) -> None:
    """The price is that of the packages opened when units are handed out one by one."""
    packages = packages_sold_one_by_one(terms, int(unit_count))

    assert packages * terms.amount == package_price(terms, used(unit_count)).amount


@given(terms=terms_of_packages, unit_count=units)
def test_a_begun_unit_costs_as_a_whole_one(terms: PackageTerms, unit_count: Decimal) -> None:
    """A fraction of a unit opens the same packages as the next whole unit."""
    whole = unit_count.to_integral_value(ROUND_CEILING)

    assert package_price(terms, used(whole)).amount == package_price(terms, used(unit_count)).amount


def test_the_division_is_exact_beyond_binary() -> None:
    """One unit above a multiple of the package opens one more, also beyond 2^53."""
    size, packages = 10, 10**17
    terms = PackageTerms(Decimal(1), size)

    assert packages + 1 == package_price(terms, used(size * packages + 1)).amount


def test_usage_within_the_free_units_costs_nothing() -> None:
    """No package is opened before the free units are used up."""
    terms = PackageTerms(Decimal(5), 10, free_units=100)

    assert package_price(terms, used(100)).amount == 0
    assert package_price(terms, used("100.01")).amount == 5


def test_negative_units_cost_nothing() -> None:
    """More taken back than used is not paid out."""
    assert package_price(PackageTerms(Decimal(5), 10), used(-11)).amount == 0
