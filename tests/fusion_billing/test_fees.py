"""Fees over HTTP: billed lines, and each event of what is paid in advance, once and for ever."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from catalog.store import api_keys, services
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.makers import a_service
from tests.fusion_billing.usage_world import (
    FEBRUARY,
    a_charge,
    a_metric,
    bill,
    fees,
    open_plan,
    push,
    refusal,
    usage,
)
from tests.rating.lago_cases import Case, lago_cases

MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
TIERS = {
    "graduated_ranges": [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "2", "flat_amount": "1"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "1", "flat_amount": "0.5"},
    ]
}


def told(found: list[dict[str, Any]], *names: str) -> list[tuple[object, ...]]:
    """Return some members of fees."""
    return [tuple(fee[name] for name in names) for fee in found]


def test_the_fees_of_a_draft_are_its_lines(roof: Roof) -> None:
    """Plan fee and usage are fees of their own, whose cents add up to the draft."""
    plan = open_plan(roof, a_charge(a_metric(roof)))
    push(roof, "1", tokens=150)
    (draft,) = bill(roof).drafts
    found = {fee["item"]["type"]: fee for fee in fees(roof)}
    charge, fee = found["charge"], found["subscription"]

    assert charge["amount_cents"] + fee["amount_cents"] == draft.amount_cents == 5_150
    assert {charge["lago_invoice_id"], fee["lago_invoice_id"]} == {draft.id}
    assert charge["lago_charge_id"] == plan["charges"][0]["lago_id"]
    assert charge["item"]["item_type"] == "BillableMetric"
    assert (charge["units"], charge["events_count"]) == ("150.0", 1)
    assert (charge["precise_amount"], charge["precise_unit_amount"]) == ("1.5", "0.01")
    assert (charge["payment_status"], charge["pay_in_advance"]) == ("pending", False)
    assert (charge["from_date"], charge["to_date"]) == (
        "2026-01-01T05:00:00Z",
        "2026-02-01T04:59:59Z",
    )
    assert fee["item"]["code"] == "team"
    assert fee["amount_details"] == {"plan_amount_cents": 5_000}
    assert "event_transaction_id" not in charge


@pytest.mark.parametrize(
    ("model", "properties", "units", "details"),
    [
        (
            "graduated",
            TIERS,
            12,
            {"graduated_ranges": [
                {
                    "from_value": 0, "to_value": 10, "flat_unit_amount": "1.0",
                    "per_unit_amount": "2.0", "units": "10.0", "per_unit_total_amount": "20.0",
                    "total_with_flat_amount": "21.0",
                },
                {
                    "from_value": 11, "to_value": None, "flat_unit_amount": "0.5",
                    "per_unit_amount": "1.0", "units": "2.0", "per_unit_total_amount": "2.0",
                    "total_with_flat_amount": "2.5",
                },
            ]},
        ),
        (
            "volume",
            {"volume_ranges": TIERS["graduated_ranges"]},
            12,
            {
                "flat_unit_amount": "0.5", "per_unit_amount": "1.0",
                "per_unit_total_amount": "12.0",
            },
        ),
        (
            "package",
            {"amount": "5", "package_size": 10, "free_units": 3},
            12,
            {
                "free_units": "3.0", "paid_units": "9.0", "per_package_size": 10,
                "per_package_unit_amount": "5.0",
            },
        ),
        (
            "percentage",
            {"rate": "10", "fixed_amount": "1", "free_units_per_total_aggregation": "5"},
            12,
            {
                "units": "12.0", "free_units": "5.0", "free_events": 0, "paid_units": "7.0",
                "rate": "10.0", "per_unit_total_amount": "0.7", "paid_events": 1,
                "fixed_fee_unit_amount": "1.0", "fixed_fee_total_amount": "1.0",
                "min_max_adjustment_total_amount": "0.0",
            },
        ),
        (
            "percentage",
            {"rate": "10", "fixed_amount": "1", "per_transaction_max_amount": "2"},
            12,
            {
                "units": "12.0", "free_units": "0.0", "free_events": 0, "paid_units": "12.0",
                "rate": "10.0", "per_unit_total_amount": "1.2", "paid_events": 1,
                "fixed_fee_unit_amount": "1.0", "fixed_fee_total_amount": "1.0",
                "min_max_adjustment_total_amount": "-0.2",
            },
        ),
        ("standard", {"amount": "1"}, 12, {}),
    ],
    ids=["graduated", "volume", "package", "percentage", "limits", "standard"],
)  # fmt: skip
def test_a_fee_tells_how_its_amount_came_about(
    model: str, properties: dict[str, object], units: int, details: dict[str, object], roof: Roof
) -> None:
    """The details are those of the charge's model, in Lago's names."""
    open_plan(roof, a_charge(a_metric(roof), model, properties=properties), amount_cents=0)
    push(roof, "1", tokens=units)
    bill(roof)
    (fee,) = fees(roof)

    assert fee["amount_details"] == details


def test_a_true_up_names_its_charge(roof: Roof) -> None:
    """What lacks to a charge's minimum is a fee that names the charge's fee, and that one it."""
    charge = a_charge(a_metric(roof), min_amount_cents=1_000)
    commitment = {"amount_cents": 9_000, "invoice_display_name": "Least"}
    open_plan(roof, charge, minimum_commitment=commitment)
    push(roof, "1", tokens=150)
    bill(roof)
    found = fees(roof, "fee_type=charge")
    own, added = sorted(found, key=lambda fee: int(fee["amount_cents"]))
    (least,) = fees(roof, "fee_type=commitment")

    assert (own["amount_cents"], added["amount_cents"]) == (150, 850)
    assert own["lago_true_up_fee_id"] == added["lago_id"]
    assert added["lago_true_up_parent_fee_id"] == own["lago_id"]
    assert (least["amount_cents"], least["item"]["invoice_display_name"]) == (3_000, "Least")


def test_filters_and_groups_are_named(roof: Roof) -> None:
    """A fee says which values chose its usage, and which properties it was priced alone for."""
    metric = a_metric(roof, filters=[{"key": "region", "values": ["ca", "us"]}])
    one = {
        "values": {"region": ["ca"]},
        "properties": {"amount": "1", "pricing_group_keys": ["model"]},
    }
    open_plan(roof, a_charge(metric, filters=[one]), amount_cents=0)
    push(roof, "1", tokens=2, region="ca", model="s")
    bill(roof)
    (fee,) = fees(roof)

    assert fee["item"]["filters"] == {"region": ["ca"]}
    assert fee["item"]["filter_invoice_display_name"] == "ca"
    assert fee["item"]["grouped_by"] == {"model": "s"}
    assert fee["lago_charge_filter_id"]


def open_advance(roof: Roof, **changed: object) -> None:
    """Open a graduated charge paid in advance, and push three events."""
    charge = a_charge(a_metric(roof), "graduated", properties=TIERS, pay_in_advance=True, **changed)
    open_plan(roof, charge)
    for number, tokens in enumerate((6, 4, 2)):
        push(roof, f"t{number}", tokens=tokens, at=1_768_046_400 + number)


def test_each_event_in_advance_is_a_fee(roof: Roof) -> None:
    """The running period's events each have a fee: the first flat amount comes with the first."""
    open_advance(roof)
    found = fees(roof)

    assert told(found, "event_transaction_id", "units", "amount_cents") == [
        ("t0", "6.0", 1_300),
        ("t1", "4.0", 800),
        ("t2", "2.0", 250),
    ]
    assert {fee["pay_in_advance"] for fee in found} == {True}
    assert {fee["lago_invoice_id"] for fee in found} == {None}


def test_fees_in_advance_outlive_their_bill(roof: Roof) -> None:
    """Billing changes neither a fee's id nor its amount, and its line is no second fee."""
    open_advance(roof)
    before = fees(roof, "fee_type=charge")
    (draft,) = bill(roof).drafts
    after = fees(roof, "fee_type=charge")

    names = ("lago_id", "amount_cents", "event_transaction_id", "created_at")
    assert told(after, *names) == told(before, *names)
    assert {fee["lago_invoice_id"] for fee in after} == {draft.id}
    assert sum(fee["amount_cents"] for fee in fees(roof)) == draft.amount_cents


def test_the_same_push_again_is_no_second_fee(roof: Roof) -> None:
    """A retry of a push leaves the fees as they were."""
    open_advance(roof)
    before = fees(roof)
    push(roof, "t1", tokens=4, at=1_768_046_401)

    assert fees(roof) == before


def test_what_no_invoice_carries_is_a_fee_still(roof: Roof) -> None:
    """Fees of a charge that is not invoiceable name no invoice."""
    open_advance(roof, invoiceable=False)
    (draft,) = bill(roof).drafts
    found = fees(roof, "fee_type=charge")

    assert draft.amount_cents == 5_000
    assert told(found, "invoiceable", "lago_invoice_id") == [(False, None)] * 3


def test_one_fee_is_found_by_its_id(roof: Roof) -> None:
    """Lines and events are found alike, before and after their bill; others are 404."""
    open_advance(roof)
    (first, *_) = fees(roof)
    assert roof.get(f"/fees/{first['lago_id']}")["fee"] == first
    bill(roof)
    for fee in fees(roof):
        assert roof.get(f"/fees/{fee['lago_id']}")["fee"] == fee
    assert refusal(roof, "/fees/nobody") == (404, "fee_not_found")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("fee_type=charge", 3),
        ("fee_type=subscription", 1),
        ("fee_type=add_on", 0),
        ("payment_status=pending", 4),
        ("payment_status=succeeded", 0),
        ("currency=cad", 4),
        ("currency=EUR", 0),
        ("external_subscription_id=acme-team", 4),
        ("external_subscription_id=nobody", 0),
        ("external_customer_id=acme", 4),
        ("external_customer_id=nobody", 0),
        ("billable_metric_code=tokens", 3),
        ("billable_metric_code=nobody", 0),
        ("event_transaction_id=t1", 1),
        ("event_transaction_id=nobody", 0),
        (f"created_at_from={FEBRUARY:%Y-%m-%dT%H:%M:%SZ}", 1),
        ("created_at_to=2026-01-31T00:00:00Z", 3),
        ("created_at_from=2027-01-01", 0),
        ("succeeded_at_from=2020-01-01", 0),
    ],
)
def test_a_list_of_fees_is_narrowed(query: str, count: int, roof: Roof) -> None:
    """Every filter of Lago's list leaves what it names, and the number of all says so."""
    open_advance(roof)
    bill(roof)
    answer = roof.get(f"/fees?{query}")

    assert (len(answer["fees"]), answer["meta"]["total_count"]) == (count, count)


@pytest.mark.parametrize(
    ("query", "details"),
    [
        ("fee_type=nothing", {"fee_type": ["value_is_invalid"]}),
        ("payment_status=nothing", {"payment_status": ["value_is_invalid"]}),
        ("created_at_from=soon", {"created_at_from": ["invalid_date"]}),
        ("refunded_at_to=soon", {"refunded_at_to": ["invalid_date"]}),
    ],
)
def test_a_senseless_filter_is_refused(
    query: str, details: dict[str, list[str]], roof: Roof
) -> None:
    """A filter that can mean nothing is 422 under its name (Lago)."""
    assert refusal(roof, f"/fees?{query}") == (422, details)


def test_fees_come_in_pages(roof: Roof) -> None:
    """Pages together are the list, oldest first."""
    open_advance(roof)
    bill(roof)
    every = fees(roof)
    pages = [fees(roof, "per_page=3", f"page={number}") for number in (1, 2, 3)]

    assert [len(page) for page in pages] == [3, 1, 0]
    assert [fee for page in pages for fee in page] == every
    assert [fee["created_at"] for fee in every] == sorted(fee["created_at"] for fee in every)


def test_too_many_events_ask_for_a_narrower_list(
    roof: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit the list is whole; one event above it, a subscription must be named."""
    open_advance(roof)
    monkeypatch.setattr("rating.fees.fees.EVENT_FEES_MAX", 3)
    assert len(fees(roof)) == 3
    monkeypatch.setattr("rating.fees.fees.EVENT_FEES_MAX", 2)
    status, details = refusal(roof, "/fees")

    assert status == 422
    assert isinstance(details, dict)
    assert details["external_subscription_id"][0] == "value_is_mandatory"


def test_late_usage_is_a_fee_of_its_own(roof: Roof) -> None:
    """Usage that came after the bill is a fee of the draft that bills it."""
    open_plan(roof, a_charge(a_metric(roof)), amount_cents=0)
    push(roof, "1", tokens=100)
    bill(roof)
    push(roof, "late", tokens=30)
    bill(roof, MARCH)

    assert told(fees(roof), "units", "amount_cents") == [("100.0", 100), ("30.0", 30)]


def test_another_service_sees_none_of_it(roof: Roof) -> None:
    """Usage, fees and estimates of another service are not there: 404, or nothing in a list."""
    open_advance(roof)
    (fee, *_) = fees(roof)
    bill(roof)
    with roof.house.state.write() as connection:
        other = replace(a_service(OPENED_AT), id="service-2", code="other")
        services.add_service(connection, other)
        _, roof.key = api_keys.create_key(connection, "other", roof.house.pepper, OPENED_AT)
    asked = "external_subscription_id=acme-team"
    event = {"event": {"code": "tokens", "external_subscription_id": "acme-team"}}

    assert fees(roof) == fees(roof, asked) == fees(roof, "event_transaction_id=t1") == []
    assert refusal(roof, f"/fees/{fee['lago_id']}") == (404, "fee_not_found")
    for kind in ("current_usage", "projected_usage", "past_usage"):
        path = f"/customers/acme/{kind}?{asked}"
        assert refusal(roof, path) == (404, "customer_not_found")
    lifetime = refusal(roof, "/subscriptions/acme-team/lifetime_usage")
    assert lifetime == (404, "lifetime_usage_not_found")
    for route in ("estimate_fees", "estimate_instant_fees"):
        assert refusal(roof, f"/events/{route}", event) == (404, "subscription_not_found")


@pytest.mark.parametrize("case", lago_cases("pay_in_advance"))
def test_lago_charges_the_same_over_http(case: Case, roof: Roof) -> None:
    """Lago's own cases of fees in advance, pushed event by event, give Lago's units and cents."""
    metric = {name: value for name, value in case["metric"].items() if value is not None}
    roof.post("/billable_metrics", {"billable_metric": metric | {"name": "Any", "code": "any"}})
    found = roof.get("/billable_metrics/any")["billable_metric"]["lago_id"]
    charge, properties = case["charge"], case["charge"]["properties"]
    open_plan(roof, a_charge(found, charge["model"], properties=properties, pay_in_advance=True))
    for number, event in enumerate(case["events"]):
        day = datetime.fromisoformat(event["timestamp"])
        at = int(day.replace(year=2026, month=1).timestamp())
        push(roof, f"t{number}", "any", at=at, **event["properties"])

    by_event = {fee["event_transaction_id"]: fee for fee in fees(roof)}
    ordered = [by_event[f"t{number}"] for number in range(len(case["events"]))]
    expected = [(f"{fee['units']}.0", fee["amount_cents"]) for fee in case["expected"]["fees"]]
    assert told(ordered, "units", "amount_cents") == expected


def test_usage_of_a_charge_in_advance_shows_its_level(roof: Roof) -> None:
    """Fees so far and current usage agree where nothing is rounded."""
    open_advance(roof)
    (charge,) = usage(roof)["customer_usage"]["charges_usage"]

    assert charge["amount_cents"] == sum(fee["amount_cents"] for fee in fees(roof)) == 2_350
