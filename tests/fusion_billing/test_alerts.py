"""The life of an alert over HTTP: kept, crossed, told once, told again in a new period."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from catalog.store.services import add_service
from fusion_billing import alerting
from fusion_billing.alerting import look_at_alerts
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from rating.alerts import telling, watched_usage
from storage.lake import Lake
from tests.fusion_billing.alert_world import ALERTS, an_alert, ask, look, told, values
from tests.fusion_billing.conftest import OPENED_AT, Roof, open_roof
from tests.fusion_billing.makers import a_service
from tests.fusion_billing.usage_world import FEBRUARY, a_charge, a_metric, bill, open_plan, push

MARCH = 1_772_800_000
UNITS = "billable_metric_current_usage_units"


@pytest.fixture
def roof(tmp_path: Path) -> Iterator[Roof]:
    """Give a house whose scheduler looks at no alert by itself: the tests do."""
    settings, clock = Settings(data_dir=tmp_path, alert_seconds=3_600), TestClock(OPENED_AT)
    with opened_house(settings, clock) as house:
        with house.state.write() as connection:
            add_service(connection, a_service(OPENED_AT))
        with open_roof(house, clock) as roof:
            yield roof


def test_an_alert_is_told_once_a_threshold_and_period(roof: Roof) -> None:
    """Crossings are told with Lago's body, none twice in a period, and anew in the next one."""
    open_plan(roof, a_charge(a_metric(roof)))
    created = roof.post(ALERTS, {"alert": an_alert()})["alert"]
    push(roof, "a", tokens=500)
    assert look(roof) == []

    push(roof, "b", tokens=600)
    (first,) = look(roof)
    assert values(first) == [("warn", "1000.0")]
    assert (first["previous_value"], first["current_value"]) == ("500.0", "1100.0")
    assert (first["lago_alert_id"], first["alert_code"]) == (created["lago_id"], "spend")
    assert first["external_customer_id"] == "acme"
    assert look(roof) == [first]

    push(roof, "c", tokens=-600)
    look(roof)
    push(roof, "d", tokens=700)
    assert look(roof) == [first]

    push(roof, "e", tokens=11_000)
    second = look(roof)[-1]
    assert values(second) == [("stop", "2000.0"), ("more", "7000.0"), ("more", "12000.0")]

    bill(roof, FEBRUARY + timedelta(days=33))
    assert len(look(roof)) == 2
    push(roof, "f", at=MARCH, tokens=1_500)
    assert values(look(roof)[2]) == [("warn", "1000.0")]
    shown = roof.get(f"{ALERTS}/spend")["alert"]
    assert (shown["previous_value"], shown["last_processed_at"]) == (
        "1500.0",
        "2026-03-06T05:00:00Z",
    )


def test_the_scheduler_tells(roof: Roof) -> None:
    """Nobody need ask: the job of a running house tells of a crossing, and is well."""
    open_plan(roof, a_charge(a_metric(roof)))
    roof.post(ALERTS, {"alert": an_alert()})
    push(roof, "a", tokens=1_000)
    roof.house.flusher.flush()
    roof.scheduler._run("alert", roof.scheduler._alert)

    assert [values(each) for each in told(roof)] == [[("warn", "1000.0")]]
    assert roof.scheduler.health["alert"].problem is None


def test_each_type_watches_its_own_number(roof: Roof) -> None:
    """Amount of all, amount and units of one metric, lifetime amount: each told by itself."""
    tokens = a_metric(roof, filters=[{"key": "region", "values": ["ca", "us"]}])
    one = {"values": {"region": ["ca"]}, "properties": {"amount": "1"}}
    calls = a_metric(roof, "calls")
    open_plan(roof, a_charge(tokens, filters=[one]), a_charge(calls, properties={"amount": "2"}))
    limit = [{"value": 900}]
    metric = {"billable_metric_code": "tokens", "thresholds": limit}
    roof.post(ALERTS, {"alerts": [
        an_alert("all", thresholds=limit),
        an_alert("amount", alert_type="billable_metric_current_usage_amount", **metric),
        an_alert("units", alert_type=UNITS, **metric),
        an_alert("life", alert_type="lifetime_usage_amount", thresholds=limit),
    ]})  # fmt: skip
    push(roof, "a", "calls", calls=2)
    push(roof, "b", tokens=5, region="ca")
    push(roof, "c", tokens=800)
    look(roof)
    assert {each["alert_code"]: each["current_value"] for each in told(roof)} == {
        "all": "1700.0", "life": "1700.0",
    }  # fmt: skip
    push(roof, "d", tokens=6, region="ca")
    push(roof, "e", tokens=100)
    look(roof)
    found = {each["alert_code"]: each for each in told(roof)}
    # Of one metric it is the largest fee, not their sum (Lago): 11 × 1.00, and 900 units.
    assert (found["amount"]["current_value"], found["units"]["current_value"]) == (
        "1100.0", "900.0",
    )  # fmt: skip
    assert found["units"]["billable_metric_code"] == "tokens"

    bill(roof)
    push(roof, "f", at=1_770_800_000, tokens=1_000)
    look(roof)
    codes = sorted(each["alert_code"] for each in told(roof))
    assert codes == ["all", "all", "amount", "amount", "life", "units", "units"]


def test_what_is_above_a_threshold_already_is_told_at_once(roof: Roof) -> None:
    """A new alert, or a changed one, is looked at without waiting for usage."""
    open_plan(roof, a_charge(a_metric(roof)))
    push(roof, "a", tokens=1_500)
    roof.post(ALERTS, {"alert": an_alert(thresholds=[{"value": 9_000}])})
    assert look(roof) == []
    ask(roof, "PUT", f"{ALERTS}/spend", {"alert": {"thresholds": [{"value": 1_600}]}})
    push(roof, "b", tokens=200)

    assert [each["crossed_thresholds"][0]["value"] for each in look(roof)] == ["1600.0"]
    roof.post(ALERTS, {"alert": an_alert("life", alert_type="lifetime_usage_amount")})
    assert [each["alert_code"] for each in look(roof)] == ["spend", "life"]


def test_an_alert_is_shown_listed_changed_and_deleted(roof: Roof) -> None:
    """The five calls give Lago's object; a deleted alert is gone, and its code is free."""
    open_plan(roof, a_charge(a_metric(roof)))
    created = roof.post(ALERTS, {"alert": an_alert()})["alert"]
    units = an_alert("units", alert_type=UNITS, billable_metric_code="tokens")
    roof.post(ALERTS, {"alerts": [units]})

    assert roof.get(f"{ALERTS}/spend")["alert"] == created
    assert created["thresholds"][2] == {"code": "more", "value": "5000.0", "recurring": True}
    assert (created["previous_value"], created["last_processed_at"]) == ("0.0", None)
    listed = roof.get(f"{ALERTS}?per_page=1")
    assert listed["meta"]["total_count"] == 2
    metric = roof.get(f"{ALERTS}/units")["alert"]["billable_metric"]
    assert metric["code"] == "tokens"
    status, changed = ask(roof, "PUT", f"{ALERTS}/spend", {"alert": {"code": "cost", "name": None}})
    assert (status, changed["alert"]["lago_id"]) == (200, created["lago_id"])
    assert (changed["alert"]["code"], changed["alert"]["name"]) == ("cost", None)
    assert ask(roof, "DELETE", f"{ALERTS}/cost")[1]["alert"]["code"] == "cost"
    assert ask(roof, "DELETE", f"{ALERTS}/cost")[1]["code"] == "alert_not_found"
    assert ask(roof, "DELETE", ALERTS) == (200, None)
    assert ask(roof, "DELETE", ALERTS) == (200, None)
    assert roof.get(ALERTS)["alerts"] == []
    roof.post(ALERTS, {"alert": an_alert()})


@pytest.mark.parametrize(
    ("asked", "details"),
    [
        (
            an_alert(alert_type=UNITS, billable_metric_code="tokens"),
            {"code": ["value_already_exist"]},
        ),
        (an_alert("other"), {"base": ["alert_already_exists"]}),
    ],
)
def test_code_and_number_are_taken_once(
    roof: Roof, asked: dict[str, object], details: dict[str, Any]
) -> None:
    """One alert a code, and one a type and metric, of a subscription (Lago)."""
    open_plan(roof, a_charge(a_metric(roof)))
    roof.post(ALERTS, {"alert": an_alert()})
    status, refusal = ask(roof, "POST", ALERTS, {"alert": asked})

    assert (status, refusal["error_details"]) == (422, details)
    status, refusal = ask(
        roof, "POST", ALERTS, {"alerts": [an_alert("new", alert_type="x"), asked]}
    )
    assert (status, sorted(refusal["error_details"])) == (422, ["0", "1"])
    assert [each["code"] for each in roof.get(ALERTS)["alerts"]] == ["spend"]


def test_what_is_not_there_is_404(roof: Roof) -> None:
    """An unknown subscription, or one in another state, and an unknown alert are 404."""
    open_plan(roof, a_charge(a_metric(roof)))
    for path in ("/subscriptions/none/alerts", f"{ALERTS}?subscription_status=pending"):
        for method in ("GET", "POST", "DELETE"):
            status, refusal = ask(roof, method, path, {"alert": an_alert()})
            assert (status, refusal["code"]) == (404, "subscription_not_found")
    for method in ("GET", "PUT", "DELETE"):
        status, refusal = ask(roof, method, f"{ALERTS}/none", {"alert": {"name": "x"}})
        assert (status, refusal["code"]) == (404, "alert_not_found")


def test_without_an_alert_a_look_reads_no_usage(
    roof: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nobody keeps an alert, neither the lake nor its marks are asked."""

    def nothing(*_words: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Lake, "mark", nothing)
    monkeypatch.setattr(alerting, "tell_alerts", nothing)
    assert look_at_alerts(roof.house, at=roof.clock(), holder="test") == 0


def test_usage_of_others_is_not_looked_at(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only alerts whose subscription got usage are looked at; for others no lake is asked."""
    open_plan(roof, a_charge(a_metric(roof)))
    roof.post(ALERTS, {"alert": an_alert()})
    look(roof)
    seen: list[int] = []
    readings = watched_usage.readings

    def counted(*words: Any) -> Any:  # noqa: ANN401 - handed through
        seen.append(len(words[3]))
        return readings(*words)

    monkeypatch.setattr(telling, "readings", counted)
    event = {"transaction_id": "x", "external_subscription_id": "other", "code": "tokens",
             "timestamp": 1_768_046_400, "properties": {"tokens": 1}}  # fmt: skip
    roof.post("/events", {"event": event})
    roof.house.flusher.flush()
    with monkeypatch.context() as unasked:
        for question in ("mark", "query", "rows"):
            unasked.setattr(Lake, question, None, raising=False)
        assert look_at_alerts(roof.house, at=roof.clock(), holder="test") == 0
    assert seen == []
    push(roof, "a", tokens=1)
    look(roof)
    assert seen == [1]


def test_looks_at_once_tell_once(roof: Roof) -> None:
    """However many look at the same time, each threshold is told once."""
    open_plan(roof, a_charge(a_metric(roof)))
    step = [{"value": 100, "recurring": True}]
    roof.post(ALERTS, {"alert": an_alert(thresholds=step)})
    for number in range(1, 6):
        push(roof, f"a{number}", tokens=100)
        roof.house.flusher.flush()
        with ThreadPoolExecutor(4) as looking:
            list(
                looking.map(
                    lambda _: look_at_alerts(roof.house, at=roof.clock(), holder="t"), "abcd"
                )
            )

    crossed = [value for each in told(roof) for _, value in values(each)]
    assert crossed == [f"{number}00.0" for number in range(1, 6)]


def test_one_failing_alert_stops_no_other(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be looked at is named, the others are told, and it is tried again."""
    open_plan(roof, a_charge(a_metric(roof)))
    roof.post(ALERTS, {"alert": an_alert("life", alert_type="lifetime_usage_amount")})
    roof.post(ALERTS, {"alert": an_alert()})
    push(roof, "a", tokens=1_000)

    def failing(*_words: object, **_named: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("rating.alerts.watched_usage.lifetime_usage", failing)
        with pytest.raises(ZeroDivisionError):
            look(roof)
        assert [each["alert_code"] for each in told(roof)] == ["spend"]
    assert [each["alert_code"] for each in look(roof)] == ["spend", "life"]


@pytest.mark.parametrize("seconds", [0, -1])
def test_looks_need_a_time_between(seconds: int) -> None:
    """Alerts may be looked at each second; no time at all is refused."""
    assert Settings(alert_seconds=1).alert_seconds == 1
    with pytest.raises(ValidationError, match="alert_seconds"):
        Settings(alert_seconds=seconds)
