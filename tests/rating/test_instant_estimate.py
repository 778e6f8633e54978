"""The instant estimate: what one event costs by itself."""

from decimal import Decimal

import pytest
from hypothesis import given

from catalog.charge_terms import (
    ChargeTerms,
    DynamicTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    VolumeTerms,
)
from rating.charge_models.percentage import percentage_price
from rating.charge_models.standard import standard_price
from rating.estimates.instant import instant_price
from tests.rating.charge_models.test_percentage import transaction_terms
from tests.rating.makers import amounts, units, used


@given(amount=amounts, count=units)
def test_a_standard_event_costs_what_a_period_of_it_does(amount: Decimal, count: Decimal) -> None:
    """One event of a standard charge costs its units, with or without others."""
    terms = StandardTerms(amount)

    assert instant_price(terms, count).amount == standard_price(terms, used(count)).amount


@given(terms=transaction_terms)
def test_a_percentage_event_has_nothing_free(terms: PercentageTerms) -> None:
    """One event is priced within its limits, as if nothing of the charge were free."""
    nothing_free = PercentageTerms(
        rate=terms.rate,
        fixed_amount=terms.fixed_amount,
        per_transaction_min_amount=terms.per_transaction_min_amount,
        per_transaction_max_amount=terms.per_transaction_max_amount,
    )

    assert (
        instant_price(terms, Decimal(7)).amount == percentage_price(nothing_free, used(7, 7)).amount
    )


def test_negative_units_count_as_none() -> None:
    """A refund by itself costs as an event of zero units: only what is fixed."""
    assert instant_price(StandardTerms(Decimal(3)), Decimal(-2)).amount == 0
    assert instant_price(PercentageTerms(Decimal(3), Decimal(1)), Decimal(-2)).amount == 1


@pytest.mark.parametrize("terms", [PackageTerms(Decimal(1), 1), VolumeTerms(()), DynamicTerms()])
def test_other_models_have_no_price_for_one_event(terms: ChargeTerms) -> None:
    """A price that depends on the period is refused, not estimated."""
    with pytest.raises(ValueError, match="only standard and percentage"):
        instant_price(terms, Decimal(1))
