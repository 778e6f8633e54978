"""The filters of a charge one by one, on a plan and on a subscription."""

from typing import Any

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import Json, a_charge, a_plan, a_subscription, metric_id_of

FILTERS = [{"key": "cloud", "values": ["aws", "gcp"]}, {"key": "region", "values": ["ca", "us"]}]
AWS = {"values": {"cloud": ["aws"]}, "properties": {"amount": "0.08"}}
GCP = {"values": {"cloud": ["gcp"]}, "properties": {"amount": "0.07"}}
OF_PLAN = "/plans/team/charges/messages"
OF_SUBSCRIPTION = "/subscriptions/acme-team/charges/messages"
EITHER = pytest.mark.parametrize("place", [OF_PLAN, OF_SUBSCRIPTION])


@pytest.fixture(autouse=True)
def kept(caller: Caller) -> Json:
    """Give the filter of a plan's charge, to which acme is subscribed."""
    metric_id = metric_id_of(caller, filters=FILTERS)
    caller.post("/plans", a_plan(a_charge(metric_id, filters=[AWS])))
    caller.post("/subscriptions", a_subscription())
    (one,) = caller.get(f"{OF_PLAN}/filters")["filters"]
    return dict(one)


def filters_at(caller: Caller, place: str) -> list[Json]:
    return list(caller.get(f"{place}/filters")["filters"])


def put(caller: Caller, place: str, one: Json, **members: object) -> Json:
    answer = caller.put(f"{place}/filters/{one['lago_id']}", {"filter": members})
    return dict(answer["filter"])


@EITHER
def test_a_filter_is_the_one_its_charge_shows(place: str, caller: Caller, kept: Json) -> None:
    """Listed, shown, or inside the charge: one filter, one shape."""
    assert kept["values"] == AWS["values"]
    assert caller.get(f"{place}/filters/{kept['lago_id']}") == {"filter": kept}
    assert caller.get(place)["charge"]["filters"] == [kept]
    assert caller.get(f"{place}/filters?page=2")["filters"] == []


@EITHER
def test_an_added_filter_is_the_youngest(place: str, caller: Caller) -> None:
    """It stands behind those that were there."""
    body = {"filter": {**GCP, "invoice_display_name": "Google"}}
    added = caller.post(f"{place}/filters", body)["filter"]

    assert (added["values"], added["invoice_display_name"]) == (GCP["values"], "Google")
    assert [one["values"] for one in filters_at(caller, place)] == [AWS["values"], GCP["values"]]
    assert filters_at(caller, place)[1] == added


@EITHER
def test_a_put_changes_price_and_display_name(place: str, caller: Caller, kept: Json) -> None:
    """Members not given stay; its values may be sent again but not become others."""
    named = put(caller, place, kept, invoice_display_name="Amazon", values=AWS["values"])
    again = caller.get(f"{place}/filters/{named['lago_id']}")["filter"]
    priced = put(caller, place, again, properties={"amount": "9"})

    assert named["properties"] == kept["properties"]
    assert (priced["invoice_display_name"], priced["properties"]) == ("Amazon", {"amount": "9"})
    body = {"filter": {"values": GCP["values"]}}
    path = f"{place}/filters/{priced['lago_id']}"
    assert caller.faults("PUT", path, body) == {"values": ["value_is_invalid"]}


@EITHER
def test_a_deleted_filter_is_gone(place: str, caller: Caller, kept: Json) -> None:
    """The answer is the filter; the default bucket takes its usage from then on."""
    gone = caller.delete(f"{place}/filters/{kept['lago_id']}")["filter"]

    assert (gone["values"], filters_at(caller, place)) == (kept["values"], [])
    assert caller.delete(f"{place}/filters/{kept['lago_id']}", 404)["code"] == (
        "charge_filter_not_found"
    )


@EITHER
@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"properties": {"amount": "1"}}, {"values": ["value_is_mandatory"]}),
        ({"values": {"cloud": []}, "properties": {"amount": "1"}},
         {"values": ["value_is_mandatory"]}),
        ({**GCP, "values": {"cloud": ["ibm"]}}, {"values": ["value_is_invalid"]}),
        ({"values": GCP["values"]}, {"properties": ["invalid_amount"]}),
        (AWS, {"values": ["value_already_exists"]}),
    ],
)  # fmt: skip
def test_a_faulty_filter_is_refused(
    place: str, body: dict[str, Any], faults: Json, caller: Caller, kept: Json
) -> None:
    """Values the metric declares, each combination once, and a price; nothing is kept."""
    assert caller.faults("POST", f"{place}/filters", {"filter": body}) == faults
    assert filters_at(caller, place) == [kept]
    assert caller.get("/subscriptions/acme-team")["subscription"]["plan"]["parent_id"] is None


def test_a_charge_takes_200_filters_and_no_more(caller: Caller) -> None:
    """The limit of a whole charge holds one by one, too."""
    every = [
        {"values": {"cloud": ["aws"]}, "properties": {"amount": str(number)}}
        for number in range(200)
    ]
    caller.put(OF_PLAN, {"charge": {"filters": every}})

    faults = caller.faults("POST", f"{OF_PLAN}/filters", {"filter": GCP})
    assert faults == {"filters": ["value_is_invalid"]}


def test_a_filter_of_a_subscription_is_its_own(caller: Caller, kept: Json) -> None:
    """The plan keeps its price, and the id under the plan still names the override's filter."""
    changed = put(caller, OF_SUBSCRIPTION, kept, properties={"amount": "0.01"})

    assert changed["lago_id"] != kept["lago_id"]
    assert filters_at(caller, OF_PLAN) == [kept]
    assert filters_at(caller, OF_SUBSCRIPTION) == [changed]
    again = put(caller, OF_SUBSCRIPTION, changed, properties={"amount": "0.02"})
    assert again["lago_id"] == changed["lago_id"]


@EITHER
def test_what_is_not_there_is_named(place: str, caller: Caller) -> None:
    """Charge before filter."""
    other = place.replace("messages", "nobody")

    assert caller.get(f"{other}/filters", 404)["code"] == "charge_not_found"
    assert caller.get(f"{place}/filters/nobody", 404)["code"] == "charge_filter_not_found"
