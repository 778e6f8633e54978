"""The volume model: one tier, chosen by all units, prices them all."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import ChargeModel, GraduatedTerms, StandardTerms, Tier, VolumeTerms
from rating.charge_models.graduated import graduated_price
from rating.charge_models.standard import standard_price
from rating.charge_models.volume import volume_price
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import amounts, ladders, units, used, whole_units


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.VOLUME))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the volume model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, VolumeTerms)

    expected, actual = as_expected(case, "amount", volume_price(terms, case_quantity(case)).amount)

    assert expected == actual


@given(tiers=ladders(), unit_count=whole_units)
def test_every_unit_costs_what_the_last_one_does(
    tiers: tuple[Tier, ...], unit_count: Decimal
) -> None:
    """All units are priced by the tier that the last unit falls into, and its flat is due once."""
    last = next(tier for tier in tiers if tier.to_value is None or unit_count <= tier.to_value)
    total = Fraction(last.flat_amount)
    for _ in range(int(unit_count)):
        total += Fraction(last.per_unit_amount)

    assert total == Fraction(volume_price(VolumeTerms(tiers), used(unit_count)).amount)


@given(tiers=ladders(), unit_count=units)
def test_within_the_first_tier_volume_is_graduated(
    tiers: tuple[Tier, ...], unit_count: Decimal
) -> None:
    """As long as no second tier is reached, volume and graduated cost the same."""
    top = tiers[0].to_value
    within = unit_count if top is None else min(unit_count, top)

    volume = volume_price(VolumeTerms(tiers), used(within))

    assert graduated_price(GraduatedTerms(tiers), used(within)).amount == volume.amount


@given(amount=amounts, unit_count=units)
def test_one_endless_tier_is_the_standard_model(amount: Decimal, unit_count: Decimal) -> None:
    """A ladder of one tier without a flat amount prices as the standard model does."""
    terms = VolumeTerms((Tier(Decimal(0), None, amount, Decimal(0)),))
    standard = standard_price(StandardTerms(amount), used(unit_count))

    assert standard.amount == volume_price(terms, used(unit_count)).amount


def test_a_fraction_above_the_top_is_in_the_next_tier() -> None:
    """Half a unit above a tier's top is priced by the next tier, with all the others."""
    cheap_above_ten = (
        Tier(Decimal(0), Decimal(10), Decimal(2), Decimal(0)),
        Tier(Decimal(11), None, Decimal(1), Decimal(0)),
    )

    assert volume_price(VolumeTerms(cheap_above_ten), used("10.5")).amount == Decimal("10.5")


def test_a_gap_in_the_ladder_is_refused() -> None:
    """Units that no tier holds are refused by name, not priced at zero."""
    up_to_ten = VolumeTerms((Tier(Decimal(0), Decimal(10), Decimal(2), Decimal(0)),))

    with pytest.raises(ValueError, match="no volume tier holds 11 units"):
        volume_price(up_to_ten, used(11))


@given(tiers=ladders())
def test_zero_usage_owes_the_first_flat_amount(tiers: tuple[Tier, ...]) -> None:
    """Without usage the first tier is chosen."""
    assert tiers[0].flat_amount == volume_price(VolumeTerms(tiers), used(0)).amount


@given(tiers=ladders())
def test_negative_units_cost_nothing(tiers: tuple[Tier, ...]) -> None:
    """More taken back than used owes not even the flat amount."""
    assert volume_price(VolumeTerms(tiers), used(-1)).amount == 0


@given(tiers=ladders(), counted=whole_units, days=st.integers(0, 31))
def test_prorated_units_are_paid_in_the_tier_of_all(
    tiers: tuple[Tier, ...], counted: Decimal, days: int
) -> None:
    """The units before proration choose the tier, the prorated ones are paid at its price."""
    prorated = counted * days / 32
    quantity = Quantity(units=prorated, events_count=1, full_units=counted)
    last = next(tier for tier in tiers if tier.to_value is None or counted <= tier.to_value)

    price = volume_price(VolumeTerms(tiers), quantity)

    assert price.amount == prorated * last.per_unit_amount + last.flat_amount
