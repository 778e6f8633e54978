"""The graduated percentage model: each tier takes its own rate of its share of the units."""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.charge_terms import (
    ChargeModel,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PercentageTerms,
    PercentageTier,
    Tier,
)
from catalog.money import MONEY_CONTEXT
from rating.charge_models.graduated import graduated_price
from rating.charge_models.graduated_percentage import graduated_percentage_price
from rating.charge_models.percentage import percentage_price
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import amounts, ladders, units, used, whole_units

ladders_of_rates = ladders().map(
    lambda tiers: tuple(
        PercentageTier(tier.from_value, tier.to_value, tier.per_unit_amount, tier.flat_amount)
        for tier in tiers
    )
)


def price_unit_by_unit(tiers: tuple[PercentageTier, ...], unit_count: int) -> Fraction:
    """Look each unit up in the ladder, one after the other; add a tier's flat when it is met."""
    total, met = Fraction(tiers[0].flat_amount), 0
    for unit in range(1, unit_count + 1):
        number = next(
            number
            for number, tier in enumerate(tiers)
            if tier.to_value is None or unit <= tier.to_value
        )
        total += Fraction(tiers[number].rate) / 100
        if number > met:
            total += Fraction(tiers[number].flat_amount)
            met = number
    return total


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.GRADUATED_PERCENTAGE))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the graduated percentage model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, GraduatedPercentageTerms)

    expected, actual = as_expected(
        case, "amount", graduated_percentage_price(terms, case_quantity(case)).amount
    )

    assert expected == actual


@given(tiers=ladders_of_rates, unit_count=whole_units)
def test_price_is_that_of_each_unit_in_its_tier(
    tiers: tuple[PercentageTier, ...], unit_count: Decimal
) -> None:
    """Whole units cost the sum of each one's rate in its tier, and each tier's flat once."""
    price = graduated_percentage_price(GraduatedPercentageTerms(tiers), used(unit_count))

    assert price_unit_by_unit(tiers, int(unit_count)) == Fraction(price.amount)


@given(tiers=ladders_of_rates, unit_count=units)
def test_a_hundredth_of_a_price_is_a_rate(
    tiers: tuple[PercentageTier, ...], unit_count: Decimal
) -> None:
    """A rate in percent costs what the graduated model does at a hundredth of it for each unit."""
    hundredths = tuple(
        Tier(tier.from_value, tier.to_value, tier.rate / 100, tier.flat_amount) for tier in tiers
    )
    by_rate = graduated_percentage_price(GraduatedPercentageTerms(tiers), used(unit_count))

    assert graduated_price(GraduatedTerms(hundredths), used(unit_count)).amount == by_rate.amount


@given(tiers=ladders_of_rates, part=st.decimals("0.001", 1, places=3))
def test_price_continues_at_every_bound(tiers: tuple[PercentageTier, ...], part: Decimal) -> None:
    """Just above a tier's top, only the part above it and the next flat amount are added."""
    terms = GraduatedPercentageTerms(tiers)
    for lower, upper in pairwise(tiers):
        assert lower.to_value is not None
        at_the_top = graduated_percentage_price(terms, used(lower.to_value)).amount
        above = graduated_percentage_price(terms, used(lower.to_value + part)).amount
        assert at_the_top + part * upper.rate / 100 + upper.flat_amount == above


def test_touching_bounds_count_no_unit_twice() -> None:
    """On a ladder whose bounds touch, the tiers' units add up to the usage, unlike Lago's."""
    touching = GraduatedPercentageTerms(
        (
            PercentageTier(Decimal(0), Decimal(10), Decimal(10), Decimal(0)),
            PercentageTier(Decimal(10), Decimal(20), Decimal(20), Decimal(0)),
            PercentageTier(Decimal(20), None, Decimal(30), Decimal(0)),
        )
    )
    price = graduated_percentage_price(touching, used(25))

    assert [step.units for step in price.steps] == [10, 10, 5]
    assert price.amount == 1 + 2 + Decimal("1.5")


@given(rate=amounts, unit_count=units)
def test_one_endless_tier_is_the_percentage_model(rate: Decimal, unit_count: Decimal) -> None:
    """A ladder of one tier without a flat amount prices as the percentage model does."""
    terms = GraduatedPercentageTerms((PercentageTier(Decimal(0), None, rate, Decimal(0)),))
    plain = percentage_price(PercentageTerms(rate), used(unit_count))

    assert graduated_percentage_price(terms, used(unit_count)).amount == plain.amount


@given(tiers=ladders_of_rates, unit_count=units)
def test_steps_add_up_to_units_and_amount(
    tiers: tuple[PercentageTier, ...], unit_count: Decimal
) -> None:
    """The tiers' units add up to the usage, and their amounts to the price."""
    price = graduated_percentage_price(GraduatedPercentageTerms(tiers), used(unit_count))

    with localcontext(MONEY_CONTEXT):
        assert sum(step.units for step in price.steps) == unit_count
        assert sum(step.amount for step in price.steps) == price.amount


@given(tiers=ladders_of_rates)
def test_zero_usage_owes_the_first_flat_amount_and_less_owes_nothing(
    tiers: tuple[PercentageTier, ...],
) -> None:
    """Without usage the first tier is reached, and no other; below zero none is."""
    terms = GraduatedPercentageTerms(tiers)

    assert tiers[0].flat_amount == graduated_percentage_price(terms, used(0)).amount
    assert graduated_percentage_price(terms, used(-1)).amount == 0
