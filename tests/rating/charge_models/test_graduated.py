"""The graduated model: each tier prices the units that fall into it."""

from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel, GraduatedTerms, StandardTerms, Tier
from catalog.money import MONEY_CONTEXT
from rating.charge_models.graduated import graduated_price
from rating.charge_models.standard import standard_price
from rating.charge_models.tier_shares import tier_shares
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import amounts, ladders, units, used, whole_units

THOUSANDTH = Decimal("0.001")


def touching(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """Return the ladder in thousandths, each tier beginning where the one before ends."""
    starts = [Decimal(0), *(tier.to_value or Decimal(0) for tier in tiers)]
    return tuple(
        Tier(
            start * THOUSANDTH,
            None if tier.to_value is None else tier.to_value * THOUSANDTH,
            tier.per_unit_amount * 1000,
            tier.flat_amount,
        )
        for start, tier in zip(starts, tiers, strict=False)
    )


def price_unit_by_unit(tiers: tuple[Tier, ...], unit_count: int) -> Fraction:
    """Look each unit up in the ladder, one after the other; add a tier's flat when it is met."""
    total = Fraction(tiers[0].flat_amount)
    met = {0}
    for unit in range(1, unit_count + 1):
        number = next(
            number
            for number, tier in enumerate(tiers)
            if tier.to_value is None or unit <= tier.to_value
        )
        total += Fraction(tiers[number].per_unit_amount)
        if number not in met:
            total += Fraction(tiers[number].flat_amount)
            met.add(number)
    return total


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.GRADUATED))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the graduated model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, GraduatedTerms)
    price = graduated_price(terms, case_quantity(case))

    expected, actual = as_expected(case, "amount", price.amount)

    assert expected == actual


@given(tiers=ladders(), unit_count=whole_units)
def test_price_is_that_of_each_unit_in_its_tier(
    tiers: tuple[Tier, ...], unit_count: Decimal
) -> None:
    """Whole units cost the sum of what each one costs in its tier, and each tier's flat once."""
    price = graduated_price(GraduatedTerms(tiers), used(unit_count))

    assert price_unit_by_unit(tiers, int(unit_count)) == Fraction(price.amount)


@given(tiers=ladders(), unit_count=whole_units)
def test_a_touching_ladder_counts_no_unit_twice(
    tiers: tuple[Tier, ...], unit_count: Decimal
) -> None:
    """A ladder whose bounds touch prices thousandths as a whole-number ladder prices units."""
    in_thousandths = GraduatedTerms(touching(tiers))

    price = graduated_price(in_thousandths, used(unit_count * THOUSANDTH))

    assert price_unit_by_unit(tiers, int(unit_count)) == Fraction(price.amount)


@given(tiers=ladders(), first=units, second=units)
def test_price_never_decreases(tiers: tuple[Tier, ...], first: Decimal, second: Decimal) -> None:
    """More units never cost less."""
    terms = GraduatedTerms(tiers)
    fewer, more = sorted((first, second))

    assert graduated_price(terms, used(fewer)).amount <= graduated_price(terms, used(more)).amount


@given(tiers=ladders(flat=False), part=st.decimals("0.001", 1, places=3))
def test_price_continues_at_every_bound(tiers: tuple[Tier, ...], part: Decimal) -> None:
    """Just above a tier's top, only the part above it is added, at the next tier's price."""
    terms = GraduatedTerms(tiers)
    for lower, upper in pairwise(tiers):
        assert lower.to_value is not None
        at_the_top = graduated_price(terms, used(lower.to_value)).amount
        above = graduated_price(terms, used(lower.to_value + part)).amount
        assert at_the_top + part * upper.per_unit_amount == above


@given(tiers=ladders(), unit_count=units)
def test_steps_add_up_to_units_and_amount(tiers: tuple[Tier, ...], unit_count: Decimal) -> None:
    """The tiers' units add up to the usage, and their amounts to the price."""
    price = graduated_price(GraduatedTerms(tiers), used(unit_count))

    with localcontext(MONEY_CONTEXT):
        assert sum(step.units for step in price.steps) == unit_count
        assert sum(step.amount for step in price.steps) == price.amount


@given(amount=amounts, unit_count=units)
def test_one_endless_tier_is_the_standard_model(amount: Decimal, unit_count: Decimal) -> None:
    """A ladder of one tier without a flat amount prices as the standard model does."""
    terms = GraduatedTerms((Tier(Decimal(0), None, amount, Decimal(0)),))
    standard = standard_price(StandardTerms(amount), used(unit_count))

    assert standard.amount == graduated_price(terms, used(unit_count)).amount


@given(tiers=ladders())
def test_zero_usage_owes_the_first_flat_amount(tiers: tuple[Tier, ...]) -> None:
    """Without usage the first tier is reached, and no other."""
    price = graduated_price(GraduatedTerms(tiers), used(0))

    assert tiers[0].flat_amount == price.amount
    assert len(price.steps) == 1


@given(tiers=ladders())
def test_negative_units_cost_nothing(tiers: tuple[Tier, ...]) -> None:
    """More taken back than used owes not even the flat amount."""
    assert graduated_price(GraduatedTerms(tiers), used(-1)).amount == 0


def test_a_prorated_total_is_refused() -> None:
    """Two totals don't tell in which tier the prorated units were, so the price is not guessed."""
    quantity = Quantity(Decimal(7), events_count=1, full_units=Decimal(10))
    terms = GraduatedTerms((Tier(Decimal(0), None, Decimal(1), Decimal(0)),))

    with pytest.raises(ValueError, match="each event's full and prorated value"):
        graduated_price(terms, quantity)


@given(tiers=ladders(), unit_count=units)
def test_tier_shares_are_those_of_the_price(tiers: tuple[Tier, ...], unit_count: Decimal) -> None:
    """Each tier reached shows its units and amounts, which add up to the price."""
    price = graduated_price(GraduatedTerms(tiers), used(unit_count))
    shares = tier_shares(price)

    with localcontext(MONEY_CONTEXT):
        assert sum(share.units for share in shares) == unit_count
        assert sum(share.total_with_flat_amount for share in shares) == price.amount
        for share, tier in zip(shares, tiers, strict=False):
            assert share.flat_unit_amount == tier.flat_amount
            assert share.per_unit_total_amount == share.units * tier.per_unit_amount
