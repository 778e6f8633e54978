"""What the Python client does before there is usage: metrics, plans, customers, subscriptions."""

from typing import Any

from tests.lago_clients.python_client import (
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    Client,
    models,
    refused,
    sends_no_key,
)

IN_ODOO = "fixed_charges_are_kept_in_odoo"


def sell(lago: Client) -> None:
    """Call every method of the catalogue; leave acme with team, and with a trial of team."""
    tokens, calls = make_metrics(lago)
    make_plans(lago, tokens, calls)
    change_charges(lago, tokens)
    change_charge_filters(lago.plans, "team", "tokens")
    refuse_fixed_charges(lago)
    make_customer(lago)
    subscribe(lago)
    override(lago)
    listen(lago)


def make_metrics(lago: Client) -> tuple[str, str]:
    """Create two metrics; return their ids."""
    region = models.BillableMetricFilter(key="region", values=["ca", "eu", "us"])
    tokens = lago.billable_metrics.create(
        models.BillableMetric(
            name="Tokens", code="tokens", aggregation_type="sum_agg", field_name="tokens",
            recurring=False, filters=models.BillableMetricFilters(__root__=[region]),
        )
    )  # fmt: skip
    calls = lago.billable_metrics.create(
        models.BillableMetric(name="Calls", code="calls", aggregation_type="count_agg")
    )
    lago.billable_metrics.create(
        models.BillableMetric(name="Old", code="old", aggregation_type="count_agg")
    )
    assert lago.billable_metrics.find("tokens").lago_id == tokens.lago_id
    assert lago.billable_metrics.find_all({"per_page": 2})["meta"]["total_pages"] == 2
    renamed = lago.billable_metrics.update(models.BillableMetric(name="Requests"), "calls")
    assert renamed.name == "Requests"
    assert lago.billable_metrics.destroy("old").code == "old"
    trial = models.BillableMetricEvaluateExpression(
        expression="event.properties.a * 2",
        event=models.BillableMetricEvaluateExpressionEvent(properties={"a": 2}),
    )
    # This client leaves the body out.
    refused(422, "validation_errors", lago.billable_metrics.evaluate_expression, trial)
    return str(tokens.lago_id), str(calls.lago_id)


def make_plans(lago: Client, tokens: str, calls: str) -> None:
    """Create team with two charges, and pro, which is dearer."""
    eu = models.ChargeFilter(values={"region": ["eu"]}, properties={"amount": "0.02"})
    charges = [
        models.Charge(
            billable_metric_id=tokens, code="tokens", charge_model="standard",
            properties={"amount": "0.01"}, filters=models.ChargeFilters(__root__=[eu]),
        ),
        models.Charge(
            billable_metric_id=calls, code="calls", charge_model="standard", pay_in_advance=True,
            properties={"amount": "2"},
        ),
    ]  # fmt: skip
    for code, amount_cents, priced in (
        ("team", 5_000, charges),
        ("pro", 9_000, []),
        ("old", 1, []),
    ):
        lago.plans.create(
            models.Plan(
                name=code.title(), code=code, interval="monthly", amount_cents=amount_cents,
                amount_currency="CAD", pay_in_advance=False,
                charges=models.Charges(__root__=priced),
            )
        )  # fmt: skip
    assert [one.code for one in lago.plans.find("team").charges.__root__] == ["tokens", "calls"]
    assert lago.plans.find_all({"per_page": 2})["meta"]["total_count"] == 3
    assert lago.plans.update(models.Plan(description="For all"), "team").description == "For all"
    assert lago.plans.destroy("old").code == "old"


def change_charges(lago: Client, tokens: str) -> None:
    """Add, find, change and remove one charge of a plan."""
    more = models.Charge(
        billable_metric_id=tokens, code="more", charge_model="package",
        properties={"amount": "1", "package_size": 10, "free_units": 0},
    )  # fmt: skip
    assert lago.plan_charges.create("team", more).code == "more"
    assert lago.plan_charges.find("team", "more").charge_model == "package"
    named = models.Charge(charge_model="package", invoice_display_name="More")
    assert lago.plan_charges.update("team", "more", named).invoice_display_name == "More"
    assert lago.plan_charges.destroy("team", "more").code == "more"
    sends_no_key(lago.plan_charges.find_all, "team")


def change_charge_filters(resource: Any, owner: str, charge: str) -> None:  # noqa: ANN401 - a client's
    """Add, find, list, change and remove one filter of a charge, of a plan or a subscription."""
    us = models.ChargeFilter(values={"region": ["us"]}, properties={"amount": "0.03"})
    made = resource.create_charge_filter(owner, charge, us)
    found = resource.find_charge_filter(owner, charge, made.lago_id)
    listed = resource.find_all_charge_filters(owner, charge)
    dearer = models.ChargeFilter(properties={"amount": "0.04"})
    changed = resource.update_charge_filter(owner, charge, made.lago_id, dearer)
    gone = resource.destroy_charge_filter(owner, charge, made.lago_id)

    assert (found.lago_id, found.values) == (made.lago_id, {"region": ["us"]})
    assert (listed["meta"]["total_count"], changed.properties["amount"]) == (2, "0.04")
    assert gone.lago_id == made.lago_id


def refuse_fixed_charges(lago: Client) -> None:
    """Fixed charges are Odoo's: none is found, none is made."""
    seats = models.FixedCharge(code="seats", charge_model="standard", units=10)
    fixed = lago.plan_fixed_charges
    refused(METHOD_NOT_ALLOWED, IN_ODOO, fixed.create, "team", seats)
    refused(NOT_FOUND, "fixed_charge_not_found", fixed.find, "team", "seats")
    refused(METHOD_NOT_ALLOWED, IN_ODOO, fixed.update, "team", "seats", seats)
    refused(METHOD_NOT_ALLOWED, IN_ODOO, fixed.destroy, "team", "seats")
    sends_no_key(fixed.find_all, "team")


def make_customer(lago: Client) -> None:
    """Create and change a customer."""
    made = lago.customers.create(
        models.Customer(external_id="acme", name="Acme", country="CA", currency="CAD")
    )
    changed = lago.customers.create(models.Customer(external_id="acme", email="a@b.ca"))

    assert (changed.lago_id, changed.email) == (made.lago_id, "a@b.ca")
    assert lago.customers.find("acme").applicable_timezone == "America/Toronto"
    assert lago.customers.find_all()["meta"]["total_count"] == 1


def subscribe(lago: Client) -> None:
    """Order team, and a second subscription with prices of its own that changes to pro."""
    order = models.Subscription(
        external_customer_id="acme", plan_code="team", external_id="acme-team", name="Team",
        billing_time="calendar",
    )  # fmt: skip
    made = lago.subscriptions.create(order)
    assert lago.subscriptions.create(order).lago_id == made.lago_id
    charge = lago.plans.find("team").charges.__root__[0]
    cheap = models.ChargeOverrides(id=charge.lago_id, properties={"amount": "0.005"})
    overrides = models.PlanOverrides(
        amount_cents=4_000, charges=models.ChargesOverrides(__root__=[cheap])
    )
    lago.subscriptions.create(
        models.Subscription(
            external_customer_id="acme", plan_code="team", external_id="acme-dev",
            plan_overrides=overrides,
        )
    )  # fmt: skip
    upgraded = lago.subscriptions.create(
        models.Subscription(external_customer_id="acme", plan_code="pro", external_id="acme-dev")
    )
    assert (upgraded.plan_code, upgraded.previous_plan_code) == ("pro", "team")
    assert lago.subscriptions.find("acme-team").status == "active"
    assert lago.subscriptions.find_all({"status[]": ["active"]})["meta"]["total_count"] == 2
    renamed = lago.subscriptions.update(models.Subscription(name="Crew"), "acme-team")
    assert renamed.name == "Crew"
    sends_no_key(lago.customer_subscriptions.find_all, "acme")


def override(lago: Client) -> None:
    """Give one subscription a price of its own, and filters."""
    own = lago.subscription_charges
    assert own.find("acme-team", "tokens").code == "tokens"
    priced = models.Charge(properties={"amount": "0.008"})
    assert own.update("acme-team", "tokens", priced).properties["amount"] == "0.008"
    change_charge_filters(lago.subscriptions, "acme-team", "tokens")
    sends_no_key(own.find_all, "acme-team")
    fixed = lago.subscription_fixed_charges
    seats = models.FixedCharge(units=10)
    refused(NOT_FOUND, "fixed_charge_not_found", fixed.find, "acme-team", "seats")
    refused(METHOD_NOT_ALLOWED, IN_ODOO, fixed.update, "acme-team", "seats", seats)
    sends_no_key(fixed.find_all, "acme-team")


def listen(lago: Client) -> None:
    """Create, find, list, change and remove a webhook endpoint; read the key."""
    url = "https://apps.example.com/billing"
    made = lago.webhook_endpoints.create(
        models.WebhookEndpoint(webhook_url=url, signature_algo="hmac")
    )
    assert lago.webhook_endpoints.find(made.lago_id).webhook_url == url
    assert lago.webhook_endpoints.find_all()["meta"]["total_count"] == 1
    changed = lago.webhook_endpoints.update(
        models.WebhookEndpoint(webhook_url=f"{url}/2", signature_algo="jwt"), made.lago_id
    )
    assert (changed.webhook_url, changed.signature_algo) == (f"{url}/2", "jwt")
    assert lago.webhook_endpoints.destroy(made.lago_id).lago_id == made.lago_id
    assert lago.webhooks.public_key().startswith(b"-----BEGIN PUBLIC KEY-----")
