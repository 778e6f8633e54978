"""Whatever an app sends, the answer is one of Lago's, never a failure of ours."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.catalog.conftest import Caller
from tests.catalog.makers import (
    a_charge,
    a_customer,
    a_metric,
    a_plan,
    a_subscription,
    metric_id_of,
    priced,
)

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.floats(allow_nan=False),
    st.sampled_from(["0", "1.5", "", "percentage", "graduated", "monthly", "CAD", "2026-09-01"]),
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
BOUND_MEMBERS = ("from_value", "to_value", "flat_amount", "rate", "value", "options")
OPTION_NAMES = (
    "pay_in_advance", "prorated", "invoiceable", "regroup_paid_fees", "min_amount_cents",
)  # fmt: skip
BOUNDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("from_value", "to_value", "flat_amount", "rate", "value", "options"), SCALARS
    ),
)
PROPERTIES = st.dictionaries(
    st.sampled_from(
        ["amount", "rate", "package_size", "free_units", "graduated_ranges", "volume_ranges",
         "free_units_per_events", "included_quota", "per_transaction_min_amount",
         "graduated_percentage_ranges", "pricing_group_keys", "grouped_by",
         "presentation_group_keys"]
    ),
    ANYTHING | st.lists(BOUNDS, max_size=3),
)  # fmt: skip
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "filters": ANYTHING
        | st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "values": ANYTHING | st.just({"cloud": ["aws"]}),
                    "properties": PROPERTIES | st.just({"amount": "1"}) | ANYTHING,
                },
            ),
            max_size=3,
        ),
        **dict.fromkeys(OPTION_NAMES, ANYTHING),
    },
)
SANE = {
    "/billable_metrics": a_metric(
        recurring=False, weighted_interval=None, filters=[], expression=None
    ),
    "/customers": a_customer(name="a", email="a@b.ca", timezone="UTC", currency="CAD"),
    "/plans": a_plan(trial_period=0, minimum_commitment=None, bill_charges_monthly=None),
    "/subscriptions": a_subscription(subscription_at=None, ending_at=None, billing_time=None),
}
RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("path", SANE)
@RELAXED
@given(data=st.data())
def test_no_member_makes_a_failure(path: str, data: st.DataObject, caller: Caller) -> None:
    """Any value at any member of any noun is kept or refused at its field."""
    ((root, sane),) = SANE[path].items()
    name = data.draw(st.sampled_from(sorted(sane)))
    body = {root: {**sane, name: data.draw(ANYTHING)}}
    status = caller.http.post(
        f"/api/v1{path}", content=json.dumps(body), headers=caller.headers
    ).status_code

    assert status in (200, 400, 404, 422)


@RELAXED
@given(
    model=st.sampled_from(
        ["standard", "graduated", "package", "percentage", "volume", "graduated_percentage",
         "dynamic", "custom"]
    ),
    properties=PROPERTIES,
    options=OPTIONS,
)  # fmt: skip
def test_no_charge_makes_a_failure(
    model: str, properties: dict[str, object], options: dict[str, object], caller: Caller
) -> None:
    """Any properties and options of any model are kept, and then read back the same, or refused."""
    caller.http.request("DELETE", "/api/v1/plans/team", headers=caller.headers)
    listed = caller.get("/billable_metrics")["billable_metrics"]
    clouds = [{"key": "cloud", "values": ["aws", "gcp"]}]
    metric_id = listed[0]["lago_id"] if listed else metric_id_of(caller, filters=clouds)
    charge = a_charge(metric_id, charge_model=model, properties=properties)
    plan = a_plan({**charge, **options})
    answer = caller.http.post("/api/v1/plans", content=json.dumps(plan), headers=caller.headers)

    assert answer.status_code in (200, 400, 422)
    if answer.status_code == 200:
        assert caller.get("/plans/team") == answer.json()


@pytest.mark.parametrize("path", ["/customers", "/subscriptions"])
def test_calls_at_the_same_time_make_one_thing(path: str, caller: Caller) -> None:
    """Eight equal calls at once are answered 200 with the same object."""
    priced(caller)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: caller.post(path, SANE[path]), range(8)))

    (root,) = SANE[path]
    assert len({answer[root]["lago_id"] for answer in answers}) == 1
    assert caller.get(path)["meta"]["total_count"] == 1
