"""Answers about usage over HTTP say what was counted and billed, in Lago's shapes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.store import api_keys, services
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.usage_world import (
    SUBSCRIPTION,
    a_charge,
    a_metric,
    bill,
    open_plan,
    push,
    refusal,
    usage,
)

MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
FEBRUARY_TENTH = 1_770_724_800
HALF_OF_JANUARY = datetime(2026, 1, 16, 17, 0, tzinfo=UTC)
GROUPED = {"amount": "0.01", "pricing_group_keys": ["region", "model"]}
PROJECTED = "customer_projected_usage"
CURRENT = "/customers/acme/current_usage"


def open_two_charges(roof: Roof) -> tuple[str, str]:
    """Open a plan that prices tokens and calls; return the ids of both charges."""
    tokens, calls = a_metric(roof), a_metric(roof, "calls")
    plan = open_plan(roof, a_charge(tokens), a_charge(calls, code="all-calls"))
    ids = {charge["billable_metric_code"]: charge["lago_id"] for charge in plan["charges"]}
    push(roof, "1", tokens=100)
    push(roof, "2", "calls", calls=7)
    return ids["tokens"], ids["calls"]


def codes(answer: dict[str, dict[str, list[dict[str, dict[str, str]]]]]) -> list[str]:
    """Return the metrics of the charges in an answer."""
    return [one["billable_metric"]["code"] for one in answer["customer_usage"]["charges_usage"]]


def test_usage_narrows_to_a_charge(roof: Roof) -> None:
    """A charge's id, its code or its metric's code leaves that charge alone, and its amount."""
    tokens, _ = open_two_charges(roof)

    assert codes(usage(roof)) == ["calls", "tokens"]
    assert codes(usage(roof, f"charge_id={tokens}")) == ["tokens"]
    assert codes(usage(roof, "charge_code=all-calls")) == ["calls"]
    narrowed = usage(roof, "billable_metric_code=tokens", "apply_taxes=false")
    assert codes(narrowed) == ["tokens"]
    assert narrowed["customer_usage"]["total_amount_cents"] == 100


def test_running_usage_shows_an_estimated_tax(roof: Roof) -> None:
    """The service's rate is shown on the sum, rounded once, unless the app wants none."""
    open_two_charges(roof)
    names = ("amount_cents", "taxes_amount_cents", "total_amount_cents")
    with roof.house.state.write() as connection:
        service = services.find_service(connection, "nexadesk")
        assert service is not None
        taxed = replace(service, estimated_tax_rate=Decimal("14.975"))
        services.save_service(connection, taxed)

    for kind, root in (("current_usage", "customer_usage"), ("projected_usage", PROJECTED)):
        shown, plain = (
            usage(roof, *query, kind=kind)[root] for query in ((), ("apply_taxes=false",))
        )
        assert [shown[name] for name in names] == [107, 16, 123]
        assert [plain[name] for name in names] == [107, 0, 107]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("charge_id=nobody", (404, "charge_not_found")),
        ("charge_code=nobody", (404, "charge_not_found")),
        ("billable_metric_code=nobody", (404, "charge_not_found")),
        ("full_usage=true", (405, "full_usage_not_allowed")),
        ("filter_by_group=[", (422, {"group": ["value_is_invalid"]})),
    ],
)
def test_usage_that_is_not_there_is_refused(
    query: str, expected: tuple[int, object], roof: Roof
) -> None:
    """A charge that is not on the plan is 404, usage of all times 405 (Lago)."""
    open_two_charges(roof)

    assert refusal(roof, f"{CURRENT}?{SUBSCRIPTION}&{query}") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (f"/customers/nobody/current_usage?{SUBSCRIPTION}", (404, "customer_not_found")),
        (CURRENT, (405, "no_active_subscription")),
        (f"{CURRENT}?external_subscription_id=nobody", (405, "no_active_subscription")),
        (f"/customers/nobody/projected_usage?{SUBSCRIPTION}", (404, "customer_not_found")),
        (f"/customers/nobody/past_usage?{SUBSCRIPTION}", (404, "customer_not_found")),
        (
            "/customers/acme/past_usage",
            (422, {"external_subscription_id": ["value_is_mandatory"]}),
        ),
        (
            f"/customers/acme/past_usage?{SUBSCRIPTION}&billable_metric_code=nobody",
            (404, "billable_metric_not_found"),
        ),
        (
            f"/customers/acme/past_usage?{SUBSCRIPTION}&periods_count=few",
            (422, {"periods_count": ["value_is_invalid"]}),
        ),
        ("/subscriptions/nobody/lifetime_usage", (404, "lifetime_usage_not_found")),
    ],
)
def test_what_is_unknown_is_refused(path: str, expected: tuple[int, object], roof: Roof) -> None:
    """Statuses and codes are Lago's."""
    open_two_charges(roof)

    assert refusal(roof, path) == expected


def open_groups(roof: Roof) -> None:
    """Open a charge priced by region and model, with usage of three groups."""
    open_plan(roof, a_charge(a_metric(roof), properties=GROUPED))
    for number, (region, model, tokens) in enumerate(
        [("ca", "s", 100), ("ca", "l", 200), ("us", "s", 400)]
    ):
        push(roof, str(number), tokens=tokens, region=region, model=model)


def test_usage_narrows_to_a_group(roof: Roof) -> None:
    """Only the group's usage counts, and what is left of the keys still tells it apart (Lago)."""
    open_groups(roof)
    (charge,) = usage(roof, "group[region]=ca")["customer_usage"]["charges_usage"]
    named = {one["grouped_by"]["model"]: one["units"] for one in charge["grouped_usage"]}

    assert (charge["units"], charge["amount_cents"]) == ("300.0", 300)
    assert named == {"s": "100.0", "l": "200.0"}
    assert [list(one["grouped_by"]) for one in charge["grouped_usage"]] == [["model"], ["model"]]


def test_a_group_may_be_named_as_json(roof: Roof) -> None:
    """Older clients send an object; several values of a key are taken together."""
    open_groups(roof)
    query = 'filter_by_group={"model":["s","l"],"region":"us"}'
    (charge,) = usage(roof, query)["customer_usage"]["charges_usage"]

    assert (charge["units"], charge["grouped_usage"]) == ("400.0", [])


def test_grouping_can_be_skipped(roof: Roof) -> None:
    """Without groups the charge shows the same units as one."""
    open_groups(roof)
    (charge,) = usage(roof, "skip_grouping=true")["customer_usage"]["charges_usage"]

    assert (charge["units"], charge["grouped_usage"]) == ("700.0", [])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [{"model": "s", "region": "ca"}]),
        ('filter_by_presentation=["region"]', [{"region": "ca"}]),
        ("filter_by_presentation=model", [{"model": "s"}]),
        ("filter_by_presentation=nobody", []),
    ],
)
def test_a_split_narrows_to_some_keys(
    query: str, expected: list[dict[str, str]], roof: Roof
) -> None:
    """`filter_by_presentation` names the keys by which units are split for display."""
    keys = {"amount": "0.01", "presentation_group_keys": [{"value": "model"}, {"value": "region"}]}
    open_plan(roof, a_charge(a_metric(roof), properties=keys))
    push(roof, "1", tokens=10, region="ca", model="s")
    (charge,) = usage(roof, query)["customer_usage"]["charges_usage"]

    assert [one["presentation_by"] for one in charge["presentation_breakdowns"]] == expected


def test_a_projection_is_a_straight_line(roof: Roof) -> None:
    """Half of the period has passed, so that twice of everything is expected."""
    open_two_charges(roof)
    roof.clock.advance(HALF_OF_JANUARY)
    whole = usage(roof, kind="projected_usage")["customer_projected_usage"]
    tokens = whole["charges_usage"][1]

    assert (whole["amount_cents"], whole["projected_amount_cents"]) == (107, 214)
    assert (tokens["units"], tokens["projected_units"]) == ("100.0", "200.0")
    assert (tokens["amount_cents"], tokens["projected_amount_cents"]) == (100, 200)
    assert "total_aggregated_units" not in tokens


def test_a_projected_level_stays(roof: Roof) -> None:
    """A recurring metric's units are there for good: nothing is extended (Lago)."""
    open_plan(roof, a_charge(a_metric(roof, recurring=True)))
    push(roof, "1", tokens=100)
    roof.clock.advance(HALF_OF_JANUARY)
    (charge,) = usage(roof, kind="projected_usage")["customer_projected_usage"]["charges_usage"]

    assert (charge["projected_units"], charge["projected_amount_cents"]) == ("100.0", 100)


def test_nothing_is_projected_at_the_very_start(roof: Roof) -> None:
    """When no time has passed no rate is known: 0."""
    open_two_charges(roof)
    whole = usage(roof, kind="projected_usage")["customer_projected_usage"]

    assert (whole["amount_cents"], whole["projected_amount_cents"]) == (107, 0)


def test_past_usage_is_what_drafts_billed(roof: Roof) -> None:
    """Each billed period shows its draft, its amount and its charges, newest first."""
    open_two_charges(roof)
    (january,) = bill(roof).drafts
    push(roof, "3", tokens=50, at=FEBRUARY_TENTH)
    (february,) = bill(roof, MARCH).drafts
    answer = usage(roof, kind="past_usage")
    periods = answer["usage_periods"]

    assert answer["meta"]["total_count"] == 2
    assert [one["lago_invoice_id"] for one in periods] == [february.id, january.id]
    assert [one["amount_cents"] for one in periods] == [5_050, 5_107]
    assert periods[1]["from_datetime"] == "2026-01-01T05:00:00Z"
    assert periods[1]["to_datetime"] == "2026-02-01T04:59:59Z"
    assert periods[1]["issuing_date"] == "2026-02-01"
    shown = [(one["units"], one["amount_cents"]) for one in periods[1]["charges_usage"]]
    assert shown == [("7.0", 7), ("100.0", 100)]


def test_past_usage_comes_in_pages_and_parts(roof: Roof) -> None:
    """Pages, a number of periods and a metric narrow it."""
    open_two_charges(roof)
    (january,) = bill(roof).drafts
    bill(roof, MARCH)
    second = usage(roof, "per_page=1", "page=2", kind="past_usage")
    last = usage(roof, "periods_count=1", kind="past_usage")
    calls = usage(roof, "billable_metric_code=calls", kind="past_usage")["usage_periods"][1]

    assert [one["lago_invoice_id"] for one in second["usage_periods"]] == [january.id]
    assert (second["meta"]["prev_page"], second["meta"]["next_page"]) == (1, None)
    assert [one["from_datetime"] for one in last["usage_periods"]] == ["2026-02-01T05:00:00Z"]
    assert last["meta"]["total_count"] == 1
    assert [one["billable_metric"]["code"] for one in calls["charges_usage"]] == ["calls"]


def test_past_usage_shows_filters_and_groups(roof: Roof) -> None:
    """What was priced alone is shown alone, as in the open period."""
    open_groups(roof)
    (now,) = usage(roof)["customer_usage"]["charges_usage"]
    bill(roof)
    (then,) = usage(roof, kind="past_usage")["usage_periods"][0]["charges_usage"]

    assert then == now
    assert len(then["grouped_usage"]) == 3


def test_late_usage_belongs_to_its_period(roof: Roof) -> None:
    """Usage of a billed period that came late is shown in the period in which it happened."""
    open_two_charges(roof)
    bill(roof)
    push(roof, "late", tokens=30)
    bill(roof, MARCH)
    february, january = usage(roof, kind="past_usage")["usage_periods"]
    tokens = january["charges_usage"][1]

    assert (tokens["units"], tokens["amount_cents"], tokens["events_count"]) == ("130.0", 130, 2)
    assert (january["amount_cents"], february["amount_cents"]) == (5_137, 5_000)


def test_a_lifetime_is_what_was_billed_and_what_is_not(roof: Roof) -> None:
    """Usage billed, without the plan's fee, and usage so far; nothing falls between the two."""
    open_two_charges(roof)
    before = roof.get("/subscriptions/acme-team/lifetime_usage")["lifetime_usage"]
    roof.clock.advance(datetime(2026, 2, 1, 4, 59, tzinfo=UTC))
    bill(roof)
    push(roof, "3", tokens=50, at=FEBRUARY_TENTH)
    roof.clock.advance(datetime(2026, 2, 20, tzinfo=UTC))
    after = roof.get("/subscriptions/acme-team/lifetime_usage")["lifetime_usage"]

    told = ("invoiced_usage_amount_cents", "current_usage_amount_cents")
    assert [before[name] for name in told] == [0, 107]
    assert [after[name] for name in told] == [107, 50]
    assert after["lago_id"] == before["lago_id"]
    assert after["from_datetime"] == "2026-01-01T05:00:00Z"


def test_a_lifetime_waits_for_no_bill(roof: Roof) -> None:
    """A period that ended and is not billed yet is current usage still."""
    open_two_charges(roof)
    push(roof, "3", tokens=50, at=FEBRUARY_TENTH)
    roof.clock.advance(datetime(2026, 2, 20, tzinfo=UTC))
    shown = roof.get("/subscriptions/acme-team/lifetime_usage")["lifetime_usage"]

    assert (shown["invoiced_usage_amount_cents"], shown["current_usage_amount_cents"]) == (0, 157)


def test_an_answer_asked_again_tells_new_prices(roof: Roof) -> None:
    """A changed plan, and the end of a subscription, are seen by the very next question."""
    metric = a_metric(roof)
    open_plan(roof, a_charge(metric), amount_cents=0)
    push(roof, "1", tokens=100)
    assert usage(roof)["customer_usage"]["amount_cents"] == 100
    assert usage(roof)["customer_usage"]["amount_cents"] == 100

    charge = a_charge(metric, properties={"amount": "0.03"})
    roof.clock.advance(HALF_OF_JANUARY)
    changed = roof.client.put(
        "/api/v1/plans/team",
        json={"plan": {"charges": [charge]}},
        headers=roof.headers,
    )
    assert changed.status_code == 200, changed.text

    roof.clock.advance(HALF_OF_JANUARY + timedelta(seconds=1))
    assert usage(roof)["customer_usage"]["amount_cents"] == 300
    ended = roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
    assert ended.status_code == 200, ended.text
    assert refusal(roof, f"/customers/acme/current_usage?{SUBSCRIPTION}") == (
        405,
        "no_active_subscription",
    )


def test_a_revoked_key_asks_nothing_more(roof: Roof) -> None:
    """A key that was good a moment ago is refused from the instant of its end on."""
    open_plan(roof, a_charge(a_metric(roof)))
    assert usage(roof)["customer_usage"]["currency"] == "CAD"

    with roof.house.state.write() as connection:
        api_keys.revoke_key(connection, "nexadesk", roof.key.split("_")[2], roof.clock())

    url = f"/api/v1/customers/acme/current_usage?{SUBSCRIPTION}"
    assert roof.client.get(url, headers=roof.headers).status_code == 401
