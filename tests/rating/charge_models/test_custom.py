"""The custom model: the metric computes the price, the model passes it on."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import CustomTerms
from rating.charge_models.custom import custom_price
from rating.charge_models.unit_amount import unit_amount


@given(
    units=st.decimals(0, 100, places=3),
    amount_cents=st.decimals(0, 10**6, places=9),
    exponent=st.integers(0, 4),
)
def test_the_price_is_the_metric_s_own(
    units: Decimal, amount_cents: Decimal, exponent: int
) -> None:
    """Whatever the units, zero included, the amount that the metric named is the price."""
    quantity = Quantity(units, 1, precise_total_amount_cents=amount_cents)

    assert custom_price(CustomTerms(), quantity, exponent).amount == amount_cents.scaleb(-exponent)


def test_units_share_the_metric_s_amount() -> None:
    """Twenty for ten units are two each."""
    quantity = Quantity(Decimal(10), 1, precise_total_amount_cents=Decimal(2000))
    price = custom_price(CustomTerms(), quantity, 2)

    assert unit_amount(CustomTerms(), quantity, price) == 2
