"""Versions kept long ago: their bodies read the same for ever."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from catalog.billable_metrics import (
    AggregationType,
    BillableMetric,
    CounterSemantics,
    MetricFilter,
    RoundingFunction,
)
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
from catalog.plans import (
    ALL_FILTER_VALUES,
    Charge,
    ChargeFilter,
    Plan,
    PlanInterval,
    PresentationKey,
)
from catalog.services import Service
from catalog.store.billable_metrics import add_metric, metric_versions
from catalog.store.plan_bodies import plan_body
from catalog.store.plans import add_plan, plan_versions
from catalog.store.services import add_service
from storage.state import State
from storage.tables import billable_metric_version, plan_version

AT = datetime(2026, 8, 10, 12, tzinfo=UTC)
# As the release before filters, options and expressions wrote it.
OLD_CHARGE = (
    '{"id":"charge-%d","code":"c%d","metric_id":"metric-1","metric_code":"messages",'
    '"charge_model":"%s","terms":%s,"created_at":"2026-08-10T12:00:00Z",'
    '"quantity_included":"%s","invoice_display_name":%s}'
)
OLD_PLAN = (
    '{"name":"Team","interval":"monthly","amount_cents":4900,"amount_currency":"CAD",'
    '"trial_period_days":"14","description":null,"invoice_display_name":null,"charges":[%s]}'
)
OLD_METRIC = (
    '{"name":"Messages","description":null,"aggregation_type":"sum_agg","field_name":"count",'
    '"recurring":false,"rounding_function":"ceil","rounding_precision":-2%s}'
)
TIERS = (
    '{"tiers":[{"from_value":"0","to_value":"%s","per_unit_amount":"0.50","flat_amount":"1"},'
    '{"from_value":"%s","to_value":null,"per_unit_amount":"0.50","flat_amount":"1"}]}'
)
OLD_PERCENTAGE = (
    '{"rate":"2.5","fixed_amount":"0.30","free_units_per_events":3,'
    '"free_units_per_total_aggregation":"100","per_transaction_min_amount":"0.01",'
    '"per_transaction_max_amount":null}'
)


def two_tiers(high: str, low: str) -> tuple[Tier, Tier]:
    price, flat = Decimal("0.50"), Decimal(1)
    first = Tier(Decimal(0), Decimal(high), price, flat)
    return first, Tier(Decimal(low), None, price, flat)


OLD_TERMS: list[tuple[str, str, ChargeTerms]] = [
    ("standard", '{"amount":"0.10"}', StandardTerms(Decimal("0.10"))),
    (
        "package",
        '{"amount":"1.50","package_size":100,"free_units":5}',
        PackageTerms(Decimal("1.50"), 100, 5),
    ),
    ("graduated", TIERS % ("0.1", "0.1"), GraduatedTerms(two_tiers("0.1", "0.1"))),
    ("volume", TIERS % ("100", "101"), VolumeTerms(two_tiers("100", "101"))),
    (
        "percentage",
        OLD_PERCENTAGE,
        PercentageTerms(Decimal("2.5"), Decimal("0.30"), 3, Decimal(100), Decimal("0.01")),
    ),
]


def a_plan(*charges: Charge) -> Plan:
    return Plan(
        "plan-1", "nexadesk", "team", "Team", PlanInterval.MONTHLY, 4900, "CAD", AT, AT,
        trial_period_days=Decimal(14), charges=charges,
    )  # fmt: skip


def a_metric() -> BillableMetric:
    return BillableMetric(
        "metric-1", "nexadesk", "messages", "Messages", AggregationType.SUM, AT, AT,
        field_name="count", rounding_function=RoundingFunction.CEIL, rounding_precision=-2,
    )  # fmt: skip


@pytest.fixture
def service(state: State) -> str:
    with state.write() as connection:
        add_service(
            connection, Service("nexadesk", "nexadesk", "NexaDesk", "America/Toronto", "CAD", AT)
        )
    return "nexadesk"


def stored_plan(state: State, kept: Plan, body: str | None = None) -> Plan:
    """Return a plan as it reads back; `body` replaces what the code of today wrote."""
    with state.write() as connection:
        add_plan(connection, kept)
        if body is not None:
            connection.execute(sa.update(plan_version).values(body=body))
        ((version,),) = plan_versions(connection, kept.service_code).values()
    return version


def stored_metric(state: State, kept: BillableMetric, body: str | None = None) -> BillableMetric:
    """Return a metric as it reads back; `body` replaces what the code of today wrote."""
    with state.write() as connection:
        add_metric(connection, kept)
        if body is not None:
            connection.execute(sa.update(billable_metric_version).values(body=body))
        ((version,),) = metric_versions(connection, kept.service_code).values()
    return version


def test_a_plan_kept_before_filters_and_options_reads_as_it_was(state: State, service: str) -> None:
    """Every charge model of then, its terms digit for digit, with no option set."""
    bodies = [
        OLD_CHARGE % (place, place, model, terms, "0.50" if not place else "0", "null")
        for place, (model, terms, _) in enumerate(OLD_TERMS)
    ]
    expected = [
        Charge(
            f"charge-{place}", f"c{place}", "metric-1", "messages", terms, AT,
            quantity_included=Decimal("0" if place else "0.50"),
        )
        for place, (_, _, terms) in enumerate(OLD_TERMS)
    ]  # fmt: skip
    read = stored_plan(state, a_plan(), OLD_PLAN % ",".join(bodies))

    assert read == a_plan(*expected)
    assert read.service_code == service
    first = read.charges[0]
    assert (first.is_invoiceable, first.is_pay_in_advance, first.filters) == (True, False, ())


@pytest.mark.parametrize(
    ("more", "semantics"),
    [
        ("", None),
        (',"counter_semantics":null', None),
        (',"counter_semantics":"delta"', CounterSemantics.DELTA),
    ],
)
@pytest.mark.usefixtures("service")
def test_a_metric_kept_before_expressions_reads_as_it_was(
    more: str, semantics: CounterSemantics | None, state: State
) -> None:
    """Both older forms of a metric's body mean no expression and no filters."""
    read = stored_metric(state, a_metric(), OLD_METRIC % more)

    assert read == replace(a_metric(), counter_semantics=semantics)


@pytest.mark.usefixtures("service")
def test_a_metric_with_everything_reads_back_exactly(state: State) -> None:
    """What is written today comes back the same."""
    whole = replace(
        a_metric(),
        aggregation_type=AggregationType.WEIGHTED_SUM,
        recurring=True,
        expression="event.properties.seconds / 60",
        filters=(MetricFilter("cloud", ("aws", "gcp")), MetricFilter("region", ("ca",))),
    )

    assert stored_metric(state, whole) == whole


PERCENT_TIER = PercentageTier(Decimal(0), None, Decimal("2.50"), Decimal("0.10"))


@pytest.mark.parametrize(
    "terms",
    [
        *(terms for _, _, terms in OLD_TERMS),
        GraduatedPercentageTerms((PERCENT_TIER,)),
        DynamicTerms(),
        CustomTerms(),
    ],
)
@pytest.mark.usefixtures("service")
def test_a_plan_with_everything_reads_back_exactly(terms: ChargeTerms, state: State) -> None:
    """Every model, with filters and all options, survives the database digit for digit."""
    own = ChargeFilter(
        "filter-1", (("region", ("us", "ca")), ("cloud", (ALL_FILTER_VALUES,))), terms,
        Decimal("1.50"), ("user",), "Far away",
    )  # fmt: skip
    charge = Charge(
        "charge-1", "c", "metric-1", "messages", terms, AT, filters=(own,),
        pricing_group_keys=("team", "user"),
        presentation_keys=(PresentationKey("day"), PresentationKey("hour", is_on_invoice=False)),
        is_prorated=True, is_pay_in_advance=True, is_invoiceable=False,
        regroup_paid_fees="invoice", min_amount_cents=900,
    )  # fmt: skip
    whole = replace(
        a_plan(charge),
        interval=PlanInterval.SEMIANNUAL,
        is_pay_in_advance=True,
        bills_charges_monthly=True,
        minimum_commitment_cents=10_000,
        minimum_commitment_display_name="At least",
    )

    read = stored_plan(state, whole)
    assert read == whole
    assert plan_body(read) == plan_body(whole)
