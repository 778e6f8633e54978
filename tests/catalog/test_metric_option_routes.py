"""Recurring and weighted metrics, filters and expressions over HTTP, with Lago's codes."""

from datetime import timedelta

import pytest

from catalog.store.billable_metrics import metric_versions
from storage.state import State
from tests.catalog.conftest import Caller, Clock
from tests.catalog.makers import a_charge, a_metric, a_plan, metric_id_of, priced

CLOUDS = {"key": "cloud", "values": ["aws", "gcp"]}
REGIONS = {"key": "region", "values": ["ca", "us"]}


@pytest.mark.parametrize("kind", ["sum_agg", "unique_count_agg", "weighted_sum_agg"])
def test_a_sum_of_all_times_may_recur(kind: str, caller: Caller) -> None:
    """Sums, weighted sums and unique counts keep what they were over a period's end."""
    interval = "seconds" if kind == "weighted_sum_agg" else None
    body = a_metric(aggregation_type=kind, recurring=True, weighted_interval=interval)
    created = caller.post("/billable_metrics", body)["billable_metric"]

    assert (created["recurring"], created["weighted_interval"]) == (True, interval)
    assert caller.get("/billable_metrics/messages")["billable_metric"] == created


@pytest.mark.parametrize("kind", ["count_agg", "max_agg", "latest_agg"])
def test_other_aggregations_do_not_recur(kind: str, caller: Caller) -> None:
    """Lago's code says that both do not go together."""
    body = a_metric(aggregation_type=kind, recurring=True)

    assert caller.faults("POST", "/billable_metrics", body) == {
        "recurring": ["not_compatible_with_aggregation_type"]
    }


def test_a_recurring_metric_cannot_become_one_that_does_not_recur(caller: Caller) -> None:
    """Members not given are checked against those given."""
    metric_id_of(caller, recurring=True)
    body = {"billable_metric": {"aggregation_type": "max_agg"}}

    assert caller.faults("PUT", "/billable_metrics/messages", body) == {
        "recurring": ["not_compatible_with_aggregation_type"]
    }


@pytest.mark.parametrize("interval", [None, "", "hours", 5])
def test_a_weighted_sum_needs_its_interval(interval: object, caller: Caller) -> None:
    """Seconds are the only interval, and it must be named."""
    body = a_metric(aggregation_type="weighted_sum_agg", weighted_interval=interval)

    assert caller.faults("POST", "/billable_metrics", body) == {
        "weighted_interval": ["value_is_invalid"]
    }


def test_a_weighted_sum_keeps_its_interval(caller: Caller) -> None:
    """A PUT that does not name the interval leaves it; a metric that becomes one must name it."""
    metric_id_of(caller, aggregation_type="weighted_sum_agg", weighted_interval="seconds")
    metric_id_of(caller, code="other")
    named = {"billable_metric": {"name": "Weighted"}}
    becomes = {"billable_metric": {"aggregation_type": "weighted_sum_agg"}}

    changed = caller.put("/billable_metrics/messages", named)["billable_metric"]
    assert changed["weighted_interval"] == "seconds"
    faults = caller.faults("PUT", "/billable_metrics/other", becomes)
    assert faults == {"weighted_interval": ["value_is_invalid"]}


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_custom_aggregation_is_forbidden(method: str, caller: Caller) -> None:
    """Lago answers feature_unavailable unless a program of one's own is allowed."""
    metric_id_of(caller)
    path = "/billable_metrics" if method == "POST" else "/billable_metrics/messages"
    refusal = caller.ask(method, path, 403, a_metric(aggregation_type="custom_agg"))

    assert (refusal["error"], refusal["code"]) == ("Forbidden", "feature_unavailable")
    assert "expression" in refusal["error_details"]["aggregation_type"][0]


def test_filters_are_echoed_by_key(caller: Caller, state: State) -> None:
    """Values keep their order and are there once; whole numbers are their digits."""
    steps = {"key": "step", "values": [25, "50", "25"]}
    body = a_metric(filters=[steps, REGIONS, CLOUDS])
    created = caller.post("/billable_metrics", body)["billable_metric"]

    assert created["filters"] == [CLOUDS, REGIONS, {"key": "step", "values": ["25", "50"]}]
    assert caller.get("/billable_metrics/messages")["billable_metric"] == created
    with state.read() as connection:
        ((version,),) = metric_versions(connection, "nexadesk").values()
    assert version.filters[0].values == ("aws", "gcp")


@pytest.mark.parametrize(
    ("filters", "faults"),
    [
        ([{"key": "", "values": ["a"]}], {"key": ["value_is_mandatory"]}),
        ([{"values": ["a"]}], {"key": ["value_is_mandatory"]}),
        ([{"key": "x" * 256, "values": ["a"]}], {"key": ["value_is_too_long"]}),
        ([{"key": "a"}], {"values": ["value_is_mandatory"]}),
        ([{"key": "a", "values": []}], {"values": ["value_is_mandatory"]}),
        ([{"key": "a", "values": "b"}], {"values": ["value_is_invalid"]}),
        ([{"key": "a", "values": [" "]}], {"values": ["value_is_invalid"]}),
        ([{"key": "a", "values": [None]}], {"values": ["value_is_invalid"]}),
        ([{"key": "a", "values": ["__ALL_FILTER_VALUES__"]}], {"values": ["value_is_invalid"]}),
        ([{"key": "a", "values": ["x" * 256]}], {"values": ["value_is_too_long"]}),
        ([CLOUDS, CLOUDS], {"key": ["value_is_duplicated"]}),
        (["a"], {"key": ["value_is_mandatory"], "values": ["value_is_mandatory"]}),
        ({"cloud": ["aws"]}, {"filters": ["value_is_invalid"]}),
    ],
)
def test_faulty_filters_have_lagos_codes(
    filters: object, faults: dict[str, object], caller: Caller
) -> None:
    """A filter needs a key of its own and values, each a text."""
    assert caller.faults("POST", "/billable_metrics", a_metric(filters=filters)) == faults


@pytest.mark.parametrize(("keys", "values", "status"), [(50, 1, 200), (51, 1, 422), (1, 1000, 200),
                                                        (1, 1001, 422)])  # fmt: skip
def test_filters_have_their_limits(keys: int, values: int, status: int, caller: Caller) -> None:
    """The limits hold exactly."""
    texts = [str(number) for number in range(values)]
    filters = [{"key": f"k{number}", "values": texts} for number in range(keys)]

    caller.post("/billable_metrics", a_metric(filters=filters), status)


def test_filters_change_freely_until_a_plan_prices_the_metric(caller: Caller) -> None:
    """Absent and null leave them, an empty list removes all."""
    metric_id_of(caller, filters=[CLOUDS])
    for given, kept in (({}, [CLOUDS]), ({"filters": None}, [CLOUDS]), ({"filters": []}, [])):
        changed = caller.put(
            "/billable_metrics/messages", {"billable_metric": {"name": "T", **given}}
        )
        assert changed["billable_metric"]["filters"] == kept


def test_filters_of_a_priced_metric_only_grow(caller: Caller, state: State, clock: Clock) -> None:
    """A value that charges may name stays declared; a new one makes a version."""
    metric_id = metric_id_of(caller, filters=[CLOUDS])
    caller.post("/plans", a_plan(a_charge(metric_id)))
    clock.now += timedelta(days=1)
    for fewer in ([], [REGIONS], [{"key": "cloud", "values": ["aws"]}]):
        body = {"billable_metric": {"filters": fewer}}
        faults = caller.faults("PUT", "/billable_metrics/messages", body)
        assert faults == {"filters": ["used_by_a_plan"]}
    more = [{"key": "cloud", "values": ["aws", "azure", "gcp"]}, REGIONS]
    changed = caller.put("/billable_metrics/messages", {"billable_metric": {"filters": more}})

    assert changed["billable_metric"]["filters"] == more
    with state.read() as connection:
        assert len(metric_versions(connection, "nexadesk")[metric_id]) == 2


def test_an_expression_is_echoed(caller: Caller) -> None:
    """What was written comes back; blank is none."""
    expression = "round(event.properties.seconds / 60, 2)"
    created = caller.post("/billable_metrics", a_metric(expression=expression))["billable_metric"]
    cleared = caller.put("/billable_metrics/messages", {"billable_metric": {"expression": " "}})

    assert created["expression"] == expression
    assert cleared["billable_metric"]["expression"] is None


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"expression": "1 +"}, "invalid_expression"),
        ({"expression": "(" * 33 + "1" + ")" * 33}, "invalid_expression"),
        ({"expression": "1" * 4097}, "value_is_too_long"),
        ({"expression": ["1"]}, "value_is_invalid"),
        (
            {"expression": "1", "aggregation_type": "count_agg"},
            "not_compatible_with_aggregation_type",
        ),
    ],
)
def test_an_expression_that_cannot_be_read_is_refused(
    changed: dict[str, object], code: str, caller: Caller
) -> None:
    """A metric never keeps an expression it can't evaluate or has no use for."""
    body = a_metric(**changed)

    assert caller.faults("POST", "/billable_metrics", body) == {"expression": [code]}


@pytest.mark.parametrize("changed", [{"recurring": True}, {"expression": "1 + 1"}])
def test_what_a_priced_metric_counts_is_fixed(changed: dict[str, object], caller: Caller) -> None:
    """Recurrence and expression decide what usage is worth, as the field does."""
    priced(caller)
    faults = caller.faults("PUT", "/billable_metrics/messages", {"billable_metric": changed})

    assert list(faults.values()) == [["used_by_a_plan"]]


TRIAL = {
    "expression": "round(event.properties.value * event.properties.units)",
    "event": {
        "code": "test_code",
        "timestamp": 1_741_000_000,
        "properties": {"value": 10.4, "units": "2"},
    },
}
EVALUATE = "/billable_metrics/evaluate_expression"


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ({}, "21.0"),
        ({"expression": "concat(event.code, '-', event.timestamp)"}, "test_code-1741000000"),
        ({"expression": "0.1 * 3", "event": None}, "0.3"),
        ({"expression": "event.timestamp", "event": {}}, "1786363200.0"),
        ({"expression": "event.timestamp", "event": {"timestamp": "12.9"}}, "12.0"),
        ({"expression": "event.code", "event": {"code": 7, "properties": None}}, "7"),
    ],
)
def test_an_expression_can_be_tried(changed: dict[str, object], value: str, caller: Caller) -> None:
    """Lago's answer: numbers are text with a decimal, and no timestamp means now."""
    assert caller.post(EVALUATE, TRIAL | changed) == {"expression_result": {"value": value}}


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"expression": None}, {"expression": ["value_is_mandatory"]}),
        ({"expression": " "}, {"expression": ["value_is_mandatory"]}),
        ({"expression": "invalid_expression"}, {"expression": ["invalid_expression"]}),
        ({"expression": 5}, {"expression": ["invalid_expression"]}),
        ({"event": "e"}, {"event": ["invalid_event"]}),
        ({"event": {"properties": [1]}}, {"event": ["invalid_event"]}),
        ({"event": {"timestamp": "now"}}, {"event": ["invalid_event"]}),
        ({"event": None}, {"event": ["invalid_event", "missing_property:value"]}),
        (
            {"event": {"properties": {"value": "x", "units": 2}}},
            {"event": ["invalid_event", "not_a_number"]},
        ),
        ({"expression": "1 / 0"}, {"event": ["invalid_event", "division_by_zero"]}),
    ],
)
def test_a_failed_trial_has_lagos_code_and_says_why(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """The expression is wrong, or the event does not fit it."""
    assert caller.faults("POST", EVALUATE, TRIAL | changed) == faults


def test_a_trial_without_a_body_lacks_its_expression(caller: Caller) -> None:
    """Lago's Python client sends none; the answer is Lago's, and nobody's failure."""
    answer = caller.http.post(f"/api/v1{EVALUATE}", headers=caller.headers)
    stranger = caller.http.post(f"/api/v1{EVALUATE}", json=TRIAL)

    assert answer.json()["error_details"] == {"expression": ["value_is_mandatory"]}
    assert (answer.status_code, stranger.status_code) == (422, 401)
