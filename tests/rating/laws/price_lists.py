"""Drawing price lists: metrics, terms and charges that go together as the catalog allows."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hypothesis import strategies as st

from catalog.billable_metrics import AggregationType, BillableMetric, MetricFilter, RoundingFunction
from catalog.charge_terms import (
    ChargeModel,
    ChargeTerms,
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
from catalog.plans import ALL_FILTER_VALUES, Charge, ChargeFilter, Plan, PlanInterval
from tests.rating.makers import a_charge, a_metric, a_plan

KINDS = tuple(AggregationType)
ADDITIVE = (AggregationType.COUNT, AggregationType.SUM)
WITH_HISTORY = (AggregationType.SUM, AggregationType.UNIQUE_COUNT, AggregationType.WEIGHTED_SUM)
PAYABLE_IN_ADVANCE = (*ADDITIVE, AggregationType.UNIQUE_COUNT)
CHARGED_BY = {
    ChargeModel.PERCENTAGE: tuple(kind for kind in KINDS if kind is not AggregationType.LATEST),
    ChargeModel.GRADUATED_PERCENTAGE: tuple(
        kind for kind in KINDS if kind is not AggregationType.LATEST
    ),
    ChargeModel.DYNAMIC: (AggregationType.SUM,),
}
PRORATED_BY = (ChargeModel.STANDARD, ChargeModel.GRADUATED, ChargeModel.VOLUME)
REGIONS, MODELS = ("eu", "us"), ("large", "small")
DECLARED = (MetricFilter("region", REGIONS), MetricFilter("model", MODELS))

# Uniform from a list, as drawn integers are mostly small: bills of nothing would prove nothing.
PRICES = tuple(map(Decimal, ("0", "0.002", "0.015", "0.5", "1", "1.005", "2.5", "3.333", "12")))
amounts = st.sampled_from(PRICES) | st.integers(0, 5000).map(lambda n: Decimal(n).scaleb(-3))
quotas = st.sampled_from([Decimal(0), Decimal(0), Decimal("1.5"), Decimal(12)])
rates = st.sampled_from(tuple(map(Decimal, ("0", "0.1", "2.9", "10", "33.33"))))
limits = st.none() | st.sampled_from(tuple(map(Decimal, ("0", "0.3", "1.255", "3"))))


@st.composite
def ladders(draw: st.DrawFn) -> tuple[Tier, ...]:
    """Draw one to four tiers: whole numbers (0 to 10, 11 on), or touching (0 to 0.5, 0.5 on)."""
    tops = sorted(draw(st.sets(st.integers(1, 60), max_size=3)))
    touching = draw(st.booleans())
    starts = [0, *(top + (0 if touching else 1) for top in tops)]
    return tuple(
        Tier(Decimal(start), None if top is None else Decimal(top), draw(amounts), draw(amounts))
        for start, top in zip(starts, [*tops, None], strict=True)
    )


def has_whole_bounds(tiers: Sequence[Tier]) -> bool:
    """Say whether every tier begins one unit after the one before ends."""
    return all(upper.from_value != lower.to_value for lower, upper in pairwise(tiers))


def as_rates(tiers: Sequence[Tier]) -> tuple[PercentageTier, ...]:
    """Return the tiers of a graduated percentage on the same ladder."""
    return tuple(
        PercentageTier(tier.from_value, tier.to_value, tier.per_unit_amount, tier.flat_amount)
        for tier in tiers
    )


TERMS: dict[ChargeModel, st.SearchStrategy[ChargeTerms]] = {
    ChargeModel.STANDARD: st.builds(StandardTerms, amounts),
    ChargeModel.GRADUATED: st.builds(GraduatedTerms, ladders()),
    ChargeModel.PACKAGE: st.builds(
        PackageTerms, amounts, st.integers(1, 9), st.sampled_from([0, 0, 5, 21])
    ),
    ChargeModel.PERCENTAGE: st.builds(
        PercentageTerms,
        rate=rates,
        fixed_amount=amounts,
        free_units_per_events=st.none() | st.integers(1, 4),
        free_units_per_total_aggregation=st.none() | st.integers(1, 60).map(Decimal),
        per_transaction_min_amount=st.none() | limits,
        per_transaction_max_amount=st.none() | limits,
    ),
    ChargeModel.VOLUME: st.builds(VolumeTerms, ladders().filter(has_whole_bounds)),
    ChargeModel.GRADUATED_PERCENTAGE: st.builds(GraduatedPercentageTerms, ladders().map(as_rates)),
    ChargeModel.DYNAMIC: st.just(DynamicTerms()),
}
EVERY_MODEL = tuple(TERMS)
LONG = (PlanInterval.SEMIANNUAL, PlanInterval.YEARLY)
# Weeks and months end within the months of a world; longer periods mostly are cut short.
intervals = st.sampled_from([PlanInterval.MONTHLY, PlanInterval.WEEKLY, *PlanInterval])


@st.composite
def metrics(
    draw: st.DrawFn, number: int, kinds: Sequence[AggregationType] = KINDS
) -> BillableMetric:
    """Draw a metric, which may count all history and may round its units."""
    kind = draw(st.sampled_from(kinds))
    rounding = draw(st.sampled_from([None, None, *RoundingFunction]))
    return a_metric(
        id=f"metric-{number}",
        code=f"m{number}",
        aggregation_type=kind,
        field_name=None if kind is AggregationType.COUNT else "tokens",
        recurring=kind in WITH_HISTORY and draw(st.booleans()),
        rounding_function=rounding,
        rounding_precision=draw(st.sampled_from([None, -1, 1])) if rounding else None,
        filters=DECLARED,
    )


@st.composite
def charges(
    draw: st.DrawFn, metric: BillableMetric, models: Sequence[ChargeModel], *, parts: bool
) -> Charge:
    """Draw a charge on a metric with the options that go with it; `parts`: filters and groups."""
    kind = metric.aggregation_type
    model = draw(st.sampled_from([m for m in models if kind in CHARGED_BY.get(m, KINDS)]))
    is_advance = (
        kind in PAYABLE_IN_ADVANCE
        and model not in (ChargeModel.VOLUME, ChargeModel.DYNAMIC)
        and draw(st.sampled_from([True, True, False]))
    )
    is_prorated = (
        metric.recurring
        and kind is not AggregationType.WEIGHTED_SUM
        and model in (PRORATED_BY[:1] if is_advance else PRORATED_BY)
        and draw(st.booleans())
    )
    has_quota = not is_prorated and model is not ChargeModel.DYNAMIC
    return a_charge(
        draw(TERMS[model]),
        id=f"charge-of-{metric.code}",
        code=metric.code,
        metric_id=metric.id,
        metric_code=metric.code,
        quantity_included=draw(quotas) if has_quota else Decimal(0),
        is_pay_in_advance=is_advance,
        is_prorated=is_prorated,
        min_amount_cents=0 if is_advance else draw(st.sampled_from([0, 0, 1000, 77_777])),
        filters=draw(filters_of(model)) if parts else (),
        pricing_group_keys=draw(group_keys) if parts else (),
    )


group_keys = st.sampled_from([(), (), ("region",), ("model", "region")])
stated = st.sampled_from(
    [
        (("region", ("eu",)),),
        (("region", ("us", "eu")),),
        (("region", (ALL_FILTER_VALUES,)),),
        (("model", ("large",)),),
        (("model", (ALL_FILTER_VALUES,)), ("region", ("eu",))),
        (("model", ("large",)), ("region", ("eu", "us"))),
    ]
)


def charge_filters(model: ChargeModel) -> st.SearchStrategy[ChargeFilter]:
    """Draw a filter, priced by the model of its charge."""
    return st.builds(
        ChargeFilter, id=st.just(""), values=stated, terms=TERMS[model],
        pricing_group_keys=group_keys,
    )  # fmt: skip


def filters_of(model: ChargeModel) -> st.SearchStrategy[tuple[ChargeFilter, ...]]:
    """Draw no filters, or two or three that mostly overlap."""
    one = charge_filters(model)
    return (st.just([]) | st.lists(one, min_size=2, max_size=3)).map(numbered)


def numbered(filters: Sequence[ChargeFilter]) -> tuple[ChargeFilter, ...]:
    """Return filters, each under an id of its own, oldest first."""
    return tuple(
        ChargeFilter(f"filter-{number}", each.values, each.terms, each.quantity_included,
                     each.pricing_group_keys)
        for number, each in enumerate(filters)
    )  # fmt: skip


@st.composite
def plans(draw: st.DrawFn, number: int = 1, charges: Sequence[Charge] = ()) -> Plan:
    """Draw a plan with these charges: its fee, interval, time of payment and minimum."""
    interval = draw(intervals)
    monthly = interval in LONG and draw(st.sampled_from([True, True, False]))
    return a_plan(
        id=f"plan-{number}",
        code=f"plan-{number}",
        interval=interval,
        amount_cents=draw(st.sampled_from([0, 100_00, 12_345, 1])),
        amount_currency=draw(st.sampled_from(["CAD", "CAD", "JPY", "KWD"])),
        is_pay_in_advance=draw(st.booleans()),
        bills_charges_monthly=monthly,
        minimum_commitment_cents=0 if monthly else draw(st.sampled_from([0, 0, 300_01])),
        charges=tuple(charges),
    )
