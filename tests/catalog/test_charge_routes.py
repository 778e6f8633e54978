"""The charges inside a plan over HTTP: prices of every model, codes, and their faults."""

from typing import Any

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import a_charge, a_plan, metric_id_of, priced

TIER = {"from_value": 0, "to_value": None, "per_unit_amount": "0.5", "flat_amount": "0"}


def ladder(*bounds: tuple[object, object]) -> list[dict[str, Any]]:
    return [{**TIER, "from_value": low, "to_value": high} for low, high in bounds]


@pytest.mark.parametrize(
    ("model", "properties"),
    [
        ("standard", {"amount": "0.000000000001"}),
        ("standard", {"amount": "5", "included_quota": "1000.5"}),
        ("package", {"amount": "1.50", "package_size": 100, "free_units": 0}),
        ("graduated", {"graduated_ranges": ladder((0, 10), (11, 20), (21, None))}),
        ("graduated", {"graduated_ranges": ladder((0, "0.1"), ("0.1", 1), (1, None))}),
        ("volume", {"volume_ranges": ladder((0, 100), (101, None))}),
        (
            "percentage",
            {
                "rate": "2.5",
                "fixed_amount": "0.30",
                "free_units_per_events": 3,
                "free_units_per_total_aggregation": "100",
                "per_transaction_min_amount": "0.01",
                "per_transaction_max_amount": "9",
            },
        ),
    ],
)
def test_every_models_properties_are_echoed_digit_for_digit(
    model: str, properties: dict[str, object], caller: Caller
) -> None:
    """What a price was written as is what comes back."""
    charge = a_charge(metric_id_of(caller), charge_model=model, properties=properties)
    plan = caller.post("/plans", a_plan(charge))["plan"]

    assert plan["charges"][0]["properties"] == properties
    assert caller.get("/plans/team")["plan"] == plan


@pytest.mark.parametrize(
    ("model", "properties"),
    [
        ("standard", {"amount": "0"}),
        ("package", {"amount": "0", "package_size": 1, "free_units": 0}),
        ("graduated", {"graduated_ranges": [{**TIER, "per_unit_amount": "0"}]}),
        ("volume", {"volume_ranges": [{**TIER, "per_unit_amount": "0"}]}),
    ],
)
def test_no_properties_mean_lagos_price_of_zero(
    model: str, properties: dict[str, object], caller: Caller
) -> None:
    """Empty properties are Lago's default of their model."""
    charge = a_charge(metric_id_of(caller), charge_model=model, properties={})
    plan = caller.post("/plans", a_plan(charge))["plan"]

    assert plan["charges"][0]["properties"] == properties


@pytest.mark.parametrize(
    ("model", "properties", "codes"),
    [
        ("standard", {"amount": 0.1}, ["invalid_amount"]),
        ("standard", {"amount": 1}, ["invalid_amount"]),
        ("standard", {"amount": "-1"}, ["invalid_amount"]),
        ("standard", {"amount": "1e3"}, ["invalid_amount"]),
        ("standard", {"amount": "NaN"}, ["invalid_amount"]),
        ("standard", {"amount": "٣"}, ["invalid_amount"]),
        ("standard", {"amount": "0." + "1" * 13}, ["invalid_amount"]),
        ("standard", {"amount": "1" * 27}, ["invalid_amount"]),
        ("standard", {"other": "1"}, ["invalid_amount"]),
        ("standard", {"amount": "1", "included_quota": 5}, ["invalid_included_quota"]),
        ("standard", {"amount": "1", "included_quota": "-5"}, ["invalid_included_quota"]),
        ("standard", "free", ["value_is_invalid"]),
        (
            "package",
            {"amount": "x", "package_size": 0, "free_units": -1},
            ["invalid_amount", "invalid_package_size", "invalid_free_units"],
        ),
        ("package", {"amount": "1", "package_size": 10}, ["invalid_free_units"]),
        ("graduated", {"volume_ranges": []}, ["missing_graduated_ranges"]),
        ("graduated", {"graduated_ranges": {"a": 1}}, ["missing_graduated_ranges"]),
        ("graduated", {"graduated_ranges": ["a"]}, ["invalid_graduated_ranges"]),
        ("graduated", {"graduated_ranges": ladder((1, None))}, ["invalid_graduated_ranges"]),
        ("graduated", {"graduated_ranges": ladder((0, 10))}, ["invalid_graduated_ranges"]),
        (
            "graduated",
            {"graduated_ranges": ladder((0, 10), (12, None))},
            ["invalid_graduated_ranges"],
        ),
        (
            "graduated",
            {"graduated_ranges": ladder((0, 10), (10, 20), (21, None))},
            ["invalid_graduated_ranges"],
        ),
        (
            "graduated",
            {"graduated_ranges": ladder((0, "0.5"), ("1.5", None))},
            ["invalid_graduated_ranges"],
        ),
        (
            "graduated",
            {"graduated_ranges": ladder((0, 10), (11, 5), (6, None))},
            ["invalid_graduated_ranges"],
        ),
        (
            "graduated",
            {"graduated_ranges": ladder((0, None), (1, None))},
            ["invalid_graduated_ranges"],
        ),
        (
            "graduated",
            {"graduated_ranges": [{**TIER, "flat_amount": 0, "per_unit_amount": None}]},
            ["invalid_amount"],
        ),
        ("volume", {"volume_ranges": None}, ["missing_volume_ranges"]),
        ("volume", {"volume_ranges": ladder((0, 5), (4, None))}, ["invalid_volume_ranges"]),
        ("percentage", {"rate": 2}, ["invalid_rate"]),
        ("percentage", {"rate": "1", "fixed_amount": "a"}, ["invalid_fixed_amount"]),
        (
            "percentage",
            {"rate": "1", "free_units_per_events": 0},
            ["invalid_free_units_per_events"],
        ),
        (
            "percentage",
            {"rate": "1", "free_units_per_total_aggregation": 5},
            ["invalid_free_units_per_total_aggregation"],
        ),
        (
            "percentage",
            {"rate": "1", "per_transaction_min_amount": "2", "per_transaction_max_amount": "1"},
            ["per_transaction_max_lower_than_per_transaction_min"],
        ),
    ],
)
def test_faulty_properties_have_lagos_codes(
    model: str, properties: object, codes: list[str], caller: Caller
) -> None:
    """Prices are text, never negative, never beyond 26 and 12 digits; ladders have no gap."""
    charge = a_charge(metric_id_of(caller), charge_model=model, properties=properties)
    faults = caller.faults("POST", "/plans", a_plan(charge))

    assert faults["properties"][: len(codes)] == codes
    assert faults["charges"] == {"0": {"properties": faults["properties"]}}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("applied_pricing_unit", {"code": "credits", "conversion_rate": "1"}),
        ("accepts_target_wallet", True),
        ("taxes", [{"code": "hst"}]),
    ],
)
def test_a_charge_option_we_cannot_bill_is_refused(
    option: str, value: object, caller: Caller
) -> None:
    """Never silently accepted: the field says not_supported_yet."""
    charge = a_charge(metric_id_of(caller), **{option: value})

    assert caller.faults("POST", "/plans", a_plan(charge))[option] == ["not_supported_yet"]


def test_all_faults_of_all_charges_are_named_at_once(caller: Caller) -> None:
    """Lago's fields gather the codes; our index says which charge has which."""
    metric_id = metric_id_of(caller)
    faults = caller.faults(
        "POST",
        "/plans",
        a_plan(
            a_charge(metric_id, properties={"amount": 1}),
            a_charge(metric_id),
            a_charge(metric_id, charge_model="package", properties={"amount": "1"}),
            name=None,
        ),
    )

    package = ["invalid_package_size", "invalid_free_units"]
    assert faults == {
        "name": ["value_is_mandatory"],
        "properties": ["invalid_amount", *package],
        "charges": {"0": {"properties": ["invalid_amount"]}, "2": {"properties": package}},
    }


@pytest.mark.parametrize("metric_id", [None, "nobody", 5])
def test_a_charge_of_an_unknown_metric_is_404(metric_id: object, caller: Caller) -> None:
    """Lago answers billable_metrics_not_found."""
    plan = a_plan(a_charge("", billable_metric_id=metric_id))

    assert caller.ask("POST", "/plans", 404, plan)["code"] == "billable_metrics_not_found"


def test_a_charge_of_a_deleted_metric_is_404(caller: Caller) -> None:
    """A deleted metric can't be priced again."""
    metric_id = metric_id_of(caller)
    caller.delete("/billable_metrics/messages")

    caller.post("/plans", a_plan(a_charge(metric_id)), 404)


def test_a_share_of_the_latest_value_is_refused(caller: Caller) -> None:
    """Lago does not price latest_agg by percentage."""
    metric_id = metric_id_of(caller, aggregation_type="latest_agg")
    charge = a_charge(metric_id, charge_model="percentage", properties={"rate": "1"})

    assert caller.faults("POST", "/plans", a_plan(charge))["properties"] == ["invalid_value"]


def test_charges_of_one_metric_get_codes_of_their_own(caller: Caller) -> None:
    """A charge is named after its metric, with a number where that is taken."""
    metric_id = metric_id_of(caller)
    charges = [a_charge(metric_id), a_charge(metric_id, code="own"), a_charge(metric_id)]
    plan = caller.post("/plans", a_plan(*charges))["plan"]

    assert [charge["code"] for charge in plan["charges"]] == ["messages", "own", "messages_2"]


def test_a_charge_code_is_taken_once(caller: Caller) -> None:
    """Two charges of a plan can't have one code."""
    metric_id = metric_id_of(caller)
    plan = a_plan(a_charge(metric_id, code="own"), a_charge(metric_id, code="own"))

    assert caller.faults("POST", "/plans", plan)["code"] == ["value_already_exist"]


def test_a_kept_charge_without_properties_keeps_its_price(caller: Caller) -> None:
    """A charge's own members, too, change only when given."""
    charge = priced(caller)["charges"][0]
    body = {"id": charge["lago_id"], "invoice_display_name": "Texts"}
    changed = caller.put("/plans/team", {"plan": {"charges": [body]}})["plan"]["charges"]

    assert changed == [{**charge, "invoice_display_name": "Texts"}]


@pytest.mark.parametrize(("count", "status"), [(1000, 200), (1001, 422)])
def test_a_charge_has_at_most_1000_tiers(count: int, status: int, caller: Caller) -> None:
    """The limit holds exactly."""
    bounds = [(number, number + 1) for number in range(count - 1)]
    ranges = ladder(*bounds, (count - 1, None))
    charge = a_charge(
        metric_id_of(caller), charge_model="volume", properties={"volume_ranges": ranges}
    )

    caller.post("/plans", a_plan(charge), status)
