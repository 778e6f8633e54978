"""The percentage model: a rate on the units, a fixed amount for each event, less what is free."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import NO_USAGE, Quantity
from catalog.charge_terms import ChargeModel, PercentageTerms
from rating.charge_models.percentage import percentage_price
from tests.rating.lago_cases import Case, as_expected, case_quantity, case_terms, lago_cases
from tests.rating.makers import amounts, of_events, used

event_values = st.lists(st.integers(0, 15), max_size=12)
free_events = st.none() | st.integers(1, 8)
free_totals = st.none() | st.integers(1, 60).map(Decimal)
limits = st.none() | st.decimals(0, 5, places=2)

total_terms = st.builds(
    PercentageTerms,
    rate=amounts,
    fixed_amount=amounts,
    free_units_per_events=free_events,
    free_units_per_total_aggregation=free_totals,
)
transaction_terms = st.builds(
    PercentageTerms,
    rate=amounts,
    fixed_amount=amounts,
    free_units_per_events=free_events,
    free_units_per_total_aggregation=free_totals,
    per_transaction_min_amount=st.decimals(0, 5, places=2),
    per_transaction_max_amount=limits,
)


def total_unit_by_unit(terms: PercentageTerms, values: list[int]) -> Fraction:
    """Walk all units of all events one by one; each is free or owes the rate."""
    events_free_max, units_free_max = (
        terms.free_units_per_events,
        terms.free_units_per_total_aggregation,
    )
    paid_units, position, events_below = 0, 0, 0
    for number, value in enumerate(values):
        for _ in range(value):
            position += 1
            within_events = events_free_max is None or number < events_free_max
            within_units = units_free_max is None or position <= units_free_max
            has_free_part = not (events_free_max is None and units_free_max is None)
            paid_units += 0 if has_free_part and within_events and within_units else 1
        events_below += 1 if units_free_max is not None and position < units_free_max else 0
    counts = [count for count in (events_free_max, events_below) if count]
    paid_events = max(len(values) - min(counts, default=0), 0) if position else 0
    return paid_units * Fraction(terms.rate) / 100 + paid_events * Fraction(terms.fixed_amount)


def transactions_one_by_one(terms: PercentageTerms, values: list[int]) -> Fraction:
    """Price each event by where its units lie on the line of all units."""
    total, end = Fraction(0), 0
    free_total = terms.free_units_per_total_aggregation
    for number, value in enumerate(values):
        start, end = end, end + value
        if free_total is not None:
            if end < free_total:
                continue
            paid = end - max(start, int(free_total))
        elif number < (terms.free_units_per_events or 0):
            continue
        else:
            paid = value
        amount = paid * Fraction(terms.rate) / 100 + Fraction(terms.fixed_amount)
        total += within(amount, terms.per_transaction_min_amount, terms.per_transaction_max_amount)
    return total


def within(amount: Fraction, minimum: Decimal | None, maximum: Decimal | None) -> Fraction:
    """Raise to the minimum, else cut to the maximum."""
    if minimum is not None and amount < Fraction(minimum):
        return Fraction(minimum)
    return amount if maximum is None else min(amount, Fraction(maximum))


@pytest.mark.parametrize("case", lago_cases("charge_model", ChargeModel.PERCENTAGE))
def test_lago_charges_the_same(case: Case) -> None:
    """Lago's own test cases of the percentage model give Lago's amounts."""
    terms = case_terms(case)
    assert isinstance(terms, PercentageTerms)

    expected, actual = as_expected(
        case, "amount", percentage_price(terms, case_quantity(case)).amount
    )

    assert expected == actual


@given(terms=total_terms, values=event_values)
def test_price_is_that_of_each_unit_walked(terms: PercentageTerms, values: list[int]) -> None:
    """The free units are the first ones in time; all others owe the rate."""
    price = percentage_price(terms, of_events(values))

    assert total_unit_by_unit(terms, values) == Fraction(price.amount)


@given(terms=transaction_terms, values=event_values)
def test_limits_hold_for_each_transaction(terms: PercentageTerms, values: list[int]) -> None:
    """With limits, each event that is not free is priced on its own and kept within them."""
    price = percentage_price(terms, of_events(values))

    assert transactions_one_by_one(terms, values) == Fraction(price.amount)


@given(terms=total_terms | transaction_terms, values=event_values)
def test_steps_add_up_to_the_amount(terms: PercentageTerms, values: list[int]) -> None:
    """Every cent of a percentage price stands in one of its steps."""
    price = percentage_price(terms, of_events(values))

    assert sum(Fraction(step.amount) for step in price.steps) == Fraction(price.amount)


def test_an_event_that_reaches_the_free_total_owes_its_fixed_amount() -> None:
    """Only events strictly below the free total are free of the fixed amount."""
    terms = PercentageTerms(
        Decimal(1), fixed_amount=Decimal(5), free_units_per_total_aggregation=Decimal(15)
    )

    assert percentage_price(terms, used(14, 10, 4)).amount == 0
    assert percentage_price(terms, used(15, 10, 5)).amount == 5


def test_a_refund_frees_events_until_the_free_total_is_passed() -> None:
    """A refund after the free total was reached counts as below it; after it was passed, not."""
    terms = PercentageTerms(
        rate=Decimal(0), fixed_amount=Decimal(5), free_units_per_total_aggregation=Decimal(10)
    )

    assert percentage_price(terms, used(25, 10, -5, 20)).amount == 2 * 5
    assert percentage_price(terms, used(26, 11, -5, 20)).amount == 3 * 5


def test_a_first_event_beyond_the_free_total_leaves_the_free_events() -> None:
    """Where no event is below the free total, the number of free events stands by itself."""
    terms = PercentageTerms(
        rate=Decimal(0),
        fixed_amount=Decimal(5),
        free_units_per_events=2,
        free_units_per_total_aggregation=Decimal(10),
    )

    assert percentage_price(terms, used(33, 11, 11, 11)).amount == 5


def test_both_free_limits_hold_however_many_events_are_counted() -> None:
    """Of ten counted events three units are free, though five events might be (Lago: five)."""
    terms = PercentageTerms(
        rate=Decimal(100), free_units_per_events=5, free_units_per_total_aggregation=Decimal(3)
    )

    assert percentage_price(terms, used(10, *[1] * 10)).amount == 7


def test_refunds_take_no_free_event_away() -> None:
    """Two free events are two, also where a refund brings the total below zero (Lago: fewer)."""
    terms = PercentageTerms(rate=Decimal(0), fixed_amount=Decimal(5), free_units_per_events=2)

    assert percentage_price(terms, used(5, 2, -5, 3, 5)).amount == 2 * 5
    assert percentage_price(terms, used(5, -5, 2, 3, 5)).amount == 2 * 5


def test_a_free_total_used_up_ends_the_free_events() -> None:
    """With limits, the event that uses the free total up pays its excess; free events lapse."""
    terms = PercentageTerms(
        rate=Decimal(100),
        free_units_per_events=9,
        free_units_per_total_aggregation=Decimal(10),
        per_transaction_min_amount=Decimal(0),
    )

    assert percentage_price(terms, used(19, 4, 8, 7)).amount == 2 + 7


@pytest.mark.parametrize(
    "terms",
    [
        PercentageTerms(Decimal(1), free_units_per_events=1),
        PercentageTerms(Decimal(1), free_units_per_total_aggregation=Decimal(1)),
        PercentageTerms(Decimal(1), per_transaction_min_amount=Decimal(0)),
        PercentageTerms(Decimal(1), per_transaction_max_amount=Decimal(1)),
    ],
)
def test_a_total_alone_is_refused_where_events_matter(terms: PercentageTerms) -> None:
    """Without each event's value a price that depends on it is refused, not guessed."""
    with pytest.raises(ValueError, match="needs each event's value"):
        percentage_price(terms, Quantity(units=Decimal(9), events_count=2))


def test_a_total_suffices_for_rate_and_fixed_amount() -> None:
    """Without free parts and limits, the total and the number of events are enough."""
    terms = PercentageTerms(Decimal("2.9"), fixed_amount=Decimal("0.30"))
    price = percentage_price(terms, Quantity(units=Decimal(200), events_count=3))

    assert Decimal("6.70") == price.amount


@given(terms=total_terms | transaction_terms)
def test_nothing_used_or_less_costs_nothing(terms: PercentageTerms) -> None:
    """Neither an empty period nor a negative total owes a fixed amount."""
    assert percentage_price(terms, NO_USAGE).amount == 0
    assert percentage_price(terms, used(-3, 2, -5)).amount == 0
