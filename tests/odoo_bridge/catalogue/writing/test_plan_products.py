"""A plan said by products reads back as the same plan; a rehearsal leaves nothing behind."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from catalog.errors import ValidationFailed
from catalog.exact_json import JsonObject
from catalog.lago_shapes.charges import to_lago_charge
from catalog.lago_shapes.plans import to_lago_plan
from catalog.plans import Plan
from catalog.routes import plans
from catalog.store.billable_metrics import metrics_by_code
from odoo_bridge.catalogue.writing.plan_products import plan_products
from odoo_bridge.catalogue.writing.rehearsal import Rehearsed, rehearsed
from tests.odoo_bridge.catalogue.makers import (
    AT,
    COUNTED,
    SERVICE,
    KeptCatalogue,
    a_plan_product,
)

METRIC = a_plan_product(
    9, plan_code="", name="Tokens", metric_code="tokens", metric_properties=COUNTED
)
GRADUATED: JsonObject = {
    "graduated_ranges": [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "0.5", "flat_amount": "1"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "0.123456", "flat_amount": "0"},
    ]
}
PLAIN: JsonObject = {"code": "pro", "name": "Pro", "interval": "monthly", "amount_cents": 4_900}
PLANS: tuple[JsonObject, ...] = (
    PLAIN,
    {
        **PLAIN,
        "trial_period": Decimal("3.5"),
        "description": "For teams",
        "invoice_display_name": "Pro, équipe",
        "minimum_commitment": {"amount_cents": 10_000, "invoice_display_name": "Least"},
    },
    {**PLAIN, "interval": "yearly", "bill_charges_monthly": True},
    {
        **PLAIN,
        "pay_in_advance": True,
        "charges": [
            {
                "charge_model": "standard",
                "properties": {"amount": "0.0000001", "included_quota": "1000.5"},
                "min_amount_cents": 500,
            },
            {"charge_model": "graduated", "properties": GRADUATED, "invoiceable": True},
            {
                "charge_model": "package",
                "code": "packs",
                "invoice_display_name": "Packs",
                "properties": {"amount": "7", "free_units": 5, "package_size": 100},
            },
        ],
    },
)


@pytest.fixture
def counting(catalogue: KeptCatalogue) -> KeptCatalogue:
    """Provide a catalogue that knows one metric."""
    catalogue.keep(METRIC)
    return catalogue


def becomes(catalogue: KeptCatalogue, given: JsonObject) -> Rehearsed:
    """Return what a request for a plan would make."""
    with catalogue.state.read() as connection:
        metric_id = metrics_by_code(connection, SERVICE.code)["tokens"].id
    charges = given.get("charges", [])
    assert isinstance(charges, list)
    counted: JsonObject = {"billable_metric_id": metric_id}
    fields: JsonObject = {**given, "amount_currency": "CAD"}
    fields["charges"] = [{**one, **counted} for one in charges if isinstance(one, dict)]
    return rehearsed(
        catalogue.state,
        SERVICE.code,
        lambda trial: plans.create_plan(SERVICE, fields, trial, AT),
    )


def said(plan: Plan) -> dict[str, object]:
    """Return what a plan says, without ids and times."""
    told = to_lago_plan(plan)
    charges = [to_lago_charge(charge) for charge in plan.charges]
    dropped = {"lago_id", "created_at", "lago_billable_metric_id", "updated_at", "charges"}
    dropped |= {"minimum_commitment"}
    kept = [{name: one[name] for name in one.keys() - dropped} for one in charges]
    own = {name: told[name] for name in told.keys() - dropped}
    least = (plan.minimum_commitment_cents, plan.minimum_commitment_display_name)
    return {**own, "charges": kept, "least": least}


@pytest.mark.parametrize("given", PLANS)
def test_a_plan_reads_back_as_it_was_written(counting: KeptCatalogue, given: JsonObject) -> None:
    """What an app asks for is what products say, and what is read from them."""
    wanted = becomes(counting, given).after
    assert wanted is not None
    products = plan_products(wanted).values()
    numbered = [replace(one, product_id=number) for number, one in enumerate(products, 1)]
    report = counting.keep(METRIC, *numbered)
    kept = counting.plan("pro")
    named = [
        replace(charge, invoice_display_name=charge.invoice_display_name or charge.code)
        for charge in wanted.charges
    ]

    assert report.problems == ()
    assert said(kept) == said(replace(wanted, charges=tuple(named)))


def test_a_rehearsal_leaves_nothing(counting: KeptCatalogue) -> None:
    """A request that is tried out answers as it would, and keeps nothing."""
    tried = becomes(counting, PLANS[0])

    assert tried.before is None
    assert tried.after is not None
    assert json.loads(bytes(tried.answer.body))["plan"]["code"] == "pro"
    assert counting.versions() == {}


def test_a_rehearsal_tells_the_same_faults(counting: KeptCatalogue) -> None:
    """A request that is wrong is refused as where the API owns the catalogue."""
    with pytest.raises(ValidationFailed) as refused:
        becomes(counting, {**PLAIN, "interval": "daily"})

    assert "interval" in str(refused.value.details)
