"""The way from a quantity to a rated line."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from aggregation.quantity import Quantity
from catalog.charge_terms import (
    GraduatedTerms,
    PackageTerms,
    PercentageTerms,
    StandardTerms,
    Tier,
    VolumeTerms,
)
from catalog.plans import Charge
from rating.bucket_price import charge_price, closed_price
from rating.charge_bucket import ChargeBucket
from rating.included_quota import quantity_after_quota
from rating.rated_line import LineKind, Price, RatedLine, Step
from rating.rater import (
    explanation,
    rated_plan_fee_line,
)
from tests.rating.makers import (
    EPOCH,
    a_charge,
    a_charge_line,
    a_metric,
    a_period,
    a_plan,
    a_scope,
    a_subscription,
    amounts,
    ladders,
    of_events,
    units,
    used,
)

TEN_THEN_ONE = (
    Tier(Decimal(0), Decimal(10), Decimal(10), Decimal(3)),
    Tier(Decimal(11), None, Decimal(1), Decimal(0)),
)
terms_of_any_model = st.one_of(
    st.builds(StandardTerms, amounts),
    st.builds(PackageTerms, amounts, st.integers(1, 50), st.integers(0, 50)),
    st.builds(GraduatedTerms, ladders()),
    st.builds(VolumeTerms, ladders()),
    st.builds(PercentageTerms, amounts),
)


def a_line(
    quantity: Quantity, charge: Charge | None = None, draft_id: str = "draft-1"
) -> RatedLine:
    """Return the rated line of a quantity, in January in Toronto."""
    return a_charge_line(quantity, charge, a_scope(draft_id=draft_id))


def price_of(charge: Charge, quantity: Quantity) -> Price:
    """Return the exact price of a charge's quantity."""
    return charge_price(ChargeBucket(charge), quantity, "CAD")


def test_quota_is_consumed_before_tiers_are_chosen() -> None:
    """Units beyond the quota start in the first tier, as if the included ones had not been."""
    charge = a_charge(GraduatedTerms(TEN_THEN_ONE), quantity_included=Decimal(100))

    assert price_of(charge, used(105)).amount == 3 + 5 * 10


def test_zero_overage_is_priced_as_zero_usage() -> None:
    """Within the quota the first tier's flat amount is due, as it is without usage."""
    charge = a_charge(VolumeTerms(TEN_THEN_ONE), quantity_included=Decimal(100))

    assert price_of(charge, used(0)).amount == 3
    assert price_of(charge, used(100)).amount == 3


@given(terms=terms_of_any_model, included=units, unit_count=units)
def test_the_price_is_that_of_the_overage(
    terms: StandardTerms, included: Decimal, unit_count: Decimal
) -> None:
    """With a quota, the price is the model's price of what goes beyond it."""
    with_quota = a_charge(terms, quantity_included=included)
    overage = used(max(unit_count - included, Decimal(0)))

    assert (
        price_of(a_charge(terms), overage).amount == price_of(with_quota, used(unit_count)).amount
    )


@given(values=st.lists(st.integers(-9, 20), min_size=1, max_size=9), included=st.integers(1, 60))
def test_events_left_by_the_quota_add_up_to_the_overage(values: list[int], included: int) -> None:
    """Consuming the quota event by event leaves the same units as consuming it from the total."""
    left = quantity_after_quota(StandardTerms(Decimal(1)), Decimal(included), of_events(values))

    if sum(values) >= 0:
        assert max(sum(values) - included, 0) == left.units == sum(left.event_values or ())
        assert left.events_count == len(left.event_values or ())


def test_events_within_the_quota_owe_no_fixed_amount() -> None:
    """The event that uses the quota up pays on its excess; those before it are not seen."""
    terms = PercentageTerms(rate=Decimal(10), fixed_amount=Decimal(1))
    charge = a_charge(terms, quantity_included=Decimal(50))

    assert price_of(charge, used(100, 30, 30, 40)).amount == 5 + 2


def test_a_quota_without_event_values_is_refused_where_they_matter() -> None:
    """Which events the quota covers is not guessed from a total."""
    terms = PercentageTerms(rate=Decimal(10), fixed_amount=Decimal(1))
    charge = a_charge(terms, quantity_included=Decimal(50))

    with pytest.raises(ValueError, match="each event's value is needed"):
        price_of(charge, Quantity(units=Decimal(100), events_count=3))


def test_the_quota_is_a_step() -> None:
    """The explanation shows how much of the quota was used, at no price."""
    charge = a_charge(quantity_included=Decimal(100))

    assert (
        Step("included quota", Decimal(70), Decimal(0), None, Decimal(0))
        == (price_of(charge, used(70)).steps[0])
    )


@given(terms=terms_of_any_model, included=units, unit_count=units)
def test_steps_add_up_to_the_cents(
    terms: StandardTerms, included: Decimal, unit_count: Decimal
) -> None:
    """The amounts of a line's steps add up to exactly its cents."""
    line = a_line(used(unit_count), a_charge(terms, quantity_included=included))

    assert Fraction(line.amount_cents, 100) == sum(Fraction(step.amount) for step in line.steps)


@pytest.mark.parametrize(
    ("amount", "cents"), [("0.005", 1), ("0.00499", 0), ("1.015", 102), ("2.675", 268)]
)
def test_cents_are_rounded_half_up_once(amount: str, cents: int) -> None:
    """Half a cent becomes a cent; less becomes none."""
    line = a_line(used(1), a_charge(StandardTerms(Decimal(amount))))

    assert cents == line.amount_cents
    assert Decimal(amount) == line.amount


def test_currencies_round_to_their_own_decimals() -> None:
    """A currency without cents is rounded to whole units."""
    scope = a_scope(plan=a_plan(amount_currency="JPY"))
    line = a_charge_line(used(1), a_charge(StandardTerms(Decimal("10.5"))), scope)

    assert line.amount_cents == 11


def test_a_negative_amount_bills_nothing() -> None:
    """A negative price is closed at zero, and says so."""
    refund = Price(Decimal(-3), (Step("rate", Decimal(1), None, None, Decimal(-3)),))
    closed = closed_price(refund, "CAD")

    assert closed.amount == 0
    assert Step("not below zero", Decimal(0), None, None, Decimal(3)) == closed.steps[-1]


def test_negative_units_bill_nothing() -> None:
    """More taken back than used bills nothing and has no overage, with or without a quota."""
    for included in (Decimal(0), Decimal(10)):
        charge = a_charge(VolumeTerms(TEN_THEN_ONE), quantity_included=included)
        line = a_line(used(-5), charge)
        assert (line.amount_cents, line.quantity_overage) == (0, Decimal(0))


def test_the_line_pins_what_it_was_computed_from() -> None:
    """A line names its window, versions, watermark and quantities."""
    line = a_line(used("120.5"), a_charge(quantity_included=Decimal(100)))

    assert line.kind is LineKind.CHARGE
    assert (line.period_start, line.period_end) == (EPOCH, datetime(2026, 2, 1, 5, tzinfo=UTC))
    assert (line.plan_code, line.plan_version, line.metric_version) == ("team", 1, 1)
    assert (line.quantity, line.quantity_included, line.quantity_overage) == (
        Decimal("120.5"),
        Decimal(100),
        Decimal("20.5"),
    )
    assert line.charge_model == "standard"
    assert line.watermark == "0:17"


def test_a_charge_bills_the_window_of_its_usage() -> None:
    """A charge's window is the part of the period in which the subscription lived."""
    life = (datetime(2026, 1, 9, 15, tzinfo=UTC), datetime(2026, 1, 20, 8, tzinfo=UTC))
    subscription = a_subscription(started_at=life[0], terminated_at=life[1])
    line = a_charge_line(used(1), period=a_period(life[0], subscription))

    assert life == (line.period_start, line.period_end)


def test_quantities_have_the_decimals_of_the_lake() -> None:
    """Quantities carry twelve decimals, unless that would lose a digit."""
    exact, finer = Decimal("1.5"), Decimal("0.1234567890123")

    assert str(a_line(used(exact)).quantity) == "1.500000000000"
    assert finer == a_line(used(finer)).quantity


def test_descriptions_are_words_for_people() -> None:
    """A charge says its units and what was included, grouped as in Canadian English."""
    charge = a_charge(quantity_included=Decimal(100_000))

    assert a_line(used(1_234_567), charge).description == (
        "Generated tokens: 1,234,567 (100,000 included)"
    )
    named = a_charge(invoice_display_name="Tokens")
    assert a_line(used("1234.50"), named).description == "Tokens: 1,234.5"


def test_a_line_has_one_id_in_its_draft() -> None:
    """Rating a draft again gives the same ids; another draft or charge gives others."""
    other_charge = a_charge(id="charge-2")

    assert a_line(used(1)).id == a_line(used(2)).id
    assert a_line(used(1)).id != a_line(used(1), draft_id="draft-2").id
    assert a_line(used(1)).id != a_line(used(1), other_charge).id


def test_the_digest_is_of_values_not_of_spelling() -> None:
    """Equal inputs give an equal digest, however their decimals are written."""
    spelled = a_charge(StandardTerms(Decimal("0.00200")))

    assert a_line(used("5.0")).inputs_digest == a_line(used(5), spelled).inputs_digest
    assert a_line(used(5)).inputs_digest == a_line(used(5), draft_id="draft-2").inputs_digest


def test_the_digest_knows_every_input() -> None:
    """Whatever changes the amount, or what it was computed from, changes the digest."""
    charge, metric, scope, quantity = a_charge(), a_metric(), a_scope(), used(5, 2, 3)
    period = a_period()
    cut = replace(period, usage_end=period.start)
    changed = [
        (scope, charge, metric, structs.replace(quantity, units=Decimal(6))),
        (scope, charge, metric, structs.replace(quantity, events_count=3)),
        (scope, charge, metric, structs.replace(quantity, inputs_digest="abc")),
        (scope, a_charge(StandardTerms(Decimal(1))), metric, quantity),
        (scope, a_charge(PercentageTerms(Decimal("0.002"))), metric, quantity),
        (scope, a_charge(quantity_included=Decimal(1)), metric, quantity),
        (scope, charge, a_metric(version=2), quantity),
        (a_scope(plan=a_plan(version=2)), charge, metric, quantity),
        (a_scope(plan=a_plan(amount_currency="USD")), charge, metric, quantity),
        (a_scope(watermark="0:18"), charge, metric, quantity),
        (scope, a_charge(is_prorated=True), metric, quantity),
    ]
    digests = {
        a_charge_line(quantity, charge, scope, metric).inputs_digest
        for scope, charge, metric, quantity in [(scope, charge, metric, quantity), *changed]
    } | {a_charge_line(quantity, charge, scope, metric, cut).inputs_digest}

    assert len(digests) == len(changed) + 2


def test_the_explanation_is_plain_json() -> None:
    """An explanation survives JSON unchanged, its decimals as plain text."""
    line = a_line(used(3), a_charge(quantity_included=Decimal(1)))
    told = explanation(line)

    assert told == json.loads(json.dumps(told))
    assert told["steps"] == [
        {
            "rule": "included quota",
            "units": "1.0",
            "unit_amount": "0.0",
            "flat_amount": None,
            "amount": "0.0",
        },
        {
            "rule": "every unit",
            "units": "2.0",
            "unit_amount": "0.002",
            "flat_amount": None,
            "amount": "0.004",
        },
        {
            "rule": "rounded half-up to cents",
            "units": "0.0",
            "unit_amount": None,
            "flat_amount": None,
            "amount": "-0.004",
        },
    ]
    assert told["period_start"] == "2026-01-01T05:00:00Z"


def test_a_plan_fee_is_a_line_of_local_days() -> None:
    """A plan fee names the local days it is for, and covers them whole."""
    started_at = datetime(2026, 1, 17, 20, tzinfo=UTC)
    subscription = a_subscription(started_at=started_at)
    scope = a_scope(subscription=subscription, first_started_at=started_at)
    line = rated_plan_fee_line(scope, a_period(started_at, subscription))

    assert line.kind is LineKind.PLAN_FEE
    assert line.description == "Team: January 17, 2026 to January 31, 2026"
    assert line.period_start == datetime(2026, 1, 17, 5, tzinfo=UTC)
    assert line.period_end == datetime(2026, 2, 1, 5, tzinfo=UTC)
    assert line.amount_cents == 48_39
    assert (line.quantity, line.charge_code, line.metric_code) == (Decimal(1), None, None)


def test_a_plan_fee_pins_its_inputs() -> None:
    """The digest of a plan fee knows the fee, the trial and the period."""
    january, march = a_period(), a_period(datetime(2026, 3, 1, tzinfo=UTC))
    fees = [
        (a_scope(), january),
        (a_scope(plan=a_plan(amount_cents=1)), january),
        (a_scope(plan=a_plan(trial_period_days=Decimal(1))), january),
        (a_scope(), march),
        (a_scope(watermark="0:18"), january),
    ]
    digests = {rated_plan_fee_line(scope, period).inputs_digest for scope, period in fees}

    assert len(fees) == len(digests)


def test_the_service_month_is_the_services_own() -> None:
    """A window that opens on 1 February in Tokyo still belongs to January in Toronto."""
    scope = replace(a_scope(), zone=ZoneInfo("Asia/Tokyo"))
    period = replace(a_period(), usage_start=datetime(2026, 1, 31, 15, tzinfo=UTC))
    line = a_charge_line(used(1), scope=scope, period=period)

    assert line.service_month == date(2026, 1, 1)
