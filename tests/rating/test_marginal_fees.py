"""Marginal fees: each event in advance costs what it adds to the price of the period."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    ChargeTerms,
    CustomTerms,
    DynamicTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    PercentageTier,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from rating.charge_models import model_price
from rating.included_quota import quantity_after_quota
from rating.marginal_fees import MarginalFee, marginal_fees, peak_price
from tests.lago_vectors.comparison import mismatches
from tests.lago_vectors.runner import computed
from tests.rating.charge_models.test_percentage import total_terms, transaction_terms
from tests.rating.lago_cases import Case, lago_cases
from tests.rating.makers import amounts, ladders

SECONDS_MAX = 6
EVENTS_MANY = 20_000

additions = st.lists(st.integers(0, 30), max_size=12)
changes = st.lists(st.integers(-30, 30), max_size=12)
rates = ladders().map(
    lambda tiers: tuple(
        PercentageTier(tier.from_value, tier.to_value, tier.per_unit_amount, tier.flat_amount)
        for tier in tiers
    )
)
level_terms = st.one_of(
    st.builds(StandardTerms, amounts),
    st.builds(GraduatedTerms, ladders()),
    st.builds(GraduatedPercentageTerms, rates),
    st.builds(PackageTerms, amounts, st.integers(1, 9), st.integers(0, 30)),
    total_terms,
)
all_terms = st.one_of(level_terms, transaction_terms)


def of(values: Sequence[int]) -> Quantity:
    """Return events that change the level by these values."""
    return Quantity(
        units=Decimal(sum(values)),
        events_count=len(values),
        event_values=tuple(Decimal(value) for value in values),
        event_ids=tuple(f"event-{number}" for number in range(len(values))),
    )


def told(fees: Sequence[MarginalFee]) -> list[tuple[int, int]]:
    """Return the units, which are whole here, and the cents of fees."""
    assert all(fee.units == int(fee.units) for fee in fees)
    return [(int(fee.units), fee.amount_cents) for fee in fees]


@pytest.mark.parametrize("case", lago_cases("pay_in_advance"))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of fees in advance give Lago's units and cents, event by event."""
    assert not mismatches(case["expected"], computed(case))


@given(terms=all_terms, values=additions)
def test_fees_add_up_to_the_price_of_the_period(terms: ChargeTerms, values: list[int]) -> None:
    """Before rounding, the fees of all events are what the period costs in arrears."""
    quantity = of(values)
    fees = marginal_fees(terms, quantity, "CAD")
    whole = model_price(terms, quantity, "CAD").amount if values else Decimal(0)

    assert sum(Fraction(fee.amount) for fee in fees) == Fraction(whole)


@given(terms=all_terms, values=changes, quota=st.integers(0, 40))
def test_fees_add_up_to_the_price_of_the_peak(
    terms: ChargeTerms, values: list[int], quota: int
) -> None:
    """Whatever was taken back, the fees are what the highest level beyond the quota costs."""
    quantity, included = of(values), Decimal(quota)
    fees = marginal_fees(terms, quantity, "CAD", quantity_included=included)
    whole = peak_price(terms, quantity, "CAD", quantity_included=included).amount

    if values:
        assert sum(Fraction(fee.amount) for fee in fees) == Fraction(whole)


@given(terms=all_terms, values=additions, quota=st.integers(0, 40))
def test_a_quota_counts_as_in_arrears(terms: ChargeTerms, values: list[int], quota: int) -> None:
    """An included quota leaves the same units and events to be paid as it does in arrears."""
    quantity, included = of(values), Decimal(quota)
    left = quantity_after_quota(terms, included, quantity)
    fees = marginal_fees(terms, quantity, "CAD", quantity_included=included)

    if values:
        assert sum(Fraction(fee.amount) for fee in fees) == Fraction(
            model_price(terms, left, "CAD").amount
        )


@given(terms=level_terms, values=additions, more=st.integers(0, 30))
def test_a_later_event_changes_no_earlier_fee(
    terms: ChargeTerms, values: list[int], more: int
) -> None:
    """A fee stands once it is known: what comes later never changes it."""
    before = marginal_fees(terms, of(values), "CAD")

    assert marginal_fees(terms, of([*values, more]), "CAD")[: len(before)] == before


@given(terms=all_terms, values=changes)
def test_no_fee_is_negative(terms: ChargeTerms, values: list[int]) -> None:
    """What was charged in advance is never paid back, nor are negative units shown."""
    fees = marginal_fees(terms, of(values), "CAD")

    assert all(fee.amount_cents >= 0 and fee.units >= 0 for fee in fees)


def test_only_what_exceeds_the_peak_is_charged() -> None:
    """Ten, four taken back, eight more: ten and four are paid (Lago)."""
    fees = marginal_fees(StandardTerms(Decimal(1)), of([10, -4, 8]), "CAD")

    assert told(fees) == [(10, 1000), (0, 0), (4, 400)]


def test_units_below_the_peak_are_shown_and_free() -> None:
    """Units that come back below the highest level are shown at no cost (Lago)."""
    fees = marginal_fees(StandardTerms(Decimal(1)), of([10, -4, 3]), "CAD")

    assert told(fees) == [(10, 1000), (0, 0), (3, 0)]


def test_a_debt_is_made_good_first() -> None:
    """Units that only lift the level back to zero cost nothing."""
    fees = marginal_fees(StandardTerms(Decimal(1)), of([-5, 8]), "CAD")

    assert told(fees) == [(0, 0), (3, 300)]


def test_each_flat_amount_is_due_once() -> None:
    """The first event brings the first tier's flat amount, the one that enters a tier its flat."""
    terms = GraduatedTerms(
        (
            Tier(Decimal(0), Decimal(5), Decimal(1), Decimal(100)),
            Tier(Decimal(6), None, Decimal(2), Decimal(50)),
        )
    )
    fees = marginal_fees(terms, of([0, 5, 1, 1]), "CAD")

    assert told(fees) == [(0, 100_00), (5, 5_00), (1, 52_00), (1, 2_00)]


def test_a_package_is_paid_by_the_event_that_opens_it() -> None:
    """An event within an open package costs nothing; one that needs two pays two."""
    terms = PackageTerms(Decimal(5), package_size=10, free_units=5)
    fees = marginal_fees(terms, of([5, 1, 9, 12]), "CAD")

    assert told(fees) == [(5, 0), (1, 500), (9, 0), (12, 1000)]


def test_each_fee_is_rounded_on_its_own() -> None:
    """Three events of 0.5 cents are three cents in advance, and two in arrears."""
    terms = StandardTerms(Decimal("0.005"))
    fees = marginal_fees(terms, of([1, 1, 1]), "CAD")

    assert [fee.amount_cents for fee in fees] == [1, 1, 1]
    assert sum(fee.amount for fee in fees) == Decimal("0.015")


def test_a_limit_holds_for_each_event_by_itself() -> None:
    """With limits for a transaction each event costs its own price, whatever came before."""
    terms = PercentageTerms(
        Decimal(1), Decimal(1), per_transaction_min_amount=Decimal("1.75"),
        per_transaction_max_amount=Decimal(12),
    )  # fmt: skip
    fees = marginal_fees(terms, of([100, 1000, 10_000, 1]), "CAD")

    assert [fee.amount_cents for fee in fees] == [200, 1100, 1200, 175]


def test_a_dynamic_event_costs_its_own_price() -> None:
    """Each event's own amount is its fee; without one for every event nothing is guessed."""
    quantity, own = of([1, 2]), (Decimal("10.5"), Decimal(3))
    fees = marginal_fees(DynamicTerms(), quantity, "CAD", event_amounts_cents=own)

    assert told(fees) == [(1, 11), (2, 3)]
    with pytest.raises(ValueError, match="give event_amounts_cents"):
        marginal_fees(DynamicTerms(), quantity, "CAD")


def test_a_prorated_event_shows_its_units_and_pays_its_days() -> None:
    """Prorated, the units above the peak are shown whole and paid by their event's share."""
    quantity = Quantity(
        units=Decimal("7.5"),
        events_count=3,
        event_values=(Decimal(10), Decimal(-4), Decimal(8)),
        event_prorated_values=(Decimal(5), Decimal(-2), Decimal(2)),
        event_ids=("a", "b", "c"),
    )
    terms = StandardTerms(Decimal(1))

    assert told(marginal_fees(terms, quantity, "CAD")) == [(10, 500), (0, 0), (4, 100)]
    assert peak_price(terms, quantity, "CAD").amount == 6


@pytest.mark.parametrize("terms", [VolumeTerms(()), CustomTerms()])
def test_a_model_without_a_price_for_one_event_is_refused(terms: ChargeTerms) -> None:
    """What only a whole period can price can't be paid in advance (Lago)."""
    with pytest.raises(ValueError, match="only be paid in arrears"):
        marginal_fees(terms, of([1]), "CAD")


def test_events_without_ids_are_refused() -> None:
    """A fee belongs to an event, so a total or a nameless event makes none."""
    with pytest.raises(ValueError, match="wants_event_values"):
        marginal_fees(StandardTerms(Decimal(1)), Quantity(Decimal(1), 1), "CAD")


@pytest.mark.parametrize(
    "terms",
    [
        PercentageTerms(
            Decimal(1), free_units_per_events=9, free_units_per_total_aggregation=Decimal(999)
        ),
        PercentageTerms(
            Decimal(1), free_units_per_total_aggregation=Decimal(9),
            per_transaction_max_amount=Decimal(1),
        ),
        GraduatedTerms(
            tuple(
                Tier(Decimal(low), Decimal(low + 9), Decimal(1), Decimal(1))
                for low in range(0, 30, 10)
            )
        ),
    ],
    ids=["free units", "limits", "graduated"],
)  # fmt: skip
def test_many_events_take_linear_time(terms: ChargeTerms) -> None:
    """Twenty thousand events are priced in a moment: no event is priced again for a later one."""
    quantity = of([1] * EVENTS_MANY)
    began = process_time()

    assert len(marginal_fees(terms, quantity, "CAD")) == EVENTS_MANY
    assert process_time() - began < SECONDS_MAX
