"""The unit amount: what one unit came to on average."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import PackageTerms, StandardTerms, Tier, VolumeTerms
from rating.charge_models.package import package_price
from rating.charge_models.standard import standard_price
from rating.charge_models.unit_amount import unit_amount
from rating.charge_models.volume import volume_price
from tests.rating.makers import amounts, used


@given(amount=amounts, count=st.integers(1, 500))
def test_a_standard_unit_costs_its_price(amount: Decimal, count: int) -> None:
    """Where every unit costs the same, that is the unit amount."""
    terms, quantity = StandardTerms(amount), used(count)

    assert unit_amount(terms, quantity, standard_price(terms, quantity)) == amount


@given(count=st.integers(0, 60), free=st.integers(0, 30), size=st.integers(1, 10))
def test_only_paid_units_share_a_package(count: int, free: int, size: int) -> None:
    """The price of the packages is shared by the units beyond the free ones."""
    terms, quantity = PackageTerms(Decimal(1), size, free), used(count)
    price = package_price(terms, quantity)
    shared = unit_amount(terms, quantity, price)

    if count > free:
        assert round(Fraction(shared) * (count - free), 30) == Fraction(price.amount)
    else:
        assert shared == 0


def test_prorated_units_share_by_what_was_counted() -> None:
    """The units before proration share the amount, since they are the ones shown (Lago)."""
    quantity = Quantity(Decimal("3.5"), 1, full_units=Decimal(7))
    terms = StandardTerms(Decimal(4))

    assert unit_amount(terms, quantity, standard_price(terms, quantity)) == 2


def test_no_units_have_no_unit_amount() -> None:
    """A flat amount due without usage is no amount of any unit."""
    terms = VolumeTerms((Tier(Decimal(0), None, Decimal(1), Decimal(9)),))

    assert unit_amount(terms, used(0), volume_price(terms, used(0))) == 0
    assert unit_amount(terms, used(-3), volume_price(terms, used(-3))) == 0
