"""Charge models and options over HTTP: what goes together, with Lago's codes."""

from typing import Any

import pytest

from catalog.store.plans import find_plan
from storage.state import State
from tests.catalog.conftest import Caller
from tests.catalog.makers import a_charge, a_plan, faults_of_charge, metric_id_of, subscribed

PERCENT = {"from_value": 0, "to_value": None, "rate": "1.50", "flat_amount": "0"}
OPEN = {"from_value": 0, "to_value": None, "per_unit_amount": "1", "flat_amount": "0"}
PROPERTIES: dict[str, dict[str, Any]] = {
    "standard": {"amount": "1"},
    "package": {"amount": "1", "package_size": 1, "free_units": 0},
    "graduated": {"graduated_ranges": [OPEN]},
    "volume": {"volume_ranges": [OPEN]},
    "percentage": {"rate": "1"},
    "graduated_percentage": {"graduated_percentage_ranges": [PERCENT]},
    "dynamic": {},
    "custom": {},
}
KINDS = ("count_agg", "sum_agg", "max_agg", "latest_agg", "unique_count_agg", "weighted_sum_agg")
WRONG_KIND = "invalid_aggregation_type_or_charge_model"


def percent_ladder(*bounds: tuple[object, object]) -> dict[str, Any]:
    tiers = [{**PERCENT, "from_value": low, "to_value": high} for low, high in bounds]
    return {"graduated_percentage_ranges": tiers}


def metric_of_kind(caller: Caller, kind: str, *, recurring: bool = False) -> str:
    interval = "seconds" if kind == "weighted_sum_agg" else None
    return metric_id_of(
        caller, aggregation_type=kind, weighted_interval=interval, recurring=recurring
    )


def a_charge_of(metric_id: str, model: str = "standard", **options: object) -> dict[str, Any]:
    return a_charge(metric_id, charge_model=model, properties=PROPERTIES[model], **options)


@pytest.mark.parametrize(
    "properties",
    [
        percent_ladder((0, None)),
        percent_ladder((0, 10), (11, 20), (21, None)),
        percent_ladder((0, 10), (10, "20.5"), ("20.5", None)),
    ],
)
def test_a_percentage_ladder_is_echoed(properties: dict[str, Any], caller: Caller) -> None:
    """Ladders that all step by one unit, or all touch, are priced exactly."""
    charge = a_charge(
        metric_id_of(caller), charge_model="graduated_percentage", properties=properties
    )
    plan = caller.post("/plans", a_plan(charge))["plan"]

    assert plan["charges"][0]["properties"] == properties
    assert caller.get("/plans/team")["plan"] == plan


def test_no_properties_mean_lagos_percentage_of_zero(caller: Caller) -> None:
    """Empty properties are Lago's default of the model; a dynamic price has none."""
    metric_id = metric_id_of(caller)
    ladder = a_charge(metric_id, charge_model="graduated_percentage", properties={})
    dynamic = a_charge(metric_id, charge_model="dynamic", properties=None)
    charges = caller.post("/plans", a_plan(ladder, dynamic))["plan"]["charges"]

    assert charges[0]["properties"] == {"graduated_percentage_ranges": [{**PERCENT, "rate": "0"}]}
    assert (charges[1]["charge_model"], charges[1]["properties"]) == ("dynamic", {})


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"rate": "1"}, ["missing_graduated_percentage_ranges"]),
        ({"graduated_percentage_ranges": []}, ["missing_graduated_percentage_ranges"]),
        ({"graduated_percentage_ranges": [{**PERCENT, "rate": 1}]}, ["invalid_rate"]),
        ({"graduated_percentage_ranges": [{**PERCENT, "rate": None}]}, ["invalid_rate"]),
        ({"graduated_percentage_ranges": [{**PERCENT, "rate": "-1"}]}, ["invalid_rate"]),
        ({"graduated_percentage_ranges": [{**PERCENT, "flat_amount": 0}]}, ["invalid_amount"]),
        (percent_ladder((0, 10)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((1, None)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((0, 10), (12, None)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((0, 10), (5, None)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((0, 10), (10, 20), (21, None)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((0, "0.5"), ("1.5", None)), ["invalid_graduated_percentage_ranges"]),
        (percent_ladder((0, "NaN"), (1, None)), ["invalid_graduated_percentage_ranges"]),
    ],
)
def test_a_faulty_percentage_ladder_has_lagos_codes(
    properties: dict[str, Any], expected: list[str], caller: Caller
) -> None:
    """Rates are text, never negative; ladders have neither gap nor overlap."""
    charge = a_charge(
        metric_id_of(caller), charge_model="graduated_percentage", properties=properties
    )

    assert faults_of_charge(caller, charge) == {"properties": expected}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", PROPERTIES)
def test_a_model_goes_with_the_aggregations_lago_names(
    model: str, kind: str, caller: Caller
) -> None:
    """Dynamic prices sums only, percentages no latest value, and custom nothing we aggregate."""
    expected: dict[str, list[str]] = {}
    if model == "custom" or (model == "dynamic" and kind != "sum_agg"):
        expected = {"charge_model": [WRONG_KIND]}
    elif model in ("percentage", "graduated_percentage") and kind == "latest_agg":
        expected = {"properties": ["invalid_value"]}

    assert faults_of_charge(caller, a_charge_of(metric_of_kind(caller, kind), model)) == expected


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", ["standard", "volume", "graduated_percentage"])
def test_what_may_be_paid_in_advance(model: str, kind: str, caller: Caller) -> None:
    """Counts, sums and unique counts, by every model but volume (Lago)."""
    charge = a_charge_of(metric_of_kind(caller, kind), model, pay_in_advance=True)
    is_payable = kind in ("count_agg", "sum_agg", "unique_count_agg") and model != "volume"
    refused = [] if is_payable else [WRONG_KIND]

    assert faults_of_charge(caller, charge).get("pay_in_advance", []) == refused


@pytest.mark.parametrize("recurring", [True, False])
@pytest.mark.parametrize("pay_in_advance", [True, False])
@pytest.mark.parametrize("kind", ["sum_agg", "unique_count_agg", "weighted_sum_agg"])
@pytest.mark.parametrize(
    "model", ["standard", "package", "graduated", "volume", "percentage", "graduated_percentage"]
)
def test_what_may_be_prorated(
    model: str, kind: str, caller: Caller, *, recurring: bool, pay_in_advance: bool
) -> None:
    """Recurring metrics but no weighted sum: standard, and in arrears volume and graduated."""
    metric_id = metric_of_kind(caller, kind, recurring=recurring)
    charge = a_charge_of(metric_id, model, prorated=True, pay_in_advance=pay_in_advance)
    models = ("standard",) if pay_in_advance else ("standard", "volume", "graduated")
    fits = recurring and kind != "weighted_sum_agg" and model in models

    refused = [] if fits else ["invalid_billable_metric_or_charge_model"]
    assert faults_of_charge(caller, charge).get("prorated", []) == refused


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({"invoiceable": False}, {"invoiceable": ["must_be_true_unless_pay_in_advance"]}),
        ({"invoiceable": False, "pay_in_advance": True}, {}),
        ({"invoiceable": None, "pay_in_advance": None, "prorated": None}, {}),
        ({"invoiceable": "no"}, {"invoiceable": ["value_is_invalid"]}),
        ({"pay_in_advance": 1}, {"pay_in_advance": ["value_is_invalid"]}),
        ({"prorated": "yes"}, {"prorated": ["value_is_invalid"]}),
        (
            {"regroup_paid_fees": "invoice"},
            {"regroup_paid_fees": ["only_compatible_with_pay_in_advance_and_non_invoiceable"]},
        ),
        (
            {"regroup_paid_fees": "invoice", "pay_in_advance": True},
            {"regroup_paid_fees": ["only_compatible_with_pay_in_advance_and_non_invoiceable"]},
        ),
        ({"regroup_paid_fees": "invoice", "pay_in_advance": True, "invoiceable": False}, {}),
        ({"regroup_paid_fees": "customer"}, {"regroup_paid_fees": ["value_is_invalid"]}),
        ({"regroup_paid_fees": ""}, {}),
        ({"min_amount_cents": 1000}, {}),
        ({"min_amount_cents": "0", "pay_in_advance": True}, {}),
        ({"min_amount_cents": None}, {}),
        ({"min_amount_cents": 10**15}, {}),
        ({"min_amount_cents": 10**15 + 1}, {"min_amount_cents": ["value_is_out_of_range"]}),
        ({"min_amount_cents": -1}, {"min_amount_cents": ["value_is_out_of_range"]}),
        ({"min_amount_cents": 1.5}, {"min_amount_cents": ["value_is_invalid"]}),
        ({"min_amount_cents": "1000"}, {"min_amount_cents": ["value_is_invalid"]}),
        (
            {"min_amount_cents": 1, "pay_in_advance": True},
            {"min_amount_cents": ["not_compatible_with_pay_in_advance"]},
        ),
    ],
)
def test_options_that_exclude_each_other_have_lagos_codes(
    options: dict[str, Any], faults: dict[str, Any], caller: Caller
) -> None:
    """Each rule of Lago's charge names the option it refuses."""
    assert faults_of_charge(caller, a_charge_of(metric_id_of(caller), **options)) == faults


def test_options_are_echoed_and_kept(caller: Caller) -> None:
    """A PUT changes only the options it names."""
    metric_id = metric_of_kind(caller, "sum_agg", recurring=True)
    options: dict[str, Any] = {
        "pay_in_advance": True,
        "prorated": True,
        "invoiceable": False,
        "regroup_paid_fees": "invoice",
    }
    created = caller.post("/plans", a_plan(a_charge_of(metric_id, **options)))["plan"]["charges"][0]
    body = {"id": created["lago_id"], "invoice_display_name": "Texts"}
    changed = caller.put("/plans/team", {"plan": {"charges": [body]}})["plan"]["charges"][0]
    back = {"id": created["lago_id"], "regroup_paid_fees": None, "invoiceable": True}
    last = caller.put("/plans/team", {"plan": {"charges": [back]}})["plan"]["charges"][0]

    assert {name: created[name] for name in options} == options
    assert changed == {**created, "invoice_display_name": "Texts"}
    assert (last["regroup_paid_fees"], last["invoiceable"]) == (None, True)


def test_no_quota_covers_prices_that_events_bring(caller: Caller) -> None:
    """A dynamic charge has no price of a unit, so it can't give units away."""
    charge = a_charge(
        metric_id_of(caller), charge_model="dynamic", properties={"included_quota": "5"}
    )

    assert faults_of_charge(caller, charge) == {"properties": ["invalid_included_quota"]}


@pytest.mark.parametrize("option", ["prorated", "pay_in_advance"])
def test_counters_refuse_what_needs_each_events_time(option: str, caller: Caller) -> None:
    """A total says nothing of when its events were."""
    recurring = option == "prorated"
    metric_id = metric_id_of(caller, counter_semantics="delta", recurring=recurring)
    charge = {**a_charge_of(metric_id), option: True}

    expected = {"properties": ["not_compatible_with_counter_semantics"]}
    assert faults_of_charge(caller, charge) == expected


def test_when_a_charge_is_paid_is_fixed_under_a_subscription(caller: Caller) -> None:
    """Events billed at once would be billed again at the period's end."""
    subscribed(caller)
    charge = caller.get("/plans/team")["plan"]["charges"][0]
    body = {"plan": {"charges": [{"id": charge["lago_id"], "pay_in_advance": True}]}}

    faults = caller.faults("PUT", "/plans/team", body)
    assert faults == {"pay_in_advance": ["used_by_a_subscription"]}
    caller.delete("/subscriptions/acme-team")
    caller.put("/plans/team", body)


@pytest.mark.parametrize("interval", ["weekly", "monthly", "quarterly", "semiannual", "yearly"])
@pytest.mark.parametrize("flag", [True, False])
def test_only_half_years_and_years_bill_usage_monthly(
    interval: str, caller: Caller, *, flag: bool
) -> None:
    """Of other intervals Lago forgets the flag and shows null."""
    plan = a_plan(interval=interval, bill_charges_monthly=flag, pay_in_advance=flag)
    created = caller.post("/plans", plan)["plan"]

    expected = flag if interval in ("semiannual", "yearly") else None
    assert (created["bill_charges_monthly"], created["pay_in_advance"]) == (expected, flag)
    assert caller.get("/plans/team")["plan"] == created


def test_a_minimum_commitment_is_agreed_changed_and_given_up(caller: Caller, state: State) -> None:
    """Null and absent leave it, members given change it, an empty one or 0 cents end it."""
    asked = {"amount_cents": 10_000, "invoice_display_name": "At least", "tax_codes": []}
    created = caller.post("/plans", a_plan(minimum_commitment=asked))["plan"]["minimum_commitment"]

    assert len(created.pop("lago_id")) == 36
    assert created == {
        "plan_code": "team",
        "invoice_display_name": "At least",
        "amount_cents": 10_000,
        "interval": "monthly",
        "created_at": "2026-08-10T12:00:00Z",
        "updated_at": "2026-08-10T12:00:00Z",
        "taxes": [],
    }
    kept = caller.put("/plans/team", {"plan": {"minimum_commitment": None}})["plan"]
    assert kept["minimum_commitment"]["amount_cents"] == 10_000
    less = caller.put("/plans/team", {"plan": {"minimum_commitment": {"amount_cents": 500}}})
    shown = less["plan"]["minimum_commitment"]
    assert (shown["amount_cents"], shown["invoice_display_name"]) == (500, "At least")
    for none in ({}, {"amount_cents": 0, "invoice_display_name": "None"}):
        caller.put("/plans/team", {"plan": {"minimum_commitment": asked}})
        ended = caller.put("/plans/team", {"plan": {"minimum_commitment": none}})["plan"]
        assert "minimum_commitment" not in ended
    with state.read() as connection:
        plan = find_plan(connection, "nexadesk", "team")
    assert plan
    assert (plan.minimum_commitment_cents, plan.minimum_commitment_display_name) == (0, None)


def test_no_quota_is_prorated(caller: Caller) -> None:
    """Which of a period's days a quota would cover has no exact answer, so it is refused."""
    metric_id = metric_of_kind(caller, "sum_agg", recurring=True)
    charge = a_charge(metric_id, prorated=True, properties={"amount": "1", "included_quota": "5"})

    assert faults_of_charge(caller, charge) == {
        "properties": ["included_quota_not_compatible_with_prorated"]
    }


def test_no_carried_units_are_paid_in_advance(caller: Caller) -> None:
    """Units that stay for months would be paid once only, so without proration it is refused."""
    metric_id = metric_of_kind(caller, "sum_agg", recurring=True)

    charge = a_charge_of(metric_id, "standard", pay_in_advance=True)
    assert faults_of_charge(caller, charge) == {"pay_in_advance": ["not_supported_yet"]}
    assert faults_of_charge(caller, {**charge, "prorated": True}) == {}


def test_no_own_price_is_paid_in_advance(caller: Caller) -> None:
    """A dynamic charge is billed in arrears only."""
    charge = a_charge_of(metric_id_of(caller), "dynamic", pay_in_advance=True)

    assert faults_of_charge(caller, charge) == {"pay_in_advance": ["not_supported_yet"]}


def test_no_yearly_commitment_goes_with_monthly_usage(caller: Caller) -> None:
    """A commitment over a year whose usage is billed monthly is refused."""
    plan = a_plan(
        interval="yearly", bill_charges_monthly=True, minimum_commitment={"amount_cents": 5000}
    )

    assert caller.faults("POST", "/plans", plan) == {"minimum_commitment": ["not_supported_yet"]}
