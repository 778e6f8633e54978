"""Filters of charges over HTTP: values a metric declares, each with a price of its own."""

from typing import Any

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import a_charge, a_plan, metric_id_of

ALL = "__ALL_FILTER_VALUES__"
FILTERS = [
    {"key": "cloud", "values": ["aws", "gcp"]},
    {"key": "region", "values": ["ca", "us", "25"]},
]
AWS = {"values": {"cloud": ["aws"]}, "properties": {"amount": "0.08"}}


def a_filtered(metric_id: str, *filters: object, **changed: object) -> dict[str, Any]:
    return a_charge(metric_id, filters=list(filters), **changed)


def created(caller: Caller, *filters: object, **changed: object) -> dict[str, Any]:
    """Return the charge of a new plan with these filters."""
    metric_id = metric_id_of(caller, filters=FILTERS)
    plan = caller.post("/plans", a_plan(a_filtered(metric_id, *filters, **changed)))["plan"]
    charge: dict[str, Any] = plan["charges"][0]
    return charge


def changed(caller: Caller, charge: dict[str, Any], **members: object) -> dict[str, Any]:
    """Return the charge after a PUT of some members."""
    body = {"plan": {"charges": [{"id": charge["lago_id"], **members}]}}
    answered: dict[str, Any] = caller.put("/plans/team", body)["plan"]["charges"][0]
    return answered


def test_filters_come_back_as_lago_shows_them(caller: Caller) -> None:
    """Each has an id, its charge's code, its values as given, and properties of its own."""
    far = {
        "values": {"region": [25, "ca"], "cloud": [ALL]},
        "properties": {"amount": "0.5", "included_quota": "10.0", "grouped_by": ["user"]},
        "invoice_display_name": "Far away",
    }
    charge = created(caller, far, AWS)
    first, second = charge["filters"]

    assert (len(first.pop("lago_id")), len(second.pop("lago_id"))) == (36, 36)
    assert first == {
        "charge_code": "messages",
        "invoice_display_name": "Far away",
        "properties": {
            "amount": "0.5",
            "included_quota": "10.0",
            "pricing_group_keys": ["user"],
            "grouped_by": ["user"],
        },
        "values": {"region": ["25", "ca"], "cloud": [ALL]},
    }
    assert second == {"charge_code": "messages", "invoice_display_name": None, **AWS}
    assert charge["properties"] == {"amount": "0.10"}


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({"values": {}}, {"values": ["value_is_mandatory"]}),
        ({"values": None}, {"values": ["value_is_mandatory"]}),
        ({"values": {"cloud": []}}, {"values": ["value_is_mandatory"]}),
        ({"values": {"cloud": None}}, {"values": ["value_is_mandatory"]}),
        ({"values": ["aws"]}, {"values": ["value_is_invalid"]}),
        ({"values": {"cloud": "aws"}}, {"values": ["value_is_invalid"]}),
        ({"values": {"cloud": ["azure"]}}, {"values": ["value_is_invalid"]}),
        ({"values": {"cloud": ["aws", None]}}, {"values": ["value_is_invalid"]}),
        ({"values": {"cloud": [["aws"]]}}, {"values": ["value_is_invalid"]}),
        ({"values": {"cloud": [ALL, "aws"]}}, {"values": ["value_is_invalid"]}),
        ({"values": {"size": ["aws"]}}, {"values": ["value_is_invalid"]}),
        ({"values": {"size": [ALL]}}, {"values": ["value_is_invalid"]}),
        ({"properties": {}}, {"properties": ["invalid_amount"]}),
        ({"properties": None}, {"properties": ["invalid_amount"]}),
        ({"properties": [1]}, {"properties": ["value_is_invalid", "invalid_amount"]}),
        ({"properties": {"amount": 1}}, {"properties": ["invalid_amount"]}),
        (
            {"properties": {"amount": "1", "pricing_group_keys": "a"}},
            {"properties": ["invalid_type"]},
        ),
        ({"invoice_display_name": 1.5}, {"invoice_display_name": ["value_is_invalid"]}),
    ],
)
def test_a_faulty_filter_has_lagos_codes_and_its_index(
    given: dict[str, Any], faults: dict[str, Any], caller: Caller
) -> None:
    """Keys and values must be declared by the metric; a price is never understood."""
    metric_id = metric_id_of(caller, filters=FILTERS)
    plan = a_plan(a_filtered(metric_id, AWS, {**AWS, **given}))
    details = caller.faults("POST", "/plans", plan)

    assert details.pop("charges") == {"0": {**faults, "filters": {"1": faults}}}
    assert details == faults


@pytest.mark.parametrize("filters", [{"cloud": ["aws"]}, "aws", [AWS] * 201])
def test_filters_are_a_list_of_at_most_200(filters: object, caller: Caller) -> None:
    """Anything else is refused at the field."""
    charge = a_charge(metric_id_of(caller, filters=FILTERS), filters=filters)

    details = caller.faults("POST", "/plans", a_plan(charge))
    assert details["filters"] == ["value_is_invalid"]


def test_a_charge_takes_200_filters(caller: Caller) -> None:
    """The limit holds exactly, identical ones included: only the oldest counts, as on Lago."""
    assert len(created(caller, *[AWS] * 200)["filters"]) == 200


def test_filters_stay_until_others_are_given(caller: Caller) -> None:
    """Absent and null leave them, an empty list removes all."""
    charge = created(caller, AWS)

    assert changed(caller, charge, properties={"amount": "0.2"})["filters"] == charge["filters"]
    assert changed(caller, charge, filters=None)["filters"] == charge["filters"]
    assert changed(caller, charge, filters=[])["filters"] == []


def test_a_filter_with_the_same_values_stays_itself(caller: Caller) -> None:
    """It keeps its id and, as the older one, its place; its price is the new one."""
    charge = created(caller, AWS, {**AWS, "values": {"cloud": ["gcp", "aws"], "region": ["ca"]}})
    first, second = charge["filters"]
    gcp = {**AWS, "values": {"cloud": ["gcp"]}}
    same = {**AWS, "values": {"region": ["ca"], "cloud": ["aws", "gcp"]}}
    dearer = {**AWS, "properties": {"amount": "9"}}
    after = changed(caller, charge, filters=[gcp, same, dearer])["filters"]

    assert [one["lago_id"] for one in after[:2]] == [first["lago_id"], second["lago_id"]]
    assert after[0]["properties"] == {"amount": "9"}
    assert after[2]["values"] == {"cloud": ["gcp"]}
    assert after[2]["lago_id"] not in (first["lago_id"], second["lago_id"])


def test_another_model_needs_its_filters_again(caller: Caller) -> None:
    """A kept filter's price says nothing in another charge model."""
    charge = created(caller, AWS)
    package = {"amount": "1", "package_size": 10, "free_units": 0}
    member = {"id": charge["lago_id"], "charge_model": "package", "properties": package}
    details = caller.faults("PUT", "/plans/team", {"plan": {"charges": [member]}})
    repriced = {**AWS, "properties": package}

    assert details["filters"] == ["value_is_mandatory"]
    after = changed(caller, charge, charge_model="package", properties=package, filters=[repriced])
    assert after["filters"][0]["properties"] == package


def test_another_metric_must_declare_the_filters_kept(caller: Caller) -> None:
    """What the new metric does not declare would never match."""
    charge = created(caller, AWS, {**AWS, "values": {"cloud": [ALL]}})
    plain = metric_id_of(caller, code="plain")
    same = metric_id_of(caller, code="same", filters=FILTERS)
    member = {"id": charge["lago_id"], "billable_metric_id": plain}
    details = caller.faults("PUT", "/plans/team", {"plan": {"charges": [member]}})

    assert details["filters"] == ["value_is_invalid"]
    assert changed(caller, charge, billable_metric_id=same)["filters"] == charge["filters"]


def test_a_filter_needs_no_price_where_events_bring_it(caller: Caller) -> None:
    """A dynamic charge's filters have no properties."""
    bare = {"values": {"cloud": ["aws"]}}
    charge = created(caller, bare, charge_model="dynamic", properties={})

    assert charge["filters"][0]["properties"] == {}


def test_counters_refuse_filters_that_need_each_event(caller: Caller) -> None:
    """A filter's price is judged as the charge's own."""
    metric_id = metric_id_of(caller, filters=FILTERS, counter_semantics="delta")
    fixed = {**AWS, "properties": {"rate": "1", "fixed_amount": "1"}}
    charge = a_filtered(metric_id, fixed, charge_model="percentage", properties={"rate": "1"})

    details = caller.faults("POST", "/plans", a_plan(charge))
    assert details["properties"] == ["not_compatible_with_counter_semantics"]
