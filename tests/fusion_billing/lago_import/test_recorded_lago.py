"""A real Lago's answers are brought over digit by digit; what we refuse is told, never dropped."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.store.accounts import find_account
from catalog.store.plans import find_plan, plan_of
from catalog.store.subscriptions import find_live_subscription
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House
from fusion_billing.lago_import.report import Report, report_text
from fusion_billing.lago_import.usage import to_event
from ingest.keeping import keep_rows
from ingest.usage_log import EventFilter
from tests.fusion_billing.lago_import.recorded_lago import (
    KEY,
    RecordedLago,
    a_charge,
    a_customer,
    a_metric,
    a_plan,
    a_recorded_lago,
    a_subscription,
    an_event,
    playing,
)
from tests.fusion_billing.lago_import.world import (
    MARCH,
    MIDDLE,
    brought,
    outcomes,
    quick_source,
    refusals,
    target_house,
)

PENNY = "0.123456789012"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Give an empty shadow in the middle of February."""
    with target_house(tmp_path, TestClock(MIDDLE)) as house:
        yield house


def import_of(house: House, lago: RecordedLago) -> Report:
    """Serve a recorded Lago and bring it over."""
    with playing(lago) as url:
        return brought(house, quick_source(url, KEY))


def test_a_lago_is_brought_over_whole_and_once(house: House) -> None:
    """All that Lago answers comes over, is the same the next time, and nothing is left behind."""
    lago = a_recorded_lago()

    report = import_of(house, lago)

    assert (refusals(report), report.problem, list(report.left_behind)) == ({}, None, [])
    assert outcomes(report) == {
        "billable_metrics": {"created": 1}, "plans": {"created": 1}, "customers": {"created": 1},
        "subscriptions": {"created": 1}, "events": {"created": 5},
    }  # fmt: skip
    again = import_of(house, lago)
    assert {tuple(counts) for counts in outcomes(again).values()} == {("same",)}


def test_every_digit_is_kept(house: House) -> None:
    """Prices, amounts and properties beyond a binary fraction arrive as they were written."""
    import_of(house, a_recorded_lago())

    with house.state.read() as connection:
        plan = find_plan(connection, "nexadesk", "startup")
        account = find_account(connection, "nexadesk", "cust 1")
    raw, total = house.usage_log.page("nexadesk", EventFilter(), page=1, per_page=10)
    assert plan is not None
    assert account is not None
    told = bytes(raw).decode()
    assert "10.000000000001" in str(plan.charges[0].terms)
    assert (plan.minimum_commitment_cents, account.timezone) == (100_007, "UTC")
    assert total == 5
    assert told.count('"precise_total_amount_cents":"1234567890.123456789012"') == 5
    assert told.count('"gb":"0.1000000000000000055"') == 5
    assert '"timestamp":"2026-02-13T22:41:13.123Z"' in told


def test_two_years_that_lago_billed_are_not_billed_again(house: House) -> None:
    """The first draft here closes the period that is open in Lago, and no earlier one."""
    import_of(house, a_recorded_lago())

    (report,) = bill_services(house, at=MARCH.replace(day=9))

    assert [(one.closing_at.date().isoformat(), one.currency) for one in report.drafts] == [
        ("2026-03-08", "USD")
    ]
    assert report.amount_cents == 100_007


REFUSED = [
    ({"usage_thresholds": [{"amount_cents": 1}]}, "progressive billing is not offered"),
    ({"fixed_charges": [{"lago_id": "f"}]}, "sell it there"),
    ({"charges": [a_charge(applied_pricing_unit={"code": "token"})]}, "no pricing units"),
    ({"charges": [a_charge(accepts_target_wallet=True)]}, "there are no wallets"),
    ({"charges": [a_charge(charge_model="custom", properties={"custom_properties": {}})]},
     "use another model"),
    ({"interval": "yearly", "bill_charges_monthly": True}, "compare a year with a month"),
    ({"charges": [a_charge(billable_metric_code="gone")]}, "see billable_metrics gone"),
    ({"charges": [a_charge(properties={"graduated_ranges": [
        {"from_value": 0, "to_value": 10, "flat_amount": "0", "per_unit_amount": "1"},
        {"from_value": 10, "to_value": 20, "flat_amount": "0", "per_unit_amount": "1"},
        {"from_value": 21, "to_value": None, "flat_amount": "0", "per_unit_amount": "1"}]})]},
     "invalid_graduated_ranges"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "reason"), REFUSED, ids=[reason for _, reason in REFUSED])
def test_a_plan_that_we_refuse_fails_with_its_reason(
    house: House, changed: dict[str, Any], reason: str
) -> None:
    """Such a plan fails, so do its subscriptions and their events, and nothing of it is here."""
    lago = a_recorded_lago()
    lago.lists["plans"] = [a_plan("other"), a_plan(**changed)]

    report = import_of(house, lago)

    told = refusals(report)
    assert reason in told["plans", "startup"]
    assert "see plans startup" in told["subscriptions", "sub 1"]
    assert "see subscriptions" in told["events", "sub 1"]
    assert not report.is_whole
    assert reason in report_text(report)
    with house.state.read() as connection:
        assert find_plan(connection, "nexadesk", "startup") is None
        assert find_plan(connection, "nexadesk", "other") is not None
        assert find_live_subscription(connection, "nexadesk", "sub 1") is None


def test_a_metric_of_foreign_code_fails(house: House) -> None:
    """A custom aggregation fails with what to do, and so does the plan that prices it."""
    lago = a_recorded_lago()
    lago.lists["billable_metrics"] = [a_metric(aggregation_type="custom_agg")]

    told = refusals(import_of(house, lago))

    assert "use an expression" in told["billable_metrics", "storage"]
    assert "see billable_metrics storage" in told["plans", "startup"]


def test_what_stays_in_lago_is_counted(house: House) -> None:
    """What Lago has and we don't is listed with its count, wherever in Lago it stands."""
    lago = a_recorded_lago()
    lago.lists |= {"wallets": [{}, {}, {}], "taxes": [{}], "features": [{}, {}]}
    lago.lists["plans"] = [a_plan(taxes=[{"code": "hst"}], entitlements=[{"code": "sso"}])]
    lago.lists["customers"] = [
        a_customer(metadata=[{"key": "a"}], net_payment_term=30),
        a_customer("cust 2", metadata=[{"key": "b"}], shipping_address={"city": "Laval"}),
    ]
    lago.lists["subscriptions"] += [
        a_subscription("old", status="terminated", terminated_at="2025-09-09T12:00:00Z"),
    ]
    lago.fault = lambda path, _number: 403 if path == "coupons" else None

    report = import_of(house, lago)

    assert {one.what: one.count for one in report.left_behind} == {
        "wallets": 3, "coupons": None, "taxes": 1, "features": 2, "plans with taxes": 1,
        "plans with entitlements": 1, "customers with metadata": 2,
        "customers with net_payment_term": 1, "customers with shipping_address": 1,
        "subscriptions that ended before the open period": 1,
    }  # fmt: skip
    assert report.is_whole
    assert "wallets: 3. There are no wallets" in report_text(report)


def test_wallets_of_an_older_lago_are_counted_by_customer(house: House) -> None:
    """Where wallets are listed for one customer only, every customer is asked."""
    lago = a_recorded_lago()
    lago.lists["wallets"] = [{}]
    lago.lists["customers"].append(a_customer("cust 2"))
    lago.fault = lambda path, number: 404 if (path, number) == ("wallets", 1) else None

    (left,) = import_of(house, lago).left_behind

    assert (left.what, left.count) == ("wallets", 2)


def test_prices_of_one_subscription_alone_come_over(house: House) -> None:
    """A subscription's overridden price is its own here too, and its plan keeps its price."""
    lago = a_recorded_lago()
    own = a_charge(
        lago_id="own-charge", lago_parent_id="charge-1", charge_model="graduated",
        properties={"graduated_ranges": [
            {"from_value": 0, "to_value": None, "flat_amount": "0", "per_unit_amount": PENNY},
        ]}, filters=[],
    )  # fmt: skip
    child = a_plan(lago_id="child", parent_id="plan-startup", charge=own, amount_cents=5)
    lago.overrides["sub 1"] = a_subscription() | {"plan": child}

    report = import_of(house, lago)

    assert refusals(report) == {}
    with house.state.read() as connection:
        subscription = find_live_subscription(connection, "nexadesk", "sub 1")
        assert subscription is not None
        plan = plan_of(connection, subscription)
        parent = find_plan(connection, "nexadesk", "startup")
    assert (plan.amount_cents, PENNY in str(plan.charges[0].terms)) == (5, True)
    assert parent is not None
    assert (parent.amount_cents, plan.parent_id) == (10_001, parent.id)
    assert outcomes(import_of(house, lago))["subscriptions"] == {"same": 1}


def test_an_event_that_an_app_pushed_here_too_is_the_same(house: House) -> None:
    """A microsecond that Lago does not tell makes no difference; another value does, and stays."""
    lago = a_recorded_lago()
    event = to_event(an_event(1)) | {"timestamp": "1770763273.123456"}
    keep_rows(house.intake, "nexadesk", [event, to_event(an_event(2)) | {"code": "x"}], MIDDLE)

    with playing(lago) as url:
        rehearsed = brought(house, quick_source(url, KEY), is_dry_run=True)
        report = brought(house, quick_source(url, KEY))

    assert outcomes(report)["events"] == {"created": 3, "same": 1, "differs": 1}
    assert outcomes(rehearsed) == outcomes(report)
    assert refusals(report)["events", "sub 1"] == "tx-2: code: Lago storage, here x"


def test_events_that_lago_has_overwritten_are_refused(house: House) -> None:
    """What an expression would compute a second time from its own result is not brought over."""
    lago = a_recorded_lago()
    lago.lists["billable_metrics"] = [a_metric(expression="event.properties.gb / 1024")]

    report = import_of(house, lago)

    assert outcomes(report)["events"] == {"failed": 5}
    assert "push these events again" in refusals(report)["events", "sub 1"]


def test_an_event_that_no_push_could_be_is_refused(house: House) -> None:
    """An event without a code is told by its transaction id, and the others are kept."""
    lago = a_recorded_lago()
    lago.lists["events"][2] = an_event(2, code="")

    report = import_of(house, lago)

    assert outcomes(report)["events"] == {"created": 4, "failed": 1}
    assert "tx-2: code: value_is_mandatory" in refusals(report)["events", "sub 1"]


def test_a_period_that_lago_counts_otherwise_is_told(house: House) -> None:
    """Where Lago's running period is not ours, the subscription differs, with both instants."""
    lago = a_recorded_lago()
    lago.lists["subscriptions"] = [
        a_subscription(current_billing_period_started_at="2026-02-01T00:00:00Z")
    ]

    told = refusals(import_of(house, lago))["subscriptions", "sub 1"]

    assert "Lago 2026-02-01T00:00:00Z, here 2026-02-08T00:00:00Z" in told
