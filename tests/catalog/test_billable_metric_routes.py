"""Billable metrics over HTTP: Lago's shapes, codes and manners."""

from datetime import timedelta

import pytest

from catalog.store.billable_metrics import metric_versions, metrics_by_code, metrics_by_id
from storage.state import State
from tests.catalog.conftest import START, Caller, Clock
from tests.catalog.makers import a_metric, metric_id_of, priced


def test_a_metric_comes_back_as_lago_shows_it(caller: Caller) -> None:
    """Creation answers Lago's object, member by member, and reading it says the same."""
    created = caller.post("/billable_metrics", a_metric(rounding_function="ceil"))
    metric = dict(created["billable_metric"])

    assert len(metric.pop("lago_id")) == 36
    assert metric == {
        "name": "Messages",
        "code": "messages",
        "description": None,
        "aggregation_type": "sum_agg",
        "weighted_interval": None,
        "counter_semantics": None,
        "recurring": False,
        "rounding_function": "ceil",
        "rounding_precision": None,
        "created_at": "2026-08-10T12:00:00Z",
        "field_name": "count",
        "expression": None,
        "filters": [],
        "active_subscriptions_count": 0,
        "draft_invoices_count": 0,
        "plans_count": 0,
    }
    assert caller.get("/billable_metrics/messages") == created


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"name": " "}, {"name": ["value_is_mandatory"]}),
        ({"code": None}, {"code": ["value_is_mandatory"]}),
        ({"code": "a/b"}, {"code": ["value_is_invalid"]}),
        ({"code": "x" * 256}, {"code": ["value_is_too_long"]}),
        ({"aggregation_type": None}, {"aggregation_type": ["value_is_mandatory"]}),
        ({"aggregation_type": "median"}, {"aggregation_type": ["value_is_invalid"]}),
        ({"aggregation_type": 1}, {"aggregation_type": ["value_is_invalid"]}),
        ({"field_name": None}, {"field_name": ["value_is_mandatory"]}),
        ({"recurring": "yes"}, {"recurring": ["value_is_invalid"]}),
        ({"rounding_function": "up"}, {"rounding_function": ["value_is_invalid"]}),
        ({"rounding_precision": 13}, {"rounding_precision": ["value_is_invalid"]}),
        ({"rounding_precision": 1.5}, {"rounding_precision": ["value_is_invalid"]}),
        ({"description": ["a"]}, {"description": ["value_is_invalid"]}),
    ],
)
def test_a_faulty_field_is_named_with_its_code(
    changed: dict[str, object], faults: dict[str, object], caller: Caller
) -> None:
    """Each fault is refused at its field and nothing is kept."""
    assert caller.faults("POST", "/billable_metrics", a_metric(**changed)) == faults
    assert caller.get("/billable_metrics")["meta"]["total_count"] == 0


def test_all_faulty_fields_are_named_at_once(caller: Caller) -> None:
    """Nobody has to send a metric five times to learn five faults."""
    body = {"billable_metric": {"recurring": True, "aggregation_type": "nonsense"}}

    assert sorted(caller.faults("POST", "/billable_metrics", body)) == [
        "aggregation_type", "code", "name", "recurring",
    ]  # fmt: skip


def test_empty_options_ask_for_nothing(caller: Caller) -> None:
    """Null and empty values of options are what Lago's clients always send."""
    body = a_metric(expression="", filters=[], recurring=False, weighted_interval=None)

    assert caller.post("/billable_metrics", body)["billable_metric"]["recurring"] is False


def test_a_counted_metric_has_no_field(caller: Caller) -> None:
    """count_agg forces field_name to null."""
    created = caller.post("/billable_metrics", a_metric(aggregation_type="count_agg"))

    assert created["billable_metric"]["field_name"] is None


def test_a_code_is_taken_once(caller: Caller) -> None:
    """A second metric under a kept code is refused."""
    metric_id_of(caller)

    taken = {"code": ["value_already_exist"]}
    assert caller.faults("POST", "/billable_metrics", a_metric()) == taken


def test_only_members_given_are_changed(caller: Caller) -> None:
    """PUT leaves what it does not name, and clears what it names null."""
    metric_id_of(caller, description="all of them", rounding_function="round")
    body = {"billable_metric": {"name": "Texts", "description": None}}
    changed = caller.put("/billable_metrics/messages", body)["billable_metric"]

    assert (changed["name"], changed["description"]) == ("Texts", None)
    assert (changed["code"], changed["rounding_function"]) == ("messages", "round")


@pytest.mark.parametrize(
    "changed", [{"code": "texts"}, {"aggregation_type": "max_agg"}, {"field_name": "total"}]
)
def test_what_a_priced_metric_counts_is_fixed(changed: dict[str, object], caller: Caller) -> None:
    """Usage of a running period was taken in by the old rule, so the rule can't change."""
    priced(caller)
    faults = caller.faults("PUT", "/billable_metrics/messages", {"billable_metric": changed})

    assert list(faults.values()) == [["used_by_a_plan"]]


def test_an_unpriced_metric_may_change_what_it_counts(caller: Caller) -> None:
    """Before any plan prices it, a metric can be mended freely."""
    metric_id_of(caller)
    body = {"billable_metric": {"code": "texts", "aggregation_type": "count_agg"}}
    changed = caller.put("/billable_metrics/messages", body)["billable_metric"]

    assert (changed["code"], changed["field_name"]) == ("texts", None)
    assert caller.get("/billable_metrics/messages", 404)["code"] == "billable_metric_not_found"


def test_a_deleted_metric_frees_its_code_and_stays_readable_inside(
    caller: Caller, state: State, clock: Clock
) -> None:
    """Deletion is soft: the API forgets the metric, the bill run does not."""
    first = metric_id_of(caller)
    caller.delete("/billable_metrics/messages")
    caller.get("/billable_metrics/messages", 404)
    clock.now += timedelta(hours=1)
    second = metric_id_of(caller)

    with state.read() as connection:
        assert metrics_by_id(connection, "nexadesk").keys() == {first, second}
        assert metrics_by_code(connection, "nexadesk")["messages"].id == second


def test_a_code_whose_metrics_are_all_deleted_names_the_last_one(
    caller: Caller, state: State
) -> None:
    """Usage that arrives late still finds what it was counted by."""
    metric_id = metric_id_of(caller)
    caller.delete("/billable_metrics/messages")

    with state.read() as connection:
        found = metrics_by_code(connection, "nexadesk")["messages"]
    assert (found.id, found.deleted_at) == (metric_id, START)


def test_a_change_is_a_version_and_a_repetition_is_none(
    caller: Caller, state: State, clock: Clock
) -> None:
    """Versions count changes, not calls."""
    metric_id = metric_id_of(caller)
    for _ in range(2):
        clock.now += timedelta(days=1)
        caller.put("/billable_metrics/messages", {"billable_metric": {"rounding_function": "ceil"}})

    with state.read() as connection:
        versions = metric_versions(connection, "nexadesk")[metric_id]
    assert [(one.version, one.valid_from) for one in versions] == [
        (1, START), (2, START + timedelta(days=1)),
    ]  # fmt: skip


def test_a_list_is_paged_as_lago_does(caller: Caller, clock: Clock) -> None:
    """Newest first, with Lago's meta; beyond the end the page is empty."""
    for number in range(5):
        clock.now += timedelta(minutes=1)
        metric_id_of(caller, code=f"m{number}")
    page = caller.get("/billable_metrics?page=2&per_page=2")

    assert [metric["code"] for metric in page["billable_metrics"]] == ["m2", "m1"]
    assert page["meta"] == {
        "current_page": 2, "next_page": 3, "prev_page": 1, "total_pages": 3, "total_count": 5,
    }  # fmt: skip
    last = caller.get("/billable_metrics?page=9&per_page=2")
    assert (last["billable_metrics"], last["meta"]["next_page"]) == ([], None)


def test_an_empty_list_has_page_zero(caller: Caller) -> None:
    """With no rows current_page and total_pages are 0 and both neighbours null."""
    assert caller.get("/billable_metrics") == {
        "billable_metrics": [],
        "meta": {
            "current_page": 0, "next_page": None, "prev_page": None, "total_pages": 0,
            "total_count": 0,
        },
    }  # fmt: skip


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=x", "per_page=0", "per_page=%C2%B2"])
def test_a_senseless_page_means_the_default(query: str, caller: Caller) -> None:
    """A list never fails for its page."""
    metric_id_of(caller)

    assert caller.get(f"/billable_metrics?{query}")["meta"]["total_count"] == 1


@pytest.mark.parametrize("size", ["1000", "1001", "9" * 400])
def test_a_page_has_at_most_a_thousand_rows(size: str, caller: Caller) -> None:
    """per_page is cut at its limit; a page of any number is answered."""
    metric_id_of(caller)
    answer = caller.get(f"/billable_metrics?page={'9' * 400}&per_page={size}")

    assert answer["meta"]["total_pages"] == 1
