"""The amount alone is the amount that is billed, whatever the charge model."""

from decimal import Decimal, localcontext
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aggregation.quantity import GroupQuantity, Quantity
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
from catalog.money import MONEY_CONTEXT
from rating.bucket_price import group_prices
from rating.charge_bucket import ChargeBucket
from rating.simulation.quick_amount import quick_price
from tests.rating.makers import a_charge, amounts, ladders

values = st.decimals(-40, 60, places=3)
included = st.sampled_from([Decimal(0), Decimal(7), Decimal("12.5")])
currencies = st.sampled_from(["CAD", "JPY", "BHD"])
optional = st.none() | st.decimals(0, 30, places=2)


def touching(tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    """Return a ladder of fractions: every tier begins where the one before ends."""
    pairs = [Tier(lower.to_value or lower.from_value, upper.to_value, upper.per_unit_amount,
                  upper.flat_amount) for lower, upper in pairwise(tiers)]  # fmt: skip
    return (tiers[0], *pairs)


def in_percent(tiers: tuple[Tier, ...]) -> tuple[PercentageTier, ...]:
    """Return a ladder whose prices are percents."""
    return tuple(
        PercentageTier(each.from_value, each.to_value, each.per_unit_amount, each.flat_amount)
        for each in tiers
    )


any_ladder = st.one_of(ladders(), ladders().map(touching))
percentages: st.SearchStrategy[ChargeTerms] = st.builds(
    PercentageTerms, rate=amounts, fixed_amount=st.just(Decimal(0)) | amounts,
    free_units_per_events=st.none() | st.integers(0, 3), free_units_per_total_aggregation=optional,
    per_transaction_min_amount=st.none() | amounts,
    per_transaction_max_amount=st.none() | amounts,
)  # fmt: skip
plain_percentages: st.SearchStrategy[ChargeTerms] = st.builds(
    PercentageTerms, rate=amounts, fixed_amount=amounts
)
terms_of_models: st.SearchStrategy[ChargeTerms] = st.one_of(
    amounts.map(StandardTerms),
    any_ladder.map(GraduatedTerms),
    ladders().map(VolumeTerms),
    any_ladder.map(in_percent).map(GraduatedPercentageTerms),
    st.builds(PackageTerms, amount=amounts, package_size=st.integers(1, 20),
              free_units=st.integers(0, 30)),
    percentages,
    plain_percentages,
    st.just(DynamicTerms()),
    st.just(CustomTerms()),
)  # fmt: skip
in_advance: st.SearchStrategy[ChargeTerms] = st.one_of(
    amounts.map(StandardTerms), any_ladder.map(GraduatedTerms), percentages
)
proratable: st.SearchStrategy[ChargeTerms] = st.one_of(
    amounts.map(StandardTerms), ladders().map(GraduatedTerms), ladders().map(VolumeTerms)
)


@st.composite
def quantities(draw: st.DrawFn, *, prorated: bool = False) -> Quantity:
    """Draw a quantity as aggregation answers it when single events are wanted."""
    events = tuple(draw(st.lists(values, max_size=5)))
    with localcontext(MONEY_CONTEXT):
        total = sum(events, Decimal(0))
        shares = tuple(each / 2 for each in events)
        return Quantity(
            units=total / 2 if prorated else total,
            events_count=len(events),
            event_values=events,
            event_ids=tuple(str(number) for number in range(len(events))),
            full_units=total if prorated else None,
            event_prorated_values=shares if prorated else None,
            precise_total_amount_cents=draw(st.none() | values),
        )


def billed_cents(bucket: ChargeBucket, quantity: Quantity, currency: str) -> int:
    """Return the cents of a bucket as they are billed."""
    return sum(fee.amount_cents for fee in group_prices(bucket, quantity, currency))


@given(terms_of_models, quantities(), included, currencies)
def test_the_amount_alone_is_what_is_billed(
    terms: ChargeTerms, quantity: Quantity, quota: Decimal, currency: str
) -> None:
    """Cents without steps are the cents of the explained price, for every model and quota."""
    bucket = ChargeBucket(a_charge(terms, quantity_included=quota))
    assert quick_price(bucket, currency).cents(quantity) == billed_cents(bucket, quantity, currency)


@given(terms_of_models, st.integers(0, 10**18).map(lambda n: Decimal(n).scaleb(-6)))
def test_large_totals_cost_the_same(terms: ChargeTerms, units: Decimal) -> None:
    """Far beyond the last tier the two ways agree too, with no event listed."""
    quantity = Quantity(units, 17, event_values=(units,), event_ids=("e",))
    bucket = ChargeBucket(a_charge(terms))
    assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(in_advance, quantities(), included)
def test_fees_in_advance_cost_the_same(
    terms: ChargeTerms, quantity: Quantity, quota: Decimal
) -> None:
    """Events paid in advance are rounded one by one in both ways."""
    bucket = ChargeBucket(a_charge(terms, quantity_included=quota, is_pay_in_advance=True))
    assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(proratable, quantities(prorated=True))
def test_prorated_quantities_cost_the_same(terms: ChargeTerms, quantity: Quantity) -> None:
    """Units before proration choose tiers in both ways."""
    bucket = ChargeBucket(a_charge(terms, is_prorated=True))
    assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(terms_of_models, st.lists(quantities(), max_size=3), included)
def test_groups_are_rounded_one_by_one(
    terms: ChargeTerms, parts: list[Quantity], quota: Decimal
) -> None:
    """Every group is a fee of its own, and no usage is one group of nothing."""
    groups = tuple(GroupQuantity((str(number),), part) for number, part in enumerate(parts))
    quantity = Quantity(sum((part.units for part in parts), Decimal(0)), 0, (), groups=groups)
    bucket = ChargeBucket(a_charge(terms, quantity_included=quota, pricing_group_keys=("region",)))
    assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(ladders(), values)
def test_a_ladder_that_does_not_rise_costs_the_same(
    tiers: tuple[Tier, ...], units: Decimal
) -> None:
    """Tiers after one without end, or out of order, are walked as the explained price does it."""
    for odd in ((*tiers, *tiers), tiers[::-1]):
        bucket, quantity = ChargeBucket(a_charge(GraduatedTerms(odd))), Quantity(units, 1)
        assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(terms_of_models, st.integers(-1000, 1000).map(lambda n: Decimal(n).scaleb(-3)), included)
def test_a_part_of_a_unit_costs_the_same(
    terms: ChargeTerms, units: Decimal, quota: Decimal
) -> None:
    """Less than one unit, used or taken back, is priced in both ways alike."""
    quantity = Quantity(units, 1, event_values=(units,), event_ids=("e",))
    bucket = ChargeBucket(a_charge(terms, quantity_included=quota))
    assert quick_price(bucket, "CAD").cents(quantity) == billed_cents(bucket, quantity, "CAD")


@given(ladders())
def test_the_top_of_a_tier_costs_the_same(tiers: tuple[Tier, ...]) -> None:
    """Units that end exactly at the top of a tier are in that tier, in both ways."""
    for top in (tier.to_value for tier in tiers if tier.to_value is not None):
        for terms in (VolumeTerms(tiers), GraduatedTerms(tiers)):
            bucket, quantity = ChargeBucket(a_charge(terms)), Quantity(top, 1)
            cents = quick_price(bucket, "CAD").cents(quantity)
            assert cents == billed_cents(bucket, quantity, "CAD")
