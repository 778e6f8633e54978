"""A subscription with prices of its own is billed, explained and checked by them alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.store import services
from fusion_billing.billing import bill_services
from rating.invoice_draft import InvoiceDraft
from rating.verifying.line_difference import Difference
from rating.verifying.verification import verification
from storage.lake_tables import RATED_LINE
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEBRUARY_10 = 1_770_724_800


@pytest.fixture
def charge_id(roof: Roof) -> str:
    """Give the charge of "team": 50.00 a month and 0.01 a token; acme is on it."""
    return open_account(roof)


def put(roof: Roof, path: str, body: object) -> dict[str, Any]:
    answer = roof.client.put(f"/api/v1{path}", json=body, headers=roof.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def begin(roof: Roof, name: str, **overrides: object) -> dict[str, Any]:
    """Begin a subscription of bolt with prices of its own."""
    order = {
        "external_customer_id": "bolt", "plan_code": "team", "external_id": name,
        "plan_overrides": overrides,
    }  # fmt: skip
    started: dict[str, Any] = roof.post("/subscriptions", {"subscription": order})["subscription"]
    return started


def bill(roof: Roof, at: datetime) -> dict[str, InvoiceDraft]:
    """Run the bill and return its drafts by subscription."""
    roof.clock.advance(at)
    (report,) = bill_services(roof.house, at=at)
    return {draft.subscription_external_id: draft for draft in report.drafts}


def amounts(draft: InvoiceDraft) -> list[int]:
    return sorted(line.amount_cents for line in draft.lines)


def differences(roof: Roof) -> list[Difference]:
    """Compute everything billed again and return what differs."""
    with roof.house.state.read() as connection:
        service = services.find_service(connection, "nexadesk")
    assert service is not None
    every = list(verification(roof.house.state, roof.house.lake, service).verified())
    assert len(every) > 1
    return [difference for draft in every for difference in draft.differences]


def override(roof: Roof, amount: str) -> dict[str, Any]:
    """Give acme's tokens a price of their own from now on."""
    body = {"charge": {"properties": {"amount": amount}}}
    changed: dict[str, Any] = put(roof, "/subscriptions/acme-team/charges/tokens", body)["charge"]
    return changed


def test_each_subscription_is_billed_by_its_own_prices(roof: Roof, charge_id: str) -> None:
    """Fee, charge, minimum and commitment of an override count for it alone."""
    priced = {"id": charge_id, "properties": {"amount": "0.002"}}
    begin(roof, "cheap", amount_cents=1_000, charges=[priced])
    begin(roof, "least", charges=[{"id": charge_id, "min_amount_cents": 700}])
    begin(roof, "bound", amount_cents=0, minimum_commitment={"amount_cents": 9_000})
    for name in ("acme-team", "cheap", "least", "bound"):
        roof.post("/events", {"event": a_push(name, 1_000, external_subscription_id=name)})
    roof.clock.advance(FEBRUARY - HOUR)
    put(roof, "/plans/team", {"plan": {"amount_cents": 6_000}})
    drafts = bill(roof, FEBRUARY)

    assert amounts(drafts["acme-team"]) == [1_000, 6_000]
    assert amounts(drafts["cheap"]) == [200, 1_000]
    assert sum(amounts(drafts["least"])) == 5_000 + 1_000
    assert amounts(drafts["bound"]) == [1_000, 8_000]


def test_a_minimum_of_ones_own_is_topped_up(roof: Roof, charge_id: str) -> None:
    """What an overridden charge costs at least is billed as its true-up."""
    begin(roof, "least", charges=[{"id": charge_id, "min_amount_cents": 700}])
    roof.post("/events", {"event": a_push("1", 100, external_subscription_id="least")})

    assert amounts(bill(roof, FEBRUARY)["least"]) == [100, 600, 5_000]


def test_a_backdated_subscription_has_its_prices_from_its_start(roof: Roof, charge_id: str) -> None:
    """Periods before the order came are billed by the override, too."""
    roof.clock.advance(FEBRUARY + timedelta(days=3))
    order = {
        "external_customer_id": "bolt", "plan_code": "team", "external_id": "back",
        "subscription_at": "2026-01-01T05:00:00Z",
        "plan_overrides": {
            "amount_cents": 0, "charges": [{"id": charge_id, "properties": {"amount": "2"}}],
        },
    }  # fmt: skip
    roof.post("/subscriptions", {"subscription": order})
    roof.post("/events", {"event": a_push("1", 3, external_subscription_id="back")})

    assert amounts(bill(roof, FEBRUARY + timedelta(days=4))["back"]) == [600]


@pytest.mark.usefixtures("charge_id")
def test_an_override_never_changes_what_was_over(roof: Roof) -> None:
    """A period that ended before keeps its price: unbilled, billed, and corrected by late usage."""
    roof.post("/events", {"event": a_push("1", 100)})
    roof.clock.advance(FEBRUARY + HOUR)
    override(roof, "1.00")
    january = bill(roof, FEBRUARY + 2 * HOUR)["acme-team"]
    roof.post("/events", {"event": a_push("late", 50)})
    roof.post("/events", {"event": a_push("2", 7, timestamp=FEBRUARY_10)})
    february = bill(roof, MARCH)["acme-team"]

    assert amounts(january) == [100, 5_000]
    assert amounts(february) == [50, 700, 5_000]


@pytest.mark.usefixtures("charge_id")
def test_lines_before_and_after_an_override_explain_themselves(roof: Roof) -> None:
    """Each names the plan version that priced it, is computed again alike, and stays a fee."""
    roof.post("/events", {"event": a_push("1", 100)})
    bill(roof, FEBRUARY)
    own = override(roof, "1.00")
    roof.post("/events", {"event": a_push("late", 50)})
    roof.post("/events", {"event": a_push("2", 7, timestamp=FEBRUARY_10)})
    bill(roof, MARCH)
    lines = roof.house.lake.scan(RATED_LINE).filter(charge_code="tokens").collect().to_dicts()
    told = {
        line["amount_cents"]: roof.get(f"/rated_lines/{line['id']}/explanation")["rated_line"]
        for line in lines
    }

    versions = {cents: one["versions"]["plan"]["version"] for cents, one in told.items()}
    assert versions == {100: 1, 50: 1, 700: 2}
    assert all(one["adds_up"] for one in told.values())
    assert [line["charge_id"] == own["lago_id"] for line in lines].count(True) == 1
    assert differences(roof) == []
    fees = roof.get("/fees?external_subscription_id=acme-team")["fees"]
    assert sorted(fee["amount_cents"] for fee in fees) == [50, 100, 700, 5_000, 5_000]


@pytest.mark.usefixtures("charge_id")
def test_running_usage_is_shown_at_the_prices_of_the_override(roof: Roof) -> None:
    """Current usage changes with the price; past usage does not."""
    roof.post("/events", {"event": a_push("1", 100)})
    bill(roof, FEBRUARY)
    own = override(roof, "1.00")
    roof.clock.advance(FEBRUARY + HOUR)
    roof.post("/events", {"event": a_push("2", 7, timestamp=FEBRUARY_10)})
    query = "external_subscription_id=acme-team"
    usage = roof.get(f"/customers/acme/current_usage?{query}")["customer_usage"]
    past = roof.get(f"/customers/acme/past_usage?{query}")["usage_periods"]

    (running,) = usage["charges_usage"]
    assert (running["amount_cents"], running["charge"]["lago_id"]) == (700, own["lago_id"])
    assert [one["amount_cents"] for one in past[0]["charges_usage"]] == [100]
