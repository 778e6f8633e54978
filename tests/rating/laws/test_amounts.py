"""Amounts: at tier bounds, of nothing, of more, at least, in advance, in any currency."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import NO_USAGE, Quantity
from catalog.billable_metrics import AggregationType
from catalog.charge_terms import (
    ChargeModel,
    ChargeTerms,
    GraduatedPercentageTerms,
    GraduatedTerms,
    Tier,
    VolumeTerms,
)
from rating.bucket_price import charge_price, group_prices
from rating.charge_window import closing_windows
from rating.marginal_fees import marginal_fees
from rating.rated_line import LineKind, RatedLine
from tests.laws import LAW
from tests.rating.laws.billing import bills, due_closings, priced
from tests.rating.laws.oracle_prices import EXPONENTS, cents_of, half_up
from tests.rating.laws.price_lists import (
    ADDITIVE,
    TERMS,
    as_rates,
    has_whole_bounds,
    ladders,
    quotas,
)
from tests.rating.laws.worlds import World, falling, rising, worlds
from tests.rating.makers import a_bucket

HAVE_FLATS = (GraduatedTerms, GraduatedPercentageTerms, VolumeTerms)
BY_EVENTS = (ChargeModel.STANDARD, ChargeModel.GRADUATED, ChargeModel.PACKAGE,
             ChargeModel.GRADUATED_PERCENTAGE, ChargeModel.PERCENTAGE)  # fmt: skip
FALLING = tuple(TERMS[model] for model in TERMS if model is not ChargeModel.DYNAMIC)
dusts = st.sampled_from(tuple(map(Decimal, ("0.000000000001", "0.001", "0.25", "0.999", "1"))))
every_terms = st.one_of(*FALLING)
additions = st.lists(rising | st.just(Decimal(0)), max_size=8)


def of(values: Sequence[Decimal]) -> Quantity:
    """Return events of these values."""
    ids = tuple(f"event-{number}" for number in range(len(values)))
    return Quantity(sum(values, Decimal(0)), len(values), tuple(values), event_ids=ids)


def price_of(terms: ChargeTerms, units: Decimal) -> Fraction:
    """Return the exact price of some units."""
    return Fraction(charge_price(a_bucket(terms), Quantity(units, 1), "CAD").amount)


def above_bounds(tiers: Sequence[Tier]) -> list[tuple[Decimal, Tier, Tier]]:
    """Return each bound, with the tier that ends there and the one that begins."""
    return [(low.to_value, low, high) for low, high in pairwise(tiers) if low.to_value is not None]


@LAW
@given(ladders(), dusts)
def test_graduated_prices_are_continuous_but_for_flat_amounts(
    tiers: tuple[Tier, ...], dust: Decimal
) -> None:
    """At every bound the last unit has its tier's price, the next one the next price and flat."""
    for bound, low, high in above_bounds(tiers):
        for terms, per_unit in (
            (GraduatedTerms(tiers), 1),
            (GraduatedPercentageTerms(as_rates(tiers)), Fraction(1, 100)),
        ):
            at, part = price_of(terms, bound), Fraction(dust) * per_unit
            top = high.to_value
            assert at - price_of(terms, bound - dust) == part * Fraction(low.per_unit_amount) + (
                Fraction(low.flat_amount) if is_first_unit(low, tiers, dust) else 0
            )
            if top is None or bound + dust <= top:
                rise = part * Fraction(high.per_unit_amount) + Fraction(high.flat_amount)
                assert price_of(terms, bound + dust) - at == rise


def is_first_unit(tier: Tier, tiers: Sequence[Tier], dust: Decimal) -> bool:
    """Say whether so little below a tier's top the tier is not entered: it is one unit wide."""
    place = tiers.index(tier)
    bottom = tiers[place - 1].to_value if place else None
    return bottom is not None and tier.to_value is not None and tier.to_value - dust <= bottom


@LAW
@given(ladders().filter(has_whole_bounds), dusts)
def test_a_volume_has_one_tier_on_each_side_of_a_bound(
    tiers: tuple[Tier, ...], dust: Decimal
) -> None:
    """Up to a bound all units have the lower tier's price, beyond it all have the next one's."""
    terms = VolumeTerms(tiers)
    for bound, low, high in above_bounds(tiers):
        assert price_of(terms, bound) == whole_price(low, bound)
        assert price_of(terms, bound + dust) == whole_price(high, bound + dust)


def whole_price(tier: Tier, units: Decimal) -> Fraction:
    """Return what units cost where one tier prices them all."""
    return Fraction(units) * Fraction(tier.per_unit_amount) + Fraction(tier.flat_amount)


@LAW
@given(every_terms, quotas, dusts)
def test_the_quota_s_end_is_where_prices_begin(
    terms: ChargeTerms, quota: Decimal, dust: Decimal
) -> None:
    """Units within the quota cost what none do, and those beyond what they cost without it."""
    included = a_bucket(terms, quantity_included=quota)
    within, beyond = (
        charge_price(included, of([units]), "CAD").amount for units in (quota, quota + dust)
    )
    if quota:
        assert within == charge_price(a_bucket(terms), of([]), "CAD").amount
    assert beyond == charge_price(a_bucket(terms), of([dust]), "CAD").amount


@given(worlds(used=False))
def test_no_usage_owes_flat_and_minimum_amounts_only(world: World) -> None:
    """Without usage a charge owes the flat amount of each bucket's first tier, then its minimum."""
    due = due_closings(world.book, world.runs)
    windows = [window for each in due for window in closing_windows(world.book, each)]
    found = priced(world.book, due, {window.usage.key: NO_USAGE for window in windows})
    for bill in found:
        cents: Counter[tuple[LineKind, str | None]] = Counter()
        for line in bill.lines:
            cents[line.kind, line.charge_id] += line.amount_cents
        plan = world.book.plan_until(bill.closing.subscription, bill.closing.closing_at)
        for charge in plan.charges if bill.closing.usage else ():
            own = [charge.terms, *(each.terms for each in charge.filters)]
            flats = [
                Fraction(terms.tiers[0].flat_amount)
                for terms in own
                if isinstance(terms, HAVE_FLATS) and not charge.is_pay_in_advance
            ]
            expected = sum(cents_of(flat, plan.amount_currency) for flat in flats)
            assert cents[LineKind.CHARGE, charge.id] == expected
        assert not any(line.events_count for line in bill.lines)


@LAW
@given(
    worlds(
        kinds=(*ADDITIVE, AggregationType.MAX),
        models=(ChargeModel.STANDARD, ChargeModel.GRADUATED, ChargeModel.PACKAGE),
        corrected=False,
        charges_max=1,
    ),
    st.integers(0, 8),
)
def test_more_usage_never_costs_less(world: World, left_out: int) -> None:
    """Where no event takes units back, a bill with one event less is never dearer."""
    rows = [row | {"value": abs(_value(row["value"]))} for row in world.events]
    every = replace(world, events=tuple(rows))
    seen = pl.col("inbox_id") != left_out % len(rows)
    for less, more in zip(bills(every, seen=seen), bills(every), strict=True):
        assert less.draft.amount_cents <= more.draft.amount_cents
        assert sum(of_charges(less.lines)) <= sum(of_charges(more.lines))


def _value(value: object) -> Decimal:
    assert isinstance(value, Decimal)
    return value


def of_charges(lines: Sequence[RatedLine]) -> list[int]:
    """Return the cents of lines that price usage."""
    return [line.amount_cents for line in lines if line.kind is LineKind.CHARGE]


@given(worlds(charges_max=1, used=False), st.lists(rising | falling, max_size=4))
def test_a_true_up_makes_exactly_the_minimum(world: World, values: list[Decimal]) -> None:
    """Fees below a charge's minimum, by the days billed, are raised to it; others stay."""
    due = due_closings(world.book, world.runs)
    windows = [window for each in due for window in closing_windows(world.book, each)]
    counted = {window.usage.key: of(values) for window in windows if not window.bucket.group_keys}
    grouped = {window.usage.key: NO_USAGE for window in windows if window.bucket.group_keys}
    for bill in priced(world.book, due, {**counted, **grouped}):
        period = bill.closing.usage
        plan = world.book.plan_until(bill.closing.subscription, bill.closing.closing_at)
        for charge in plan.charges if period else ():
            assert period is not None
            own = [line for line in bill.lines if line.charge_id == charge.id]
            raised = [line.amount_cents for line in own if line.kind is LineKind.TRUE_UP]
            minimum = half_up(Fraction(charge.min_amount_cents * period.fee_days, period.days))
            total = sum(line.amount_cents for line in own)
            assert total == max(minimum, total - sum(raised))
            assert all(cents > 0 for cents in raised)


@LAW
@given(st.sampled_from(BY_EVENTS).flatmap(TERMS.__getitem__), quotas, additions)
def test_fees_in_advance_are_the_price_in_arrears(
    terms: ChargeTerms, quota: Decimal, values: list[Decimal]
) -> None:
    """Of rising usage exact fees add up to the price, rounded ones but for half a cent each."""
    # A charge in advance on which nothing happened owes nothing, not even a flat amount.
    used, bucket = of(values), a_bucket(terms, quantity_included=quota)
    fees = marginal_fees(terms, used, "CAD", quantity_included=quota)
    arrears = charge_price(bucket, used, "CAD").amount if values else Decimal(0)
    in_advance = a_bucket(terms, quantity_included=quota, is_pay_in_advance=True)
    (billed,) = group_prices(in_advance, used, "CAD")

    assert sum(fee.amount for fee in fees) == arrears
    assert billed.amount_cents == sum(fee.amount_cents for fee in fees)
    assert abs(billed.amount_cents - arrears * 100) * 2 <= len(values)


@pytest.mark.parametrize("is_advance", [False, True])
@LAW
@given(terms=every_terms, values=additions, currency=st.sampled_from(sorted(EXPONENTS)))
def test_no_line_has_a_fraction_of_the_smallest_unit(
    *, is_advance: bool, terms: ChargeTerms, values: list[Decimal], currency: str
) -> None:
    """A yen has no decimals and a dinar three: closed amounts are whole in the smallest unit."""
    # A volume has no price for one event, so it is never paid in advance.
    bucket = a_bucket(terms, is_pay_in_advance=is_advance and not isinstance(terms, VolumeTerms))
    (found,) = group_prices(bucket, of(values), currency)
    closed = sum(Fraction(step.amount) for step in found.price.steps)

    assert closed * 10 ** EXPONENTS[currency] == found.amount_cents
    assert found.amount_cents == half_up(Fraction(found.price.amount) * 10 ** EXPONENTS[currency])
