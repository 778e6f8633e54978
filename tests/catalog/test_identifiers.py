"""Ids that apps choose stand in paths: what neither official client encodes is refused."""

from urllib.parse import quote

import pytest

from tests.catalog.conftest import Caller
from tests.catalog.makers import (
    Json,
    a_charge,
    a_customer,
    a_metric,
    a_plan,
    a_subscription,
    priced,
)

INVALID = ["value_is_invalid"]
UNFIT = pytest.mark.parametrize("text", ["a/b", "a?b", "a#b", "/", "a\nb", ".", ".."])
FIT = pytest.mark.parametrize("text", ["a b", "a%b", "ä:ö", "a+b@c.d", "(1)", "a&b=c", "...", "~"])
CREATED: dict[str, tuple[str, str]] = {
    "metric": ("/billable_metrics", "code"),
    "plan": ("/plans", "code"),
    "charge": ("/plans/team/charges", "code"),
    "customer": ("/customers", "external_id"),
    "subscription": ("/subscriptions", "external_id"),
    "account": ("/subscriptions", "external_customer_id"),
}
EVERY = pytest.mark.parametrize("thing", CREATED)


def a_body(caller: Caller, thing: str, text: str) -> Json:
    metric_id = caller.get("/billable_metrics/messages")["billable_metric"]["lago_id"]
    bodies: dict[str, Json] = {
        "metric": a_metric(code=text),
        "plan": a_plan(code=text),
        "charge": {"charge": a_charge(metric_id, code=text)},
        "customer": a_customer(text),
        "subscription": a_subscription(external_id=text),
        "account": a_subscription(external_customer_id=text),
    }
    return bodies[thing]


@EVERY
@UNFIT
def test_an_id_that_breaks_a_path_is_refused(thing: str, text: str, caller: Caller) -> None:
    """At creation, with Lago's code for a value that can't be, under its own field."""
    priced(caller)
    path, field = CREATED[thing]

    assert caller.faults("POST", path, a_body(caller, thing, text)) == {field: INVALID}


@UNFIT
def test_a_code_inside_a_plan_is_refused(text: str, caller: Caller) -> None:
    """A charge's code, too, wherever it is given; and a code changed later."""
    (charge,) = priced(caller)["charges"]
    body = a_plan(a_charge(charge["lago_billable_metric_id"], code=text), code="new")

    assert caller.faults("POST", "/plans", body)["code"] == INVALID
    body = {"charge": {"code": text}}
    assert caller.faults("PUT", "/plans/team/charges/messages", body)["code"] == INVALID
    for path, root in (("/plans/team", "plan"), ("/billable_metrics/messages", "billable_metric")):
        assert caller.faults("PUT", path, {root: {"code": text}})["code"][:1] == INVALID


@EVERY
@FIT
def test_any_other_id_is_taken_and_found(thing: str, text: str, caller: Caller) -> None:
    """What an HTTP library encodes is as good as letters."""
    priced(caller)
    path, _ = CREATED[thing]
    caller.post(path, a_body(caller, thing, text))
    shown = "/customers" if thing == "account" else path

    assert caller.get(f"{shown}/{quote(text, safe='')}")
