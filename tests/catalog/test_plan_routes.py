"""Plans over HTTP: what can't be billed exactly refused, versions kept."""

from datetime import timedelta
from decimal import Decimal

import pytest

from catalog.store.plans import find_plan, plan_versions
from catalog.versions import version_in_force
from storage.state import State
from tests.catalog.conftest import START, Caller, Clock
from tests.catalog.makers import a_charge, a_plan, metric_id_of, priced, subscribed


def test_a_plan_comes_back_as_lago_shows_it(caller: Caller) -> None:
    """Creation answers Lago's object, member by member, and reading it says the same."""
    metric_id = metric_id_of(caller)
    created = caller.post("/plans", a_plan(a_charge(metric_id), trial_period=14.0))
    plan = dict(created["plan"])
    charge = dict(plan.pop("charges")[0])

    assert (len(plan.pop("lago_id")), len(charge.pop("lago_id"))) == (36, 36)
    assert plan == {
        "name": "Team",
        "invoice_display_name": None,
        "created_at": "2026-08-10T12:00:00Z",
        "code": "team",
        "interval": "monthly",
        "description": None,
        "amount_cents": 4900,
        "amount_currency": "CAD",
        "trial_period": 14,
        "pay_in_advance": False,
        "bill_charges_monthly": None,
        "bill_fixed_charges_monthly": None,
        "customers_count": 0,
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "parent_id": None,
        "pending_deletion": False,
        "fixed_charges": [],
        "entitlements": [],
        "usage_thresholds": [],
        "applicable_usage_thresholds": [],
        "taxes": [],
    }
    assert charge == {
        "lago_billable_metric_id": metric_id,
        "code": "messages",
        "invoice_display_name": None,
        "billable_metric_code": "messages",
        "created_at": "2026-08-10T12:00:00Z",
        "charge_model": "standard",
        "invoiceable": True,
        "regroup_paid_fees": None,
        "pay_in_advance": False,
        "prorated": False,
        "min_amount_cents": 0,
        "accepts_target_wallet": None,
        "properties": {"amount": "0.10"},
        "applied_pricing_unit": None,
        "lago_parent_id": None,
        "filters": [],
        "taxes": [],
    }
    assert caller.get("/plans/team") == created


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("usage_thresholds", [{"amount_cents": 100}]),
        ("bill_fixed_charges_monthly", True),
        ("taxes", [{"code": "hst"}]),
        ("fixed_charges", [{"add_on_id": "a"}]),
    ],
)
def test_a_plan_option_we_cannot_bill_is_refused(
    option: str, value: object, caller: Caller
) -> None:
    """Never silently accepted: the field says not_supported_yet."""
    faults = caller.faults("POST", "/plans", a_plan(**{option: value}))

    assert faults == {option: ["not_supported_yet"]}


def test_neutral_values_of_options_ask_for_nothing(caller: Caller) -> None:
    """Defaults, nulls and empties of what is not supported are what clients always send."""
    charge = a_charge(
        metric_id_of(caller),
        pay_in_advance=False, prorated=False, invoiceable=True, min_amount_cents=0, filters=[],
        regroup_paid_fees=None, tax_codes=["hst"],
        properties={"amount": "1", "pricing_group_keys": [], "grouped_by": None},
    )  # fmt: skip
    plan = a_plan(
        charge,
        minimum_commitment={}, usage_thresholds=[], bill_charges_monthly=False, fixed_charges=[],
        tax_codes=[], metadata={"a": "b"},
    )  # fmt: skip

    assert caller.post("/plans", plan)["plan"]["charges"][0]["properties"] == {"amount": "1"}


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"name": ""}, {"name": ["value_is_mandatory"]}),
        ({"code": "a?b"}, {"code": ["value_is_invalid"]}),
        ({"code": ".."}, {"code": ["value_is_invalid"]}),
        ({"interval": "daily"}, {"interval": ["value_is_invalid"]}),
        ({"interval": None}, {"interval": ["value_is_mandatory"]}),
        ({"amount_cents": None}, {"amount_cents": ["value_is_mandatory"]}),
        ({"amount_cents": -1}, {"amount_cents": ["invalid_amount"]}),
        ({"amount_cents": "100"}, {"amount_cents": ["invalid_amount"]}),
        ({"amount_cents": 10**15 + 1}, {"amount_cents": ["invalid_amount"]}),
        ({"amount_currency": "XQX"}, {"amount_currency": ["value_is_invalid"]}),
        ({"amount_currency": "cad"}, {"amount_currency": ["value_is_invalid"]}),
        ({"trial_period": -1}, {"trial_period": ["value_is_invalid"]}),
        ({"pay_in_advance": "no"}, {"pay_in_advance": ["value_is_invalid"]}),
        ({"bill_charges_monthly": 1}, {"bill_charges_monthly": ["value_is_invalid"]}),
        ({"minimum_commitment": 5}, {"minimum_commitment": ["value_is_invalid"]}),
        (
            {"minimum_commitment": {"amount_cents": "5", "invoice_display_name": []}},
            {"amount_cents": ["value_is_invalid"], "invoice_display_name": ["value_is_invalid"]},
        ),
        (
            {"minimum_commitment": {"amount_cents": -1}},
            {"amount_cents": ["value_is_out_of_range"]},
        ),
        (
            {"minimum_commitment": {"amount_cents": 10**15 + 1}},
            {"amount_cents": ["value_is_out_of_range"]},
        ),
        ({"charges": {}}, {"charges": ["value_is_invalid"]}),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """Each fault is refused at its field and nothing is kept."""
    assert caller.faults("POST", "/plans", a_plan(**changed)) == faults
    assert caller.get("/plans")["meta"]["total_count"] == 0


def test_a_plan_code_is_taken_once(caller: Caller) -> None:
    """A second plan under a kept code is refused."""
    priced(caller)

    assert caller.faults("POST", "/plans", a_plan()) == {"code": ["value_already_exist"]}


def test_a_put_without_charges_keeps_them(caller: Caller) -> None:
    """Only members given are changed."""
    plan = priced(caller)
    changed = caller.put("/plans/team", {"plan": {"amount_cents": 5900}})["plan"]

    assert changed == {**plan, "amount_cents": 5900}


def test_charges_given_replace_those_kept(caller: Caller) -> None:
    """A charge with its id is changed, one without is new, one left out is gone."""
    plan = priced(caller)
    charge = plan["charges"][0]
    kept = {"id": charge["lago_id"], "properties": {"amount": "0.20"}}
    new = a_charge(charge["lago_billable_metric_id"])
    changed = caller.put("/plans/team", a_plan(kept, new))["plan"]["charges"]
    last = caller.put("/plans/team", {"plan": {"charges": []}})["plan"]["charges"]

    assert changed[0] == {**charge, "properties": {"amount": "0.20"}}
    assert changed[1]["lago_id"] != charge["lago_id"]
    assert last == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("interval", "yearly"), ("amount_currency", "USD"), ("trial_period", 30), ("code", "crew"),
        ("pay_in_advance", True),
    ],
)  # fmt: skip
def test_what_cuts_a_live_subscriptions_periods_is_fixed(
    field: str, value: object, caller: Caller
) -> None:
    """The same value may be sent again; another is refused while somebody is on the plan."""
    subscribed(caller)
    plan = caller.get("/plans/team")["plan"]

    assert caller.put("/plans/team", {"plan": {field: plan[field]}})["plan"] == plan
    faults = caller.faults("PUT", "/plans/team", {"plan": {field: value}})
    assert faults == {field: ["used_by_a_subscription"]}
    caller.delete("/subscriptions/acme-team")
    changed = caller.put("/plans/team", {"plan": {field: value}})["plan"]
    assert changed[field] == value


def test_a_changed_price_never_changes_a_finished_period(
    caller: Caller, state: State, clock: Clock
) -> None:
    """The version in force at a period's last instant is the same before and after a change."""
    plan_id = priced(caller)["lago_id"]
    period_end = START + timedelta(days=21)
    clock.now = period_end
    with state.read() as connection:
        before = version_in_force(plan_versions(connection, "nexadesk")[plan_id], period_end)
    caller.put("/plans/team", {"plan": {"amount_cents": 9900}})

    with state.read() as connection:
        versions = plan_versions(connection, "nexadesk")[plan_id]
    assert version_in_force(versions, period_end) == before
    assert version_in_force(versions, period_end + timedelta(days=1)).amount_cents == 9900


def test_the_first_version_holds_when_none_was_yet(caller: Caller, state: State) -> None:
    """A backdated subscription's early periods are priced by the first version."""
    plan_id = priced(caller)["lago_id"]
    caller.put("/plans/team", {"plan": {"amount_cents": 9900}})

    with state.read() as connection:
        versions = plan_versions(connection, "nexadesk")[plan_id]
    early = version_in_force(versions, START - timedelta(days=90))
    assert (early.version, early.amount_cents) == (1, 4900)


def test_the_same_content_makes_no_version(caller: Caller, state: State, clock: Clock) -> None:
    """Versions count changes, not calls; digits that say the same are the same."""
    plan = priced(caller)
    charge = {"id": plan["charges"][0]["lago_id"], "properties": {"amount": "0.100"}}
    clock.now += timedelta(days=1)
    caller.put("/plans/team", a_plan(charge))

    with state.read() as connection:
        assert len(plan_versions(connection, "nexadesk")[plan["lago_id"]]) == 1


def test_every_version_reads_back_exactly(caller: Caller, state: State, clock: Clock) -> None:
    """Decimals survive the database digit for digit, in every version."""
    plan = priced(caller)
    charge = {
        "id": plan["charges"][0]["lago_id"],
        "properties": {"amount": "12345678901234567890.123456789012", "included_quota": "0.10"},
    }
    clock.now += timedelta(days=1)
    caller.put("/plans/team", a_plan(charge))

    with state.read() as connection:
        versions = plan_versions(connection, "nexadesk")[plan["lago_id"]]
        newest = find_plan(connection, "nexadesk", "team")
    assert [version.version for version in versions] == [1, 2]
    assert versions[1] == newest
    assert versions[1].charges[0].terms.amount == Decimal("12345678901234567890.123456789012")  # type: ignore[union-attr]
    assert str(versions[1].charges[0].quantity_included) == "0.10"


def test_a_deleted_plan_goes_on_for_its_subscriptions(caller: Caller, state: State) -> None:
    """Nobody can subscribe to a deleted plan; who is on it stays, and repeats are harmless."""
    subscription = subscribed(caller)
    plan = caller.delete("/plans/team")["plan"]

    assert caller.get("/plans/team", 404)["code"] == "plan_not_found"
    again = {"external_id": "acme-team", "external_customer_id": "acme", "plan_code": "team"}
    repeated = caller.post("/subscriptions", {"subscription": again})["subscription"]
    assert repeated["lago_id"] == subscription["lago_id"]
    assert repeated["plan"]["lago_id"] == plan["lago_id"]
    caller.post("/subscriptions", {"subscription": {**again, "external_id": "new"}}, 404)
    with state.read() as connection:
        assert plan["lago_id"] in plan_versions(connection, "nexadesk")


def test_a_deleted_metric_stays_on_the_charges_that_price_it(caller: Caller) -> None:
    """A plan keeps charging for what it charged for, and can still be changed."""
    plan = priced(caller)
    caller.delete("/billable_metrics/messages")
    charge = {"id": plan["charges"][0]["lago_id"], "properties": {"amount": "0.20"}}
    changed = caller.put("/plans/team", a_plan(charge))["plan"]

    assert changed["charges"][0]["billable_metric_code"] == "messages"


@pytest.mark.parametrize(("count", "status"), [(500, 200), (501, 422)])
def test_a_plan_has_at_most_500_charges(count: int, status: int, caller: Caller) -> None:
    """The limit holds exactly."""
    metric_id = metric_id_of(caller)

    caller.post("/plans", a_plan(*[a_charge(metric_id)] * count), status)
