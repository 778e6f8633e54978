"""Every field of every kind of line and of its draft, and identities that no release may change."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import structs

from aggregation.quantity import GroupQuantity, Quantity, Selection
from catalog.billing_periods import billing_period_at
from catalog.charge_terms import StandardTerms
from catalog.plans import ChargeFilter, PlanInterval
from rating.charge_bucket import ChargeBucket
from rating.charge_window import ChargeWindow
from rating.closing import Closing, FeeCredit, closing_text
from rating.invoice_draft import DraftLine, DraftStatus, InvoiceDraft, draft_id, invoice_draft
from rating.rated_line import LineKind, RatedLine, Step
from rating.rater import (
    RatingScope,
    rated_charge_lines,
    rated_commitment_line,
    rated_fee_credit_line,
    rated_plan_fee_line,
    rated_true_up_line,
)
from tests.rating.makers import (
    EPOCH,
    TORONTO,
    a_charge,
    a_charge_line,
    a_metric,
    a_period,
    a_plan,
    a_scope,
    a_subscription,
    a_window,
    used,
)

FEBRUARY = datetime(2026, 2, 1, 5, tzinfo=UTC)
RATED_AT = datetime(2026, 2, 1, 6, tzinfo=UTC)
ONE, NONE = Decimal(1), Decimal(0)
PLAN = a_plan(version=3, minimum_commitment_cents=200_00)
CHARGE = a_charge(
    StandardTerms(Decimal("0.5")),
    quantity_included=Decimal(2),
    is_pay_in_advance=False,
    is_invoiceable=False,
    min_amount_cents=10_00,
)
PINNED = [
    ("5e20d5f7-77d3-5e1a-8991-6335a4b7aa5b", "e37cb6990cd14392"),
    ("b3eb1bfc-41f4-5268-8e9d-e10c2ec91602", "7e82ca988559a889"),
    ("e62ffc9f-1260-55e3-8208-95d60836ee9a", "31204a63c161eba2"),
    ("bf39b376-3309-586e-8815-a69d47668f4e", "e83cd38fd259d097"),
    ("7399ef3f-61f1-59c1-9355-55fa4331c532", "13b0245b9924a386"),
]
PINNED_DRAFT = "777ba362-80fe-56a0-9853-12469c98d009"
LARGE = ChargeFilter(
    id="filter-1",
    values=(("model", ("large", "huge")),),
    terms=StandardTerms(Decimal("0.25")),
    quantity_included=Decimal(2),
    pricing_group_keys=("region",),
)


def scope() -> RatingScope:
    """Return a scope on the plan's third version."""
    return a_scope(plan=PLAN)


def told(line: RatedLine, **differs: object) -> RatedLine:
    """Return a line as it must be, but for its identity, which is pinned apart."""
    values: dict[str, Any] = {
        "id": line.id,
        "inputs_digest": line.inputs_digest,
        "service_code": "nexadesk",
        "account_external_id": "acme",
        "subscription_external_id": "sub-1",
        "draft_id": "draft-1",
        "plan_code": "team",
        "plan_version": 3,
        "charge_code": None,
        "metric_code": None,
        "metric_version": None,
        "charge_model": None,
        "period_start": EPOCH,
        "period_end": FEBRUARY,
        "service_month": date(2026, 1, 1),
        "quantity": ONE,
        "quantity_included": NONE,
        "quantity_overage": ONE,
        "events_count": 0,
        "currency": "CAD",
        "watermark": "0:17",
        "rated_at": RATED_AT,
        "subscription_id": "subscription-1",
        "plan_id": "plan-1",
        "period_days": 31,
        "timezone": "America/Toronto",
        **differs,
    }
    return RatedLine(**values)


def filtered_line() -> RatedLine:
    """Return the line of one region of a filter's usage."""
    charge, plain = replace(CHARGE, filters=(LARGE,)), a_window()
    usage = structs.replace(
        plain.usage, selection=Selection(LARGE.values), metric=a_metric(version=2), period_days=31
    )
    window = ChargeWindow(ChargeBucket(charge, LARGE), usage)
    part = Quantity(Decimal(6), 3, inputs_digest="e5")
    whole = structs.replace(part, groups=(GroupQuantity(("Québec",), part),))
    (line,) = rated_charge_lines(scope(), window, whole)
    return line


def credit_line() -> RatedLine:
    """Return what a month paid in advance gives back when it ends after nine days."""
    ended = a_subscription(terminated_at=datetime(2026, 1, 9, 15, tzinfo=UTC))
    return rated_fee_credit_line(scope(), FeeCredit(a_period(), a_period(subscription=ended)))


def test_a_charge_s_line_says_everything() -> None:
    """A region of a filter's usage names charge, filter, group, versions and quantities."""
    line = filtered_line()

    assert line == told(
        line,
        kind=LineKind.CHARGE,
        charge_id="charge-1",
        charge_code="tokens",
        metric_code="tokens",
        metric_version=2,
        charge_model="standard",
        filter_id="filter-1",
        filter_values=LARGE.values,
        group=(("region", "Québec"),),
        quantity=Decimal(6),
        quantity_included=Decimal(2),
        quantity_overage=Decimal(4),
        events_count=3,
        amount=ONE,
        amount_cents=100,
        is_invoiceable=False,
        description="Generated tokens (large, huge, Québec): 6 (2 included)",
        steps=(
            Step("included quota", Decimal(2), NONE, None, NONE),
            Step("every unit", Decimal(4), Decimal("0.25"), None, ONE),
        ),
    )


def test_a_plan_fee_s_line_says_everything() -> None:
    """A plan fee is one whole thing, for all the days of its month."""
    line = rated_plan_fee_line(scope(), a_period())

    assert line == told(
        line,
        kind=LineKind.PLAN_FEE,
        amount=Decimal(100),
        amount_cents=100_00,
        description="Team: January 1, 2026 to January 31, 2026",
        steps=(Step("whole period", ONE, Decimal(100), None, Decimal(100)),),
    )


def test_a_part_of_a_plan_fee_says_its_days() -> None:
    """Of a month cut off, the step says the days that are billed and of how many."""
    ended = a_subscription(terminated_at=datetime(2026, 1, 9, 15, tzinfo=UTC))
    line = rated_plan_fee_line(scope(), a_period(subscription=ended))

    days, rounding = line.steps
    assert (days.rule, days.units) == ("days of a period of 31", Decimal(9))
    assert days.unit_amount is None
    assert (rounding.rule, rounding.units) == ("rounded half-up to cents", NONE)
    assert days.amount + rounding.amount == Decimal("29.03")
    assert days.amount == line.amount


def test_a_fee_given_back_says_everything() -> None:
    """Unused days are given back as a negative line, from the first day that is not billed."""
    line = credit_line()

    assert line == told(
        line,
        kind=LineKind.PLAN_FEE_CREDIT,
        period_start=datetime(2026, 1, 10, 5, tzinfo=UTC),
        amount=Decimal("-70.97"),
        amount_cents=-70_97,
        description="Team (unused days): January 10, 2026 to January 31, 2026",
        steps=(Step("days paid in advance", Decimal(22), None, None, Decimal("-70.97")),),
    )


def test_unused_days_begin_at_a_local_midnight() -> None:
    """In Tokyo a month that ended on its ninth day is given back from the tenth's midnight on."""
    tokyo, ended_at = ZoneInfo("Asia/Tokyo"), datetime(2026, 1, 9, 3, tzinfo=UTC)
    subscription = a_subscription(started_at=datetime(2025, 12, 1, tzinfo=UTC))
    paid, due = (
        billing_period_at(each, PlanInterval.MONTHLY, tokyo, ended_at)
        for each in (subscription, replace(subscription, terminated_at=ended_at))
    )
    line = rated_fee_credit_line(replace(scope(), zone=tokyo), FeeCredit(paid, due))

    assert line.period_start == datetime(2026, 1, 10, tzinfo=tokyo)
    assert line.description == "Team (unused days): January 10, 2026 to January 31, 2026"


def test_a_true_up_s_line_says_everything() -> None:
    """What a charge lacks to its minimum names the charge, the minimum and what was used."""
    line = rated_true_up_line(scope(), a_period(), CHARGE, 400)

    assert line == told(
        line,
        kind=LineKind.TRUE_UP,
        charge_id="charge-1",
        charge_code="tokens",
        metric_code="tokens",
        amount=Decimal(6),
        amount_cents=600,
        description="tokens (minimum amount)",
        steps=(
            Step("minimum, by days of a period of 31", Decimal(31), None, None, Decimal(10)),
            Step("less the fees", NONE, None, None, Decimal(-4)),
        ),
    )


def test_a_commitment_s_line_says_everything() -> None:
    """What all fees lack to the plan's minimum bears the plan's name, or the commitment's own."""
    line = rated_commitment_line(scope(), a_period(), 150_00)
    named = a_scope(plan=replace(PLAN, minimum_commitment_display_name="Floor"))
    shown = a_scope(plan=replace(PLAN, invoice_display_name="Team plan"))

    assert line == told(
        line,
        kind=LineKind.MINIMUM_COMMITMENT,
        amount=Decimal(50),
        amount_cents=50_00,
        description="Team (minimum commitment)",
        steps=(
            Step("minimum, by days of a period of 31", Decimal(31), None, None, Decimal(200)),
            Step("less the fees", NONE, None, None, Decimal(-150)),
        ),
    )
    texts = [rated_commitment_line(each, a_period(), 0).description for each in (named, shown)]
    assert texts == ["Floor (minimum commitment)", "Team plan (minimum commitment)"]


def test_names_for_invoices_come_first() -> None:
    """A charge and a plan bear the names that their invoices are to show."""
    named = replace(CHARGE, invoice_display_name="Tokens")
    plan = a_scope(plan=replace(PLAN, invoice_display_name="Team plan"))

    assert (
        rated_true_up_line(scope(), a_period(), named, 0).description == "Tokens (minimum amount)"
    )
    assert rated_plan_fee_line(plan, a_period()).description.startswith("Team plan: ")


def test_identities_outlive_a_release() -> None:
    """What was billed is computed again by its ids and digests, so no release changes them."""
    lines = [
        filtered_line(),
        rated_plan_fee_line(scope(), a_period()),
        credit_line(),
        rated_true_up_line(scope(), a_period(), CHARGE, 400),
        rated_commitment_line(scope(), a_period(), 150_00),
    ]

    assert [(line.id, line.inputs_digest[:16]) for line in lines] == PINNED
    assert draft_id("subscription-1", FEBRUARY) == PINNED_DRAFT


def test_a_draft_says_everything() -> None:
    """A draft carries whose it is, how far it bills, and each line that is due."""
    period = a_period()
    closing = Closing(a_subscription(), FEBRUARY, TORONTO.key, usage=period, fee=period)
    fee = rated_plan_fee_line(scope(), period)
    charge = replace(a_charge_line(used(10)), amount_cents=3, corrects_draft_id="draft-0")
    nothing = replace(charge, id="nothing", amount_cents=0)
    hidden = replace(charge, id="hidden", is_invoiceable=False)

    draft = invoice_draft(closing, "CAD", [fee, charge, nothing, hidden], RATED_AT)

    assert draft == InvoiceDraft(
        id=draft_id("subscription-1", FEBRUARY),
        service_code="nexadesk",
        account_id="account-1",
        account_external_id="acme",
        subscription_id="subscription-1",
        subscription_external_id="sub-1",
        closing_at=FEBRUARY,
        status=DraftStatus.DRAFT,
        currency="CAD",
        amount_cents=100_03,
        lines=(
            DraftLine(
                fee.id, "plan_fee", fee.description, 100_00, None, None, "1.000000000000", None
            ),
            DraftLine(
                charge.id,
                "charge",
                charge.description,
                3,
                "tokens",
                "tokens",
                "10.000000000000",
                "draft-0",
            ),
        ),
        rated_at=RATED_AT,
        usage_until=FEBRUARY,
        fee_until=FEBRUARY,
        periods=closing_text(closing),
    )


def test_a_draft_s_status_says_who_bills() -> None:
    """With nothing due a draft is empty; what another system bills is a shadow."""
    closing = Closing(a_subscription(), FEBRUARY, TORONTO.key)
    fee = rated_plan_fee_line(scope(), a_period())

    shadow = invoice_draft(closing, "CAD", [fee], RATED_AT, is_live=False)
    empty = invoice_draft(closing, "CAD", [], RATED_AT, is_live=False)

    assert (shadow.status, empty.status) == (DraftStatus.SHADOW, DraftStatus.EMPTY)
    assert (empty.amount_cents, empty.lines) == (0, ())
    assert (empty.usage_until, empty.fee_until) == (None, None)
