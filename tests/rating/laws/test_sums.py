"""Sums: months make the year, steps make the line, lines make the draft."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType
from catalog.charge_terms import ChargeModel
from catalog.plans import PlanInterval
from rating.rated_line import LineKind
from tests.laws import LAW
from tests.rating.laws.billing import bills
from tests.rating.laws.oracle_prices import EXPONENTS, half_up
from tests.rating.laws.price_lists import ADDITIVE
from tests.rating.laws.worlds import World, with_exact_units, with_plan, worlds
from tests.rating.makers import EPOCH

NEXT_YEAR = EPOCH + timedelta(days=420)


def yearly_worlds(*kinds: AggregationType) -> st.SearchStrategy[World]:
    """Return worlds on a yearly plan, of metrics that count each period for itself."""
    drawn = worlds(kinds=kinds, models=(ChargeModel.STANDARD,), charges_max=1)
    own = drawn.filter(lambda world: not world.book.counts_history)
    return own.map(with_exact_units).map(lambda world: replace(world, runs=(NEXT_YEAR,)))


def units_billed(world: World, *, monthly: bool) -> dict[tuple[object, ...], Decimal]:
    """Return the units of each bucket and group in all bills, closed by years or by months."""
    units: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    yearly = with_plan(
        world,
        lambda plan: replace(
            plan,
            interval=PlanInterval.YEARLY,
            bills_charges_monthly=monthly,
            minimum_commitment_cents=0,
        ),
    )
    for bill in bills(yearly):
        for line in bill.lines:
            if line.kind is LineKind.CHARGE:
                units[line.charge_id, line.filter_id, line.group] += line.quantity
    return {part: number for part, number in units.items() if number}


@LAW
@given(yearly_worlds(*ADDITIVE))
def test_months_add_up_to_the_year(world: World) -> None:
    """Counts and sums of the months of a year are the year's, bucket by bucket."""
    assert units_billed(world, monthly=True) == units_billed(world, monthly=False)


def test_unique_counts_of_months_are_not_the_year_s() -> None:
    """A value seen in two months is one in the year: unique counts are never added up."""
    world = find(
        yearly_worlds(AggregationType.UNIQUE_COUNT),
        lambda world: units_billed(world, monthly=True) != units_billed(world, monthly=False),
        settings=settings(phases=(Phase.generate,), database=None, max_examples=500),
    )
    months, year = (sum(units_billed(world, monthly=each).values()) for each in (True, False))

    assert months != year


@LAW
@given(worlds())
def test_steps_make_lines_and_lines_make_drafts(world: World) -> None:
    """The amounts of a line's steps are its cents; the cents of a draft's lines are its amount."""
    for bill in bills(world):
        for line in bill.lines:
            unit = 10 ** EXPONENTS[line.currency]
            steps = sum((Fraction(step.amount) for step in line.steps), Fraction(0))
            assert steps * unit == line.amount_cents == half_up(Fraction(line.amount) * unit)
        assert bill.draft.amount_cents == sum(line.amount_cents for line in bill.lines)
        assert bill.draft.amount_cents == sum(line.amount_cents for line in bill.draft.lines)
        assert shown(bill.draft.lines) <= {line.id for line in bill.lines}


def shown(lines: Sequence[object]) -> set[object]:
    """Return the ids of the rated lines that a draft carries."""
    return {getattr(line, "rated_line_id", None) for line in lines}
