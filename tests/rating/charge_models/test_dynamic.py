"""The dynamic model: each event brings its own price."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.quantity import NO_USAGE, Quantity
from catalog.charge_terms import DynamicTerms
from rating.charge_models.dynamic import dynamic_price
from rating.charge_models.unit_amount import unit_amount

cents = st.decimals(-(10**6), 10**6, places=15)


def brought(units: int, amount_cents: Decimal | None) -> Quantity:
    """Return units whose events named an amount."""
    return Quantity(Decimal(units), 1, precise_total_amount_cents=amount_cents)


@given(amount_cents=cents, exponent=st.integers(0, 4))
def test_the_price_is_what_the_events_named(amount_cents: Decimal, exponent: int) -> None:
    """No digit of the events' amounts is lost on the way from cents to currency units."""
    price = dynamic_price(DynamicTerms(), brought(3, amount_cents), exponent)

    assert price.amount.scaleb(exponent) == amount_cents
    assert [step.amount for step in price.steps] == [price.amount]


@given(amount_cents=cents)
def test_without_units_the_amounts_do_not_count(amount_cents: Decimal) -> None:
    """Zero or negative units cost nothing, whatever the events named."""
    assert dynamic_price(DynamicTerms(), brought(0, amount_cents), 2).amount == 0
    assert dynamic_price(DynamicTerms(), brought(-2, amount_cents), 2).amount == 0


def test_events_that_name_no_amount_cost_nothing() -> None:
    """Units without an amount of their own are free, and so is no usage at all."""
    assert dynamic_price(DynamicTerms(), brought(5, None), 2).amount == 0
    assert dynamic_price(DynamicTerms(), NO_USAGE, 2).amount == 0


def test_the_unit_amount_is_shared_by_the_units() -> None:
    """40.2 cents for 20 units are 2.01 cents each."""
    quantity = brought(20, Decimal("40.2"))
    price = dynamic_price(DynamicTerms(), quantity, 2)

    assert unit_amount(DynamicTerms(), quantity, price) == Decimal("0.0201")
    assert unit_amount(DynamicTerms(), structs.replace(quantity, units=Decimal(0)), price) == 0
