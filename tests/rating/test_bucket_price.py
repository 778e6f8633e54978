"""What a bucket costs: paid in arrears or in advance, so far or in the end, group by group."""

from decimal import Decimal

import pytest
from msgspec import structs

from aggregation.quantity import GroupQuantity, Quantity
from catalog.charge_terms import (
    ChargeTerms,
    DynamicTerms,
    GraduatedTerms,
    PercentageTerms,
    StandardTerms,
)
from rating.bucket_price import GroupPrice, closed_price, group_prices, group_prices_so_far
from rating.charge_bucket import ChargeBucket
from rating.included_quota import quantity_after_quota
from rating.marginal_fees import peak_price
from rating.rated_line import Price, Step
from tests.rating.makers import a_charge, used
from tests.rating.test_rater import TEN_THEN_ONE

NONE, ONE = Decimal(0), Decimal(1)
THIRD = StandardTerms(Decimal("0.333"))
QUOTA = Step("included quota", Decimal(2), NONE, None, NONE)


def events(*values: int) -> Quantity:
    """Return the sum of events, with the value and the id of each."""
    ids = tuple(f"e{number}" for number in range(len(values)))
    return structs.replace(used(sum(values), *values), event_ids=ids)


def advance(included: int = 0) -> ChargeBucket:
    """Return a bucket that is paid in advance, at a third of a dollar, after a quota."""
    return ChargeBucket(
        a_charge(THIRD, is_pay_in_advance=True, quantity_included=Decimal(included))
    )


def only(found: object) -> GroupPrice:
    """Return the one fee of a bucket without groups."""
    assert isinstance(found, list)
    (fee,) = found
    assert isinstance(fee, GroupPrice)
    return fee


def test_fees_in_advance_are_rounded_one_by_one_and_say_so() -> None:
    """Three events of one unit at 0.333 cost 33 cents each, not a dollar less a mill together."""
    fee = only(group_prices(advance(), events(1, 1, 1), "CAD"))

    said = Step(
        "fees of events in advance, each rounded to cents", Decimal(3), None, None, Decimal("0.99")
    )
    assert fee == GroupPrice((), events(1, 1, 1), Price(Decimal("0.99"), (said,)), 99)


def test_a_quota_is_told_in_advance_too() -> None:
    """Two of five units are included: the rest is paid, and all that events brought is shown."""
    fee = only(group_prices(advance(2), events(1, 2, 2), "CAD"))

    quota, paid = fee.price.steps
    assert quota == QUOTA
    assert (paid.units, paid.amount, fee.amount_cents) == (Decimal(5), ONE, 100)


def test_so_far_the_peak_is_priced_and_rounded_once() -> None:
    """A running period in advance costs its highest level, as if it ended now."""
    fee = only(group_prices_so_far(advance(2), events(4, 3, -5), "CAD"))

    assert fee.price.steps == (
        QUOTA,
        Step("every unit", Decimal(5), Decimal("0.333"), None, Decimal("1.665")),
        Step("rounded half-up to cents", NONE, None, None, Decimal("0.005")),
    )
    assert (fee.price.amount, fee.amount_cents) == (Decimal("1.665"), 167)


@pytest.mark.parametrize("terms", [THIRD, DynamicTerms()])
def test_in_arrears_what_is_so_far_is_what_is_billed(terms: ChargeTerms) -> None:
    """A charge in arrears costs the same, whether its period has ended or not."""
    bucket = ChargeBucket(a_charge(terms))
    quantity = structs.replace(used(7), precise_total_amount_cents=Decimal(250))

    for currency in ("CAD", "JPY", "BHD"):
        fee = only(group_prices_so_far(bucket, quantity, currency))
        assert [fee] == group_prices(bucket, quantity, currency)
        assert fee.amount_cents > 0


@pytest.mark.parametrize("price", [group_prices, group_prices_so_far])
def test_without_events_nothing_is_due_in_advance(price: object) -> None:
    """No event has no fee, and no step: not even the quota's."""
    assert callable(price)
    fee = only(price(advance(2), events(), "CAD"))

    assert (fee.price, fee.amount_cents) == (Price(NONE, ()), 0)


def test_each_group_is_a_fee_of_its_own() -> None:
    """Two halves of a cent in two groups are two cents; names and values stay together."""
    bucket = ChargeBucket(
        a_charge(StandardTerms(Decimal("0.005")), pricing_group_keys=("region", "size"))
    )
    groups = (GroupQuantity(("east", None), used(1)), GroupQuantity(("west", "s"), used(1)))

    found = group_prices(bucket, structs.replace(used(2), groups=groups), "CAD")

    assert [(fee.group, fee.amount_cents) for fee in found] == [
        ((("region", "east"), ("size", None)), 1),
        ((("region", "west"), ("size", "s")), 1),
    ]
    (nothing,) = group_prices(bucket, used(0), "CAD")
    assert nothing.group == (("region", None), ("size", None))


def test_steps_of_a_closed_price_come_to_its_cents() -> None:
    """Below zero is made good first, then cents are rounded; what is whole has no such step."""
    debt, fraction, whole = Price(Decimal(-3), ()), Price(Decimal("1.234"), ()), Price(ONE, ())

    assert closed_price(debt, "CAD") == Price(
        NONE, (Step("not below zero", NONE, None, None, Decimal(3)),)
    )
    assert closed_price(fraction, "CAD").steps == (
        Step("rounded half-up to cents", NONE, None, None, Decimal("-0.004")),
    )
    assert closed_price(fraction, "JPY").steps[0].amount == Decimal("-0.234")
    assert closed_price(whole, "CAD") == whole


def test_the_peak_of_prorated_events_is_priced_as_plain_units() -> None:
    """Eight and six units for half a period are seven at the peak, in the first tier."""
    quantity = Quantity(
        units=Decimal(7),
        events_count=2,
        full_units=Decimal(14),
        event_values=(Decimal(8), Decimal(6)),
        event_prorated_values=(Decimal(4), Decimal(3)),
        event_ids=("e0", "e1"),
    )

    price = peak_price(GraduatedTerms(TEN_THEN_ONE), quantity, "CAD")

    assert price.steps == (Step("tier 1", Decimal(7), Decimal(10), Decimal(3), Decimal(73)),)


def test_the_peak_of_events_with_limits_prices_each_value() -> None:
    """With a maximum for each event, levels do not count: each event beyond the quota does."""
    terms = PercentageTerms(
        Decimal(10), fixed_amount=Decimal(1), per_transaction_max_amount=Decimal(5)
    )

    price = peak_price(terms, events(10, 100, 30), "CAD", quantity_included=Decimal(10))

    assert price.steps == (
        Step("events by rate and fixed amount", ONE, None, None, Decimal(4)),
        Step("events cut to the maximum", ONE, Decimal(5), None, Decimal(5)),
    )
    with pytest.raises(ValueError, match="the peak of a period needs each event"):
        peak_price(terms, Quantity(ONE, 1), "CAD")


@pytest.mark.parametrize(
    ("values", "left"), [((5, -5), (2, -2)), ((1, 1), ()), ((4, 2), (1, 2)), ((2, 9, -9), (8, -8))]
)
def test_a_quota_leaves_what_each_event_adds_beyond_it(
    values: tuple[int, ...], left: tuple[int, ...]
) -> None:
    """Of three included units, events that go beyond and come back leave both ways."""
    quantity = quantity_after_quota(THIRD, Decimal(3), events(*values))

    assert list(quantity.event_values or ()) == list(map(Decimal, left))
    assert quantity.events_count == len(left)
    assert quantity.units == sum(left)
