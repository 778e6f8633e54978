"""The prorated graduated model: the level picks the tier, the prorated value is what is paid."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import GraduatedTerms, Tier
from rating.charge_models.graduated import graduated_price
from rating.charge_models.prorated_graduated import prorated_graduated_price
from tests.rating.makers import ladders, used

PERIOD_DAYS = 32
# A share of 32 days is a finite decimal, so that no oracle has to round.
changes = st.tuples(st.integers(-20, 20).filter(bool), st.integers(1, PERIOD_DAYS))
additions = st.tuples(st.integers(1, 20), st.integers(1, PERIOD_DAYS))
FIVE_AND_ON = GraduatedTerms(
    (
        Tier(Decimal(0), Decimal(5), Decimal(10), Decimal(100)),
        Tier(Decimal(6), None, Decimal(5), Decimal(50)),
    )
)


def prorated(*events: tuple[int, int]) -> Quantity:
    """Return the quantity of events, each of so many units for so many days of the period."""
    full = tuple(Decimal(units) for units, _ in events)
    parts = tuple(Decimal(units) * days / PERIOD_DAYS for units, days in events)
    return Quantity(
        units=sum(parts, Decimal(0)),
        events_count=len(events),
        event_values=full,
        full_units=sum(full, Decimal(0)),
        event_prorated_values=parts,
    )


def price_unit_by_unit(tiers: tuple[Tier, ...], events: list[tuple[int, int]]) -> Fraction:
    """Put each unit on the level or take it off again, at the price of its own place and days."""
    level, highest, total = 0, 0, Fraction(0)
    for units, days in events:
        for _ in range(abs(units)):
            place = level + 1 if units > 0 else level
            share = Fraction(days, PERIOD_DAYS) * (1 if units > 0 else -1)
            if place >= 1:
                total += share * Fraction(tiers[tier_of(tiers, place)].per_unit_amount)
            level += 1 if units > 0 else -1
        highest = max(highest, level)
    flat = sum(Fraction(tier.flat_amount) for tier in tiers[: tier_of(tiers, highest) + 1])
    return Fraction(0) if level < 0 else max(total, Fraction(0)) + flat


def tier_of(tiers: tuple[Tier, ...], unit: int) -> int:
    """Return the index of the tier that holds a unit."""
    return next(
        index for index, tier in enumerate(tiers) if tier.to_value is None or unit <= tier.to_value
    )


@given(tiers=ladders(), events=st.lists(changes, max_size=8))
def test_price_is_that_of_each_unit_at_its_level(
    tiers: tuple[Tier, ...], events: list[tuple[int, int]]
) -> None:
    """Each unit costs its days' share of the price at the level it came to or left from."""
    quantity = prorated(*events)
    price = prorated_graduated_price(GraduatedTerms(tiers), quantity)

    expected = price_unit_by_unit(tiers, events) if quantity.units else tiers[0].flat_amount

    assert Fraction(expected) == Fraction(price.amount)


@given(tiers=ladders(), events=st.lists(additions, max_size=8))
def test_whole_periods_cost_as_without_proration(
    tiers: tuple[Tier, ...], events: list[tuple[int, int]]
) -> None:
    """Units that are there all the time cost what the graduated model says of their sum."""
    total = sum(units for units, _ in events)
    whole = prorated(*((units, PERIOD_DAYS) for units, _ in events))

    assert (
        graduated_price(GraduatedTerms(tiers), used(total)).amount
        == prorated_graduated_price(GraduatedTerms(tiers), whole).amount
    )


@given(tiers=ladders(), events=st.lists(changes, max_size=8))
def test_steps_add_up_to_the_amount(tiers: tuple[Tier, ...], events: list[tuple[int, int]]) -> None:
    """Every part of the price stands in one of its steps."""
    price = prorated_graduated_price(GraduatedTerms(tiers), prorated(*events))

    assert sum(Fraction(step.amount) for step in price.steps) == Fraction(price.amount)


@given(tiers=ladders(), events=st.lists(additions, min_size=1, max_size=8))
def test_a_shorter_stay_never_costs_more(
    tiers: tuple[Tier, ...], events: list[tuple[int, int]]
) -> None:
    """Units that came a day later cost at most the same."""
    terms = GraduatedTerms(tiers)
    later = [(units, max(days - 1, 1)) for units, days in events]

    assert (
        prorated_graduated_price(terms, prorated(*later)).amount
        <= prorated_graduated_price(terms, prorated(*events)).amount
    )


def test_nothing_used_owes_the_first_flat_amount() -> None:
    """Without prorated units only the flat amount of the first tier is due, whatever happened."""
    assert prorated_graduated_price(FIVE_AND_ON, prorated()).amount == 100
    assert prorated_graduated_price(FIVE_AND_ON, prorated((9, 16), (-9, 16))).amount == 100


def test_a_period_that_ends_below_zero_costs_nothing() -> None:
    """More taken back than was ever there owes not even the flat amount."""
    assert prorated_graduated_price(FIVE_AND_ON, prorated((4, 16), (-9, 8))).amount == 0


def test_the_flat_amounts_of_the_highest_level_stay_due() -> None:
    """A tier reached and left again owes its flat amount whole, and its units their days."""
    price = prorated_graduated_price(FIVE_AND_ON, prorated((7, 16), (-6, 8)))

    assert price.amount == 100 + 50 + 5 * 5 + 2 * Decimal("2.5") - 4 * Decimal("2.5") - 2 * Decimal(
        "1.25"
    )


def test_units_without_weight_do_not_lift_the_level() -> None:
    """An addition that weighs nothing is passed over, and so is the removal that belongs to it."""
    quantity = Quantity(
        units=Decimal(2),
        events_count=3,
        event_values=(Decimal(9), Decimal(-9), Decimal(4)),
        event_prorated_values=(Decimal(0), Decimal(0), Decimal(2)),
    )

    assert prorated_graduated_price(FIVE_AND_ON, quantity).amount == 100 + 2 * 10


def test_a_fall_through_two_bounds_is_priced_tier_by_tier() -> None:
    """Units taken back leave from the top, each at the price of the tier it was in."""
    tiers = GraduatedTerms(
        (
            Tier(Decimal(0), Decimal(2), Decimal(8), Decimal(0)),
            Tier(Decimal(3), Decimal(4), Decimal(4), Decimal(0)),
            Tier(Decimal(5), None, Decimal(2), Decimal(0)),
        )
    )
    price = prorated_graduated_price(tiers, prorated((6, 32), (-5, 16)))

    assert price.amount == (2 * 8 + 2 * 4 + 2 * 2) - Decimal(1 * 8 + 2 * 4 + 2 * 2) / 2


@pytest.mark.parametrize("parts", [None, (Decimal(1),)])
def test_uneven_values_are_refused(parts: tuple[Decimal, ...] | None) -> None:
    """Without a prorated value for each full one nothing is guessed."""
    quantity = Quantity(
        units=Decimal(2),
        events_count=2,
        event_values=(Decimal(1), Decimal(1)),
        event_prorated_values=parts,
    )

    with pytest.raises(ValueError, match="as many full values"):
        prorated_graduated_price(FIVE_AND_ON, quantity)
