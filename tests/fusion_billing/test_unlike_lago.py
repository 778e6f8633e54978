"""Where answers over HTTP are other than Lago's on purpose, beside what other tests show of it.

docs/lago_differences.md has the list, tests/house/lago_differences.py which test holds each row.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from catalog.store import services
from rating.fees.fees import EVENT_FEES_MAX
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push
from tests.fusion_billing.usage_world import (
    FEBRUARY,
    TENTH,
    a_charge,
    a_metric,
    bill,
    fees,
    open_plan,
    push,
    usage,
)

MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
HALF_OF_JANUARY = datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIFETIME = "/subscriptions/acme-team/lifetime_usage"
WEIGHTED = {"aggregation_type": "weighted_sum_agg", "weighted_interval": "seconds"}
TIERS = {
    "graduated_ranges": [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "2", "flat_amount": "1"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "1", "flat_amount": "0.5"},
    ]
}
RATES = [{"from_value": 0, "to_value": None, "rate": "10", "flat_amount": "1"}]


def only_charge(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the one charge in an answer about usage."""
    (charge,) = answer["charges_usage"]
    return dict(charge)


def cents_of_events(roof: Roof) -> dict[str, int]:
    """Return the cents of each event's fee."""
    return {
        fee["event_transaction_id"]: fee["amount_cents"]
        for fee in fees(roof)
        if "event_transaction_id" in fee
    }


def open_advance(roof: Roof) -> None:
    """Open a graduated charge paid in advance, and push three events, a second apart."""
    charge = a_charge(a_metric(roof), "graduated", properties=TIERS, pay_in_advance=True)
    open_plan(roof, charge)
    for number, tokens in enumerate((6, 4, 2)):
        push(roof, f"t{number}", tokens=tokens, at=TENTH + number)


def void(roof: Roof, transaction_id: str) -> None:
    """Take an event out."""
    selection = {"external_subscription_id": "acme-team", "transaction_id": transaction_id}
    order = {"kind": "void", "selection": selection, "author": "Finance", "reason": "a test"}
    roof.post("/corrections", {"correction": order})


def taxes_of(shown: dict[str, Any]) -> set[object]:
    """Return all that an object says of tax, rates included."""
    return {value for name, value in shown.items() if name.startswith("taxes_")}


def test_only_running_usage_shows_a_tax(roof: Roof) -> None:
    """Whatever the service estimates, fees, past usage and estimates have no tax: it is Odoo's."""
    with roof.house.state.write() as connection:
        service = services.find_service(connection, "nexadesk")
        assert service is not None
        taxed = replace(service, estimated_tax_rate=Decimal("14.975"))
        services.save_service(connection, taxed)
    open_plan(roof, a_charge(a_metric(roof), pay_in_advance=True))
    push(roof, "1", tokens=1_000)
    event = {"event": a_push("2")}
    estimates = [
        fee
        for route in ("estimate_fees", "estimate_instant_fees")
        for fee in roof.post(f"/events/{route}", event)["fees"]
    ]
    running = usage(roof)["customer_usage"]
    bill(roof)
    past = usage(roof, kind="past_usage")["usage_periods"]

    assert running["taxes_amount_cents"] == 150
    assert (len(estimates), len(past), len(fees(roof))) == (2, 1, 2)
    for shown in (*estimates, *past, *fees(roof)):
        assert taxes_of(shown) <= {0, "0.0"}
        assert Decimal(shown["total_amount_cents"]) == Decimal(shown["amount_cents"])


def test_a_projection_does_not_price_again(roof: Roof) -> None:
    """Twice the units of a begun package fit into it, and still twice its money is expected."""
    package = {"amount": "5", "package_size": 10, "free_units": 0}
    open_plan(roof, a_charge(a_metric(roof), "package", properties=package))
    push(roof, "1", tokens=5)
    roof.clock.advance(HALF_OF_JANUARY)
    charge = only_charge(usage(roof, kind="projected_usage")["customer_projected_usage"])

    assert (charge["amount_cents"], charge["projected_units"]) == (500, "10.0")
    assert charge["projected_amount_cents"] == 1_000


def test_a_true_up_is_no_past_usage(roof: Roof) -> None:
    """What lacks to a charge's minimum is in the period's amount, not in the charge's usage."""
    open_plan(roof, a_charge(a_metric(roof), min_amount_cents=1_000))
    push(roof, "1", tokens=150)
    bill(roof)
    (period,) = usage(roof, kind="past_usage")["usage_periods"]
    charge = only_charge(period)

    assert (charge["units"], charge["amount_cents"], charge["events_count"]) == ("150.0", 150, 1)
    assert period["amount_cents"] == 5_000 + 1_000


def test_past_usage_of_a_weighted_sum_shows_what_was_billed(roof: Roof) -> None:
    """The running period shows the level at its end, a billed one its billed units twice."""
    open_plan(roof, a_charge(a_metric(roof, **WEIGHTED)))
    push(roof, "1", tokens=31)
    running = only_charge(usage(roof)["customer_usage"])
    bill(roof)
    past = only_charge(usage(roof, kind="past_usage")["usage_periods"][0])

    assert running["total_aggregated_units"] == "31.0"
    assert Decimal(past["units"]) < Decimal(31)
    assert past["total_aggregated_units"] == past["units"]


def test_usage_before_ours_is_not_known(roof: Roof) -> None:
    """Historical usage is 0 for good: nobody can say another amount."""
    open_plan(roof, a_charge(a_metric(roof)))
    told = {"lifetime_usage": {"external_historical_usage_amount_cents": 700}}
    answer = roof.client.put(f"/api/v1{LIFETIME}", json=told, headers=roof.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")
    assert roof.get(LIFETIME)["lifetime_usage"]["external_historical_usage_amount_cents"] == 0


def test_fees_of_an_open_period_follow_time(roof: Roof) -> None:
    """An event that came late is priced where it belongs, and one taken out leaves its place."""
    open_advance(roof)
    assert cents_of_events(roof) == {"t0": 1_300, "t1": 800, "t2": 250}

    push(roof, "late", tokens=3, at=TENTH - 100)
    assert cents_of_events(roof) == {"late": 700, "t0": 1_200, "t1": 550, "t2": 200}
    void(roof, "t0")
    assert cents_of_events(roof) == {"late": 700, "t1": 800, "t2": 400}


def test_fees_of_a_billed_period_stay(roof: Roof) -> None:
    """Once their draft is made, neither late events nor corrections change the fees of events."""
    open_advance(roof)
    bill(roof)
    billed = fees(roof)
    push(roof, "late", tokens=3, at=TENTH - 100)
    void(roof, "t0")

    assert fees(roof) == billed
    assert cents_of_events(roof) == {"t0": 1_300, "t1": 800, "t2": 250}


@pytest.mark.parametrize(
    ("model", "properties"),
    [
        ("percentage", {"rate": "10", "fixed_amount": "1"}),
        ("graduated_percentage", {"graduated_percentage_ranges": RATES}),
    ],
)
def test_a_fee_in_advance_has_no_details(
    model: str, properties: dict[str, object], roof: Roof
) -> None:
    """The fee itself is the difference to the event before, in open and in billed periods."""
    open_plan(roof, a_charge(a_metric(roof), model, properties=properties, pay_in_advance=True))
    push(roof, "1", tokens=50)
    (running,) = fees(roof)
    bill(roof)
    (billed,) = fees(roof, "fee_type=charge")

    assert running["amount_cents"] == billed["amount_cents"] == 600
    assert running["amount_details"] == billed["amount_details"] == {}


def test_unused_days_are_a_fee_below_zero(roof: Roof) -> None:
    """Ended on 20 January after paying the month: eleven of 31 days come back as a fee."""
    open_plan(roof, pay_in_advance=True)
    bill(roof, datetime(2026, 1, 2, tzinfo=UTC))
    roof.clock.advance(datetime(2026, 1, 20, 15, 0, tzinfo=UTC))
    roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
    (draft,) = bill(roof).drafts
    paid, given_back = fees(roof, "fee_type=subscription")

    assert (paid["amount_cents"], given_back["amount_cents"]) == (5_000, -1_774)
    assert given_back["item"]["type"] == "subscription"
    assert (given_back["lago_invoice_id"], draft.amount_cents) == (draft.id, -1_774)


def test_a_list_looks_at_a_hundred_thousand_events() -> None:
    """The limit, which another test meets from both sides, is the number that is documented."""
    assert EVENT_FEES_MAX == 100_000


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_fee_is_neither_changed_nor_deleted(method: str, roof: Roof) -> None:
    """Of a fee that is there both are Lago's unknown route, and it stays as it was."""
    open_advance(roof)
    (fee, *_) = fees(roof)
    path, paid = f"/fees/{fee['lago_id']}", {"fee": {"payment_status": "succeeded"}}
    answer = roof.client.request(method, f"/api/v1{path}", json=paid, headers=roof.headers)

    assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")
    assert roof.get(path)["fee"] == fee


def test_a_unique_value_by_itself_is_one_unit(roof: Roof) -> None:
    """Of an event by itself the value is a name, even where it is made of digits."""
    metric = a_metric(roof, aggregation_type="unique_count_agg")
    open_plan(roof, a_charge(metric, properties={"amount": "3"}, pay_in_advance=True))
    (fee,) = roof.post("/events/estimate_instant_fees", {"event": a_push("1", 7)})["fees"]

    assert (fee["units"], fee["amount_cents"]) == ("1.0", "300.0")


def test_an_event_whose_expression_fails_is_set_aside(roof: Roof) -> None:
    """One event and a batch are taken with 200: usage is never lost for a metric's fault."""
    a_metric(roof, expression="event.properties.units * 2")
    roof.post("/events", {"event": a_push("1")})
    roof.post("/events/batch", {"events": [a_push("2"), a_push("3", properties={"units": 4})]})
    rows = roof.get("/quarantine")["quarantined_events"]

    reason = "expression_evaluation_failed: missing_property:units"
    assert {row["transaction_id"]: row["reason"] for row in rows} == {"1": reason, "2": reason}


def test_a_late_delta_lifts_the_level_of_the_next_period(roof: Roof) -> None:
    """A recurring level is what all events before say, not what was there when it was billed."""
    open_plan(roof, a_charge(a_metric(roof, **WEIGHTED, recurring=True)))
    push(roof, "1", tokens=10)
    bill(roof)
    push(roof, "late", tokens=5)
    roof.clock.advance(FEBRUARY + HOUR)
    running = only_charge(usage(roof)["customer_usage"])
    bill(roof, MARCH)
    february = usage(roof, kind="past_usage")["usage_periods"][0]

    assert (running["units"], running["total_aggregated_units"]) == ("15.0", "15.0")
    assert only_charge(february)["units"] == "15.0"
