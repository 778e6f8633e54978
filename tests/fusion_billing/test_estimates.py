"""Estimates over HTTP: what an event would cost, next in its subscription or by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.usage_world import (
    a_charge,
    a_metric,
    fees,
    open_plan,
    push,
    refusal,
    usage,
)

TWENTIETH = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
TIERS = {
    "graduated_ranges": [
        {"from_value": 0, "to_value": 10, "per_unit_amount": "2", "flat_amount": "1"},
        {"from_value": 11, "to_value": None, "per_unit_amount": "1", "flat_amount": "0.5"},
    ]
}
LIMITED = {"rate": "1", "fixed_amount": "0.5", "per_transaction_min_amount": "1.75"}


def asked(code: str = "tokens", **changed: object) -> dict[str, object]:
    """Return an event whose price is asked."""
    return {
        "external_subscription_id": "acme-team", "code": code, "properties": {"tokens": 4},
    } | changed  # fmt: skip


def estimated(roof: Roof, event: dict[str, object]) -> list[dict[str, Any]]:
    """Return the fees of an event as the next one."""
    return list(roof.post("/events/estimate_fees", {"event": event})["fees"])


def instant(roof: Roof, event: dict[str, object]) -> list[dict[str, Any]]:
    """Return the fees of an event by itself."""
    return list(roof.post("/events/estimate_instant_fees", {"event": event})["fees"])


def open_advance(
    roof: Roof,
    model: str = "graduated",
    properties: dict[str, object] | None = None,
    kind: str = "sum_agg",
) -> None:
    """Open a charge paid in advance, on the twentieth of January."""
    metric, properties = a_metric(roof, aggregation_type=kind), properties or {**TIERS}
    open_plan(roof, a_charge(metric, model, properties=properties, pay_in_advance=True))
    roof.clock.advance(TWENTIETH)


def test_an_estimate_is_the_fee_that_follows(roof: Roof) -> None:
    """What an event would cost next is what it costs once pushed; asking keeps nothing."""
    open_advance(roof)
    push(roof, "1", tokens=8)
    (estimate,) = estimated(roof, asked(transaction_id="2"))
    assert estimated(roof, asked(transaction_id="2")) == [estimate]
    assert usage(roof)["customer_usage"]["charges_usage"][0]["units"] == "8.0"
    push(roof, "2", tokens=4, at=int(TWENTIETH.timestamp()))
    (fee,) = fees(roof, "event_transaction_id=2")

    assert (estimate["units"], estimate["amount_cents"]) == ("4.0", 650)
    assert (estimate["lago_id"], estimate["created_at"]) == (None, None)
    changing = dict.fromkeys(("lago_id", "created_at"))
    assert fee | changing == estimate


def test_an_estimate_knows_what_is_there(roof: Roof) -> None:
    """A value that is there already costs nothing more; a new one costs its unit."""
    open_advance(roof, "standard", properties={"amount": "3"}, kind="unique_count_agg")
    push(roof, "1", tokens="anna")
    cents = [
        estimated(roof, asked(properties={"tokens": name}))[0]["amount_cents"]
        for name in ("anna", "berta")
    ]

    assert cents == [0, 300]


def test_an_estimate_takes_one_filter_and_group(roof: Roof) -> None:
    """The event's properties choose the price, and which usage came before it."""
    metric = a_metric(roof, filters=[{"key": "region", "values": ["ca", "us"]}])
    one = {
        "values": {"region": ["ca"]},
        "properties": TIERS | {"pricing_group_keys": ["model"]},
    }
    charge = a_charge(metric, "graduated", properties=TIERS, pay_in_advance=True, filters=[one])
    open_plan(roof, charge)
    roof.clock.advance(TWENTIETH)
    push(roof, "1", tokens=8, region="ca", model="s")
    said = [{"region": "ca", "model": "s"}, {"region": "ca", "model": "l"}, {"region": "us"}]
    found = [estimated(roof, asked(properties={"tokens": 4} | each))[0] for each in said]

    assert [fee["amount_cents"] for fee in found] == [650, 900, 900]
    assert [fee["item"]["grouped_by"] for fee in found] == [{"model": "s"}, {"model": "l"}, {}]
    assert [bool(fee["lago_charge_filter_id"]) for fee in found] == [True, True, False]


def test_a_missing_number_is_estimated_as_none(roof: Roof) -> None:
    """Lago takes an event without the property for one of no units."""
    open_advance(roof, "standard", properties={"amount": "3"})

    assert estimated(roof, asked(properties={}))[0]["amount_cents"] == 0
    assert instant(roof, asked(properties={}))[0]["amount_cents"] == "0.0"


@pytest.mark.parametrize("route", ["estimate_fees", "estimate_instant_fees"])
@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"external_subscription_id": "nobody"}, (404, "subscription_not_found")),
        ({"external_subscription_id": None}, (404, "subscription_not_found")),
        (
            {"properties": {"tokens": "many"}},
            (422, {"properties": ["value_is_not_valid_number"]}),
        ),
        ({"code": "calls"}, (422, {"code": ["does_not_match_an_instant_charge"]})),
        ({"timestamp": "soon"}, (422, {"timestamp": ["invalid_format"]})),
    ],
)
def test_what_has_no_estimate_is_refused(
    route: str, changed: dict[str, object], expected: tuple[int, object], roof: Roof
) -> None:
    """Statuses and codes are Lago's."""
    a_metric(roof, "calls")
    open_advance(roof, "standard", properties={"amount": "3"})

    assert refusal(roof, f"/events/{route}", {"event": asked(**changed)}) == expected  # type: ignore[arg-type] # texts and objects


def test_an_unknown_metric_is_refused(roof: Roof) -> None:
    """The next event's metric must exist; by itself it only matches no charge (Lago)."""
    open_advance(roof, "standard", properties={"amount": "3"})
    body = {"event": asked("nobody")}
    no_charge = (422, {"code": ["does_not_match_an_instant_charge"]})

    assert refusal(roof, "/events/estimate_fees", body) == (404, "billable_metric_not_found")
    assert refusal(roof, "/events/estimate_instant_fees", body) == no_charge


def test_a_charge_in_arrears_has_no_estimate(roof: Roof) -> None:
    """Only charges paid in advance price an event."""
    open_plan(roof, a_charge(a_metric(roof)))
    no_charge = (422, {"code": ["does_not_match_an_instant_charge"]})

    for route in ("estimate_fees", "estimate_instant_fees"):
        assert refusal(roof, f"/events/{route}", {"event": asked()}) == no_charge


@pytest.mark.parametrize(
    ("model", "properties", "tokens", "expected"),
    [
        ("standard", {"amount": "0.125"}, 4, ("4.0", "50.0", "0.5", "12.5")),
        ("standard", {"amount": "0.125"}, -4, ("0.0", "0.0", "0.0", "0.0")),
        ("percentage", {"rate": "1", "fixed_amount": "0.5"}, 300, ("300.0", "350.0", "3.5", None)),
        ("percentage", LIMITED, 4, ("4.0", "175.0", "1.75", "43.75")),
    ],
)
def test_an_event_has_a_price_by_itself(
    model: str,
    properties: dict[str, object],
    tokens: int,
    expected: tuple[str, str, str, str | None],
    roof: Roof,
) -> None:
    """Units, cents and amounts are texts, without history and free units (Lago)."""
    open_advance(roof, model, properties=properties)
    push(roof, "1", tokens=1_000)
    (fee,) = instant(roof, asked(transaction_id="mine", properties={"tokens": tokens}))
    units, cents, amount, unit_cents = expected

    assert (fee["units"], fee["amount_cents"], fee["precise_amount"]) == (units, cents, amount)
    assert fee["total_amount_cents"] == cents
    if unit_cents is not None:
        assert fee["precise_unit_amount"] == unit_cents
    assert (fee["taxes_amount_cents"], fee["taxes_rate"]) == (0, 0)
    assert (fee["event_transaction_id"], fee["lago_id"]) == ("mine", None)


def test_a_filter_prices_an_event_by_itself(roof: Roof) -> None:
    """The filter that takes the event has its price; what none takes has the charge's own."""
    metric = a_metric(roof, filters=[{"key": "region", "values": ["ca", "us"]}])
    one = {"values": {"region": ["ca"]}, "properties": {"amount": "2"}}
    open_plan(roof, a_charge(metric, pay_in_advance=True, filters=[one]))
    found = [
        instant(roof, asked(properties={"tokens": 1, "region": region}))[0]
        for region in ("ca", "us")
    ]

    assert [fee["amount_cents"] for fee in found] == ["200.0", "1.0"]
    assert [fee["item"]["filters"] for fee in found] == [{"region": ["ca"]}, None]


def test_many_events_are_estimated_at_once(roof: Roof) -> None:
    """One fee for each event with a charge, under the event's id; the others cost nothing."""
    a_metric(roof, "calls")
    open_advance(roof, "standard", properties={"amount": "0.5"})
    events = [
        asked(transaction_id="1"),
        asked("calls", transaction_id="2"),
        asked(transaction_id="3", properties={"tokens": 6}),
    ]
    found = roof.post("/events/batch_estimate_instant_fees", {"events": events})["fees"]

    told = [(fee["event_transaction_id"], fee["amount_cents"]) for fee in found]
    assert told == [("1", "200.0"), ("3", "300.0")]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], (422, {"events": ["no_events"]})),
        ([asked()] * 101, (422, {"events": ["too_many_events"]})),
        (
            [asked(), asked(timestamp="soon")],
            (422, {"1": {"timestamp": ["invalid_format"]}}),
        ),
        ([asked(external_subscription_id="nobody")], (404, "subscription_not_found")),
    ],
    ids=["none", "too_many", "faulty", "unknown"],
)
def test_a_batch_without_estimate_is_refused(
    events: list[dict[str, object]], expected: tuple[int, object], roof: Roof
) -> None:
    """Faults are reported by index; a hundred events are the most."""
    open_advance(roof, "standard", properties={"amount": "0.5"})
    path = "/events/batch_estimate_instant_fees"

    assert refusal(roof, path, {"events": events}) == expected
    hundred = roof.post(path, {"events": [asked()] * 100})["fees"]
    assert len(hundred) == 100
