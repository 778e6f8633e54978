"""Products become versions of plans: once each, never twice, never inside a closed period."""

from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from catalog.charge_terms import GraduatedTerms, StandardTerms
from catalog.plans import PlanInterval
from odoo_bridge.catalogue.product import CatalogueProduct
from odoo_bridge.odoo_value import OdooValue
from storage import tables
from tests.odoo_bridge.catalogue.makers import (
    AT,
    CHANGED_AT,
    COUNTED,
    PRICE,
    KeptCatalogue,
    a_charge_product,
    a_plan_product,
    words_of,
)

LATER = AT + timedelta(hours=5)
CHANGED_LATER = AT + timedelta(hours=4)
TIERS = (
    '{"graduated_ranges": [{"from_value": 0, "to_value": 10, "per_unit_amount": "1", '
    '"flat_amount": "0"}, {"from_value": 11, "to_value": null, "per_unit_amount": "0.5", '
    '"flat_amount": "0"}]}'
)


def both(**of_the_charge: OdooValue) -> tuple[CatalogueProduct, CatalogueProduct]:
    return a_plan_product(), a_charge_product(**of_the_charge)


def test_two_products_are_a_plan_with_a_charge(catalogue: KeptCatalogue) -> None:
    """Fee, interval, metric, quota and price are what the products say, to the digit."""
    report = catalogue.keep(*both())
    plan = catalogue.plan()
    (charge,) = plan.charges

    assert words_of(report) == {}
    assert (plan.name, plan.amount_cents, plan.amount_currency) == ("Team", 4900, "CAD")
    assert (plan.interval, plan.version, plan.valid_from) == (PlanInterval.MONTHLY, 1, CHANGED_AT)
    assert (charge.code, charge.metric_code, charge.terms) == (
        *("tokens", "tokens"),
        StandardTerms(PRICE),
    )
    assert charge.quantity_included == 1000
    assert charge.invoice_display_name == "Tokens"


def test_the_same_again_keeps_nothing_new(catalogue: KeptCatalogue) -> None:
    """A second reading makes no version and changes no id, whatever the time."""
    catalogue.keep(*both())
    before = catalogue.versions()
    report = catalogue.keep(*both(), at=LATER, changed_at=CHANGED_LATER)

    assert (report.changes, report.problems) == ((), ())
    assert catalogue.versions() == before


def test_a_change_is_a_version_from_its_date(catalogue: KeptCatalogue) -> None:
    """Another price is in force since it was written in Odoo; the charge stays the same one."""
    catalogue.keep(*both())
    (before,) = catalogue.plan().charges
    report = catalogue.keep(*both(overage_price="0.003"), at=LATER, changed_at=CHANGED_LATER)
    plan = catalogue.plan()

    assert [(change.verb, change.code, change.version) for change in report.changes] == [
        ("change", "team", 2)
    ]
    assert (plan.version, plan.valid_from) == (2, CHANGED_LATER)
    assert (plan.charges[0].id, plan.charges[0].created_at) == (before.id, before.created_at)


def test_a_clock_ahead_of_ours_begins_no_version_in_the_future(catalogue: KeptCatalogue) -> None:
    """Where Odoo's clock is ahead, the version begins now."""
    catalogue.keep(*both())
    catalogue.keep(*both(overage_price="0.003"), at=LATER, changed_at=LATER + timedelta(hours=1))

    assert catalogue.plan().valid_from == LATER


def closed(catalogue: KeptCatalogue, closing_at: datetime) -> None:
    """Let a subscription on the plan have had a period closed at an instant."""
    plan = catalogue.plan()
    at = {"created_at": AT, "updated_at": AT}
    account = {"id": "a", "service_code": "nexadesk", "external_id": "acme"} | at
    of_account = {"account_id": "a", "account_external_id": "acme", "service_code": "nexadesk"}
    subscription = of_account | {
        "id": "s", "external_id": "sub", "plan_id": plan.id, "plan_code": plan.code,
        "status": "active", "billing_time": "calendar", "subscription_at": AT, "created_at": AT,
    }  # fmt: skip
    run = {"id": "r", "service_code": "nexadesk", "cutoff_at": AT, "watermark": ""}
    draft = of_account | {
        "id": "d", "billing_run_id": "r", "subscription_id": "s", "closing_at": closing_at,
        "subscription_external_id": "sub", "status": "draft", "currency": "CAD",
        "amount_cents": 0, "lines": "[]", "rated_at": AT,
    }  # fmt: skip
    with catalogue.state.write() as connection:
        connection.execute(sa.insert(tables.account).values(account))
        connection.execute(sa.insert(tables.subscription).values(subscription))
        connection.execute(
            sa.insert(tables.billing_run).values(run | {"started_at": AT, "drafts_count": 1})
        )
        connection.execute(sa.insert(tables.invoice_draft).values(draft))


def test_a_closed_period_keeps_its_prices(catalogue: KeptCatalogue) -> None:
    """A change written before a closing, and read after it, begins at the closing."""
    catalogue.keep(*both())
    closing_at = AT + timedelta(hours=4, minutes=30)
    closed(catalogue, closing_at)
    catalogue.keep(*both(overage_price="0.003"), at=LATER, changed_at=CHANGED_LATER)

    assert catalogue.plan().valid_from == closing_at


def test_what_cuts_periods_cannot_change_under_a_subscription(catalogue: KeptCatalogue) -> None:
    """A subscribed plan refuses another interval, and a charge paid at another time."""
    catalogue.keep(*both())
    closed(catalogue, AT)
    interval = catalogue.keep(a_plan_product(plan_interval="yearly"), a_charge_product())
    advance = catalogue.keep(*both(charge_options='{"pay_in_advance": true}', included_quota=""))

    assert "used_by_a_subscription" in words_of(interval)["1"]
    assert "used_by_a_subscription" in words_of(advance)["2"]
    assert catalogue.plan().version == 1


@pytest.mark.parametrize(
    ("wrong", "source", "words"),
    [
        ({"overage_price": "0,002"}, "2", "properties: invalid_amount"),
        ({"overage_price": ""}, "2", "it has no price"),
        ({"overage_price": "NaN"}, "2", "properties: invalid_amount"),
        ({"included_quota": "NaN"}, "2", "properties: invalid_included_quota"),
        ({"included_quota": "-1"}, "2", "properties: invalid_included_quota"),
        ({"charge_properties": '{"amount": "1"}'}, "2", "amount is said twice"),
        ({"charge_properties": "{amount: 1}"}, "2", "Fusion Billing price is not JSON"),
        ({"charge_properties": "[]"}, "2", "no JSON object"),
        ({"charge_properties": '{"included_qouta": "5"}'}, "2", "included_qouta, which nobody"),
        ({"charge_options": '{"pay_in_advnce": true}'}, "2", "pay_in_advnce, which nobody"),
        ({"charge_model": "graduated"}, "2", "has more than one price of a unit"),
        ({"charge_model": "cheap", "overage_price": ""}, "2", "charge_model: value_is_invalid"),
        ({"metric_code": "seats", "metric_properties": ""}, "2", "the metric seats is unknown"),
        ({"metric_properties": '{"aggregation_type": "sum_agg"}'}, "2", "field_name: value_is"),
        ({"metric_properties": '{"agregation": "sum_agg"}'}, "2", "agregation, which nobody"),
        ({"charge_options": '{"filters": [{"values": {"a": ["b"]}, "price": "1"}]}'}, "2", "price"),
    ],
)
def test_a_wrong_charge_is_told_and_the_last_good_one_kept(
    catalogue: KeptCatalogue, wrong: dict[str, OdooValue], source: str, words: str
) -> None:
    """Whatever is wrong with a charge is told of its product; the plan stays as it was."""
    catalogue.keep(*both())
    before = catalogue.versions()
    report = catalogue.keep(*both(**wrong), at=LATER, changed_at=CHANGED_LATER)

    assert set(words_of(report)) == {source}
    assert words in words_of(report)[source]
    assert catalogue.versions() == before


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"price": "49.999"}, "49.999 is not a whole number of cents"),
        ({"price": "-1.0"}, "not a whole number of cents"),
        ({"price": "NaN"}, "NaN is not a whole number of cents"),
        ({"price": "Infinity"}, "Infinity is not a whole number of cents"),
        ({"price": "1" + "0" * 300}, "amount_cents: invalid_amount"),
        ({"plan_interval": "daily"}, "interval: value_is_invalid"),
        ({"plan_properties": '{"trial_period": "x"}'}, "trial_period: value_is_invalid"),
        ({"plan_properties": '{"amount_cents": 1}'}, "amount_cents, which nobody"),
        ({"name": "x" * 300}, "name: value_is_too_long"),
    ],
)
def test_a_wrong_plan_is_told_and_its_charges_are_not(
    catalogue: KeptCatalogue, wrong: dict[str, OdooValue], words: str
) -> None:
    """A fault of the plan itself is told of its own product, and none of it is kept."""
    report = catalogue.keep(a_plan_product(**wrong), a_charge_product())

    assert set(words_of(report)) == {"1"}
    assert words in words_of(report)["1"]
    assert catalogue.versions() == {}


def test_other_plans_go_on(catalogue: KeptCatalogue) -> None:
    """One faulty plan keeps no other from being read."""
    good = a_plan_product(3, plan_code="solo")
    report = catalogue.keep(*both(overage_price="x"), good)

    assert [change.code for change in report.changes] == ["tokens", "solo"]


def test_doubts_between_products_are_told_of_each(catalogue: KeptCatalogue) -> None:
    """Two products that are one plan, or define one metric unlike, are both told."""
    twice = catalogue.keep(a_plan_product(1), a_plan_product(4))
    unlike = catalogue.keep(
        a_plan_product(),
        a_charge_product(),
        a_charge_product(5, charge_code="more", metric_properties='{"aggregation_type": "x"}'),
    )

    assert set(words_of(twice)) == {"1", "4"}
    assert set(words_of(unlike)) == {"2", "5"}
    assert catalogue.versions() == {}


def test_orphans_are_told(catalogue: KeptCatalogue) -> None:
    """A charge without its plan, and a metric without its rule, are told of their products."""
    report = catalogue.keep(
        a_charge_product(), a_charge_product(3, plan_code="", metric_properties="")
    )

    assert "no active product of nexadesk is the plan team" in words_of(report)["2"]
    assert "neither a plan nor how to count it" in words_of(report)["3"]


def test_a_metric_may_stand_alone_and_serve_several_plans(catalogue: KeptCatalogue) -> None:
    """A product without plan defines a metric, which charges then name without repeating it."""
    catalogue.keep(
        a_plan_product(),
        a_plan_product(2, plan_code="solo"),
        a_charge_product(3, plan_code=""),
        a_charge_product(4, metric_properties=""),
        a_charge_product(5, metric_properties="", plan_code="solo", overage_price="0.005"),
    )
    team, solo = catalogue.plan("team"), catalogue.plan("solo")

    assert team.charges[0].metric_id == solo.charges[0].metric_id
    assert team.charges[0].terms != solo.charges[0].terms


def test_any_charge_model_has_its_price_as_json(catalogue: KeptCatalogue) -> None:
    """Tiers, filters and options are written as the API takes them."""
    metric = '{"aggregation_type": "count_agg", "filters": [{"key": "cloud", "values": ["a"]}]}'
    options = (
        '{"min_amount_cents": 500, "filters": [{"values": {"cloud": ["a"]}, "properties": '
        f"{TIERS}}}]}}"
    )
    report = catalogue.keep(
        *both(
            metric_properties=metric,
            charge_model="graduated",
            charge_properties=TIERS,
            charge_options=options,
            overage_price="",
        )
    )
    before = catalogue.plan()
    again = catalogue.keep(
        *both(
            metric_properties=metric,
            charge_model="graduated",
            charge_properties=TIERS,
            charge_options=options,
            overage_price="",
        )
    )

    assert (words_of(report), again.changes) == ({}, ())
    assert isinstance(before.charges[0].terms, GraduatedTerms)
    assert (before.charges[0].min_amount_cents, len(before.charges[0].filters)) == (500, 1)


def test_archiving_the_plan_deletes_it_and_no_other(catalogue: KeptCatalogue) -> None:
    """A plan whose product is archived goes; one that Odoo never had stays."""
    catalogue.keep(*both(), a_plan_product(3, plan_code="solo"))
    own = replace(catalogue.plan("solo"), id="own", code="by_api")
    with catalogue.state.write() as connection:
        row = {name: asdict(own)[name] for name in ("id", "service_code", "code", "created_at")}
        connection.execute(sa.insert(tables.plan).values(row))
    report = catalogue.keep(
        a_plan_product(is_active=False), a_charge_product(is_active=False),
        a_plan_product(3, plan_code="solo"),
    )  # fmt: skip

    assert [(change.verb, change.code) for change in report.changes] == [("delete", "team")]
    assert catalogue.plan("solo").deleted_at is None
    assert catalogue.keep(a_plan_product(3, plan_code="solo")).changes == ()


def test_a_faulty_plan_is_not_taken_for_gone(catalogue: KeptCatalogue) -> None:
    """A plan that can't be read any more is still there; its subscriptions may grow."""
    catalogue.keep(*both())
    report = catalogue.keep(a_plan_product(price="1.001"), a_charge_product())

    assert report.changes == ()
    assert catalogue.plan().amount_cents == 4900


def test_a_charge_taken_away_is_gone_from_now_on(catalogue: KeptCatalogue) -> None:
    """Without trace of when a product was deleted, the version without its charge begins now."""
    catalogue.keep(*both())
    catalogue.keep(a_plan_product(), at=LATER)

    plan = catalogue.plan()
    assert (plan.charges, plan.version, plan.valid_from) == ((), 2, LATER)


def test_a_charge_of_another_metric_is_another_charge(catalogue: KeptCatalogue) -> None:
    """Under the same code but another metric a charge gets an id of its own."""
    catalogue.keep(*both(charge_code="usage"))
    (before,) = catalogue.plan().charges
    catalogue.keep(*both(charge_code="usage", metric_code="bytes", metric_properties=COUNTED))
    (after,) = catalogue.plan().charges

    assert (before.code, after.code) == ("usage", "usage")
    assert before.id != after.id
