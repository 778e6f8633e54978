"""Corrections over HTTP and from the command line: previewed, kept once, taken back."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.errors import NotFound
from fusion_billing.billing import bill_services
from fusion_billing.commands import corrections as commands
from ingest.corrections import applying
from rating.corrections import routes as correction_routes
from tests.fusion_billing.conftest import OPENED_AT
from tests.fusion_billing.makers import a_plan, a_push
from tests.ingest.counter_caller import Caller, SharedHouse, shared_house

SIGNED = {"author": "ann", "reason": "counted twice"}
JANUARY = {"timestamp_from": "2026-01-01T05:00:00Z", "timestamp_to": "2026-02-01T05:00:00Z"}
WINDOW = {"window_start": "2026-01-10T12:00:00Z", "window_end": "2026-01-10T13:00:00Z"}
runner = CliRunner()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHouse]:
    """Give an open house."""
    with shared_house(tmp_path_factory.mktemp("corrections")) as shared:
        yield shared


@pytest.fixture
def caller(shared: SharedHouse) -> Caller:
    """Give the app of a new service."""
    return a_seller(shared)


@pytest.fixture(scope="module")
def refused_caller(shared: SharedHouse) -> Caller:
    """Give the app of a service whose one event nobody ever manages to correct."""
    caller = a_seller(shared)
    push(caller, 100)
    return caller


def a_seller(shared: SharedHouse) -> Caller:
    """Return the app of a new service that sells tokens at a cent each."""
    caller = shared.new_caller()
    caller.add_metric()
    metric = caller.ask("GET", "/billable_metrics/tokens")["billable_metric"]
    caller.ask("POST", "/plans", {"plan": a_plan(metric["lago_id"], "0.01", 0)})
    order = {"external_customer_id": "acme", "plan_code": "team", "external_id": "acme-team"}
    caller.ask("POST", "/customers", {"customer": {"external_id": "acme"}})
    caller.ask("POST", "/subscriptions", {"subscription": order})
    return caller


def push(caller: Caller, *numbers: int, **changed: object) -> None:
    """Push events with so many tokens, named by their number."""
    events = [a_push(f"tx-{number}", number, **changed) for number in numbers]
    caller.ask("POST", "/events/batch", {"events": events})


def cents(caller: Caller) -> int:
    """Return what the open period costs now."""
    usage = caller.ask("GET", "/customers/acme/current_usage?external_subscription_id=acme-team")
    return int(usage["customer_usage"]["amount_cents"])


def one(number: int) -> dict[str, object]:
    """Return the selection of one event."""
    return {"external_subscription_id": "acme-team", "transaction_id": f"tx-{number}"}


def order(kind: str, selection: object, **more: object) -> dict[str, Any]:
    """Return the body of an order."""
    return {"correction": {"kind": kind, "selection": selection, **SIGNED, **more}}


def correct(caller: Caller, kind: str, selection: object, **more: object) -> dict[str, Any]:
    """Order a correction and return it."""
    answer = caller.ask("POST", "/corrections", order(kind, selection, **more))
    return dict(answer["correction"])


def preview(caller: Caller, kind: str, selection: object, **more: object) -> dict[str, Any]:
    """Return what a correction would change."""
    body = order(kind, selection, preview=True, **more)
    return dict(caller.ask("POST", "/corrections", body)["correction_preview"])


def refusal(caller: Caller, body: object, status: int = 422, path: str = "") -> dict[str, Any]:
    """Return the refusal of an order."""
    return caller.ask("POST", f"/corrections{path}", body, status)


def test_a_voided_event_counts_no_more(caller: Caller) -> None:
    """The preview says what the correction does, and only the correction does it."""
    push(caller, 100, 20)
    shown = preview(caller, "void", one(100))
    assert cents(caller) == 120

    done = correct(caller, "void", one(100))

    assert shown["totals"] == [{
        "currency": "CAD", "amount_cents_before": 120, "amount_cents_after": 20,
        "amount_cents_delta": -100,
    }]  # fmt: skip
    assert (done["status"], done["rows_total"], done["rows_done"]) == ("applied", 1, 1)
    assert cents(caller) == 20


def test_an_event_says_something_else(caller: Caller) -> None:
    """An amended event counts with its new number, at its own time."""
    push(caller, 100)
    correct(caller, "amend", one(100), changes={"value": "7.5"})
    assert cents(caller) == 8

    correct(caller, "amend", one(100), changes={"properties": {"tokens": 30, "region": "ca"}})
    assert cents(caller) == 30


def test_a_moved_event_counts_in_its_new_period(caller: Caller) -> None:
    """Moved beyond the period's end, an event leaves it; the preview shows both periods."""
    push(caller, 100)
    moved = {"timestamp": 1_770_000_000}

    shown = preview(caller, "amend", one(100), changes=moved)
    correct(caller, "amend", one(100), changes=moved)

    deltas = [period["amount_cents_delta"] for period in shown["periods"]]
    assert deltas == [-100, 100]
    assert cents(caller) == 0


def test_a_counter_window_is_voided_and_amended(caller: Caller) -> None:
    """A window is named by its fact id; its number may change, its name may not."""
    usage = {"transaction_id": "p", "external_subscription_id": "acme-team", "code": "tokens"}
    caller.ask("PUT", "/usage", {"usage": {**usage, "value": 50, **WINDOW}})
    listed = caller.ask("GET", "/usage/windows?external_subscription_id=acme-team&code=tokens")
    (window,) = listed["windows"]
    selection = {"external_subscription_id": "acme-team", "fact_id": window["fact_id"]}

    correct(caller, "amend", selection, changes={"value": 8})
    assert cents(caller) == 8
    refused = refusal(caller, order("amend", selection, changes={"code": "tokens"}))
    assert refused["error_details"] == {"changes": {"code": ["not_of_a_counter_window"]}}
    correct(caller, "void", selection)
    assert cents(caller) == 0


def test_new_events_take_the_place_of_old_ones(caller: Caller) -> None:
    """A replacement voids what it selects and takes in its events, also under the same ids."""
    push(caller, 1, 2, 3)
    events = [a_push("tx-1", 10), a_push("new", 5)]
    shown = preview(caller, "replace", JANUARY, events=events)

    done = correct(caller, "replace", JANUARY, events=events)

    assert cents(caller) == 15
    assert shown["totals"][0]["amount_cents_delta"] == 9
    assert shown["rows_total"] == done["rows_total"] == 5
    assert done["changes"] == {"events_count": 2}


def test_a_filter_narrows_by_all_it_says(caller: Caller) -> None:
    """Time, subscription, metric and properties all have to fit."""
    push(caller, 100, 200, properties={"tokens": 100, "region": "ca"})
    push(caller, 1)
    narrowed = {
        **JANUARY, "external_subscription_ids": ["acme-team"], "code": "tokens",
        "properties": {"region": "ca", "tokens": 100},
    }  # fmt: skip
    for other in (
        {"code": "calls"},
        {"external_subscription_ids": ["x"]},
        {"properties": {"a": 1}},
    ):
        refused = refusal(caller, order("void", narrowed | other))
        assert refused["error_details"] == {"selection": ["nothing_selected"]}

    assert correct(caller, "void", narrowed)["rows_total"] == 2
    assert cents(caller) == 1


def test_a_revert_brings_everything_back(caller: Caller) -> None:
    """After a revert the amount is as before; a second one is refused, a revert of it is not."""
    push(caller, 100, 20)
    done = correct(caller, "replace", JANUARY, events=[a_push("tx-20", 7), a_push("new", 1)])
    path = f"/corrections/{done['id']}"
    shown = caller.ask("POST", f"{path}/revert", {"correction": {**SIGNED, "preview": True}})
    assert cents(caller) == 8

    reverted = caller.ask("POST", f"{path}/revert", {"correction": SIGNED})["correction"]

    assert cents(caller) == 120
    assert shown["correction_preview"]["totals"][0]["amount_cents_delta"] == 112
    assert (reverted["kind"], reverted["reverts_id"]) == ("revert", done["id"])
    assert caller.ask("GET", path)["correction"]["status"] == "reverted"
    refused = refusal(caller, {"correction": SIGNED}, 405, f"/{done['id']}/revert")
    assert refused["code"] == "correction_already_reverted"
    refusal(caller, {"correction": SIGNED}, 200, f"/{reverted['id']}/revert")
    assert cents(caller) == 8
    assert caller.ask("GET", path)["correction"]["status"] == "applied"


def test_a_later_correction_stands_in_the_way(caller: Caller) -> None:
    """A correction is taken back only after those that came after it, from last to first."""
    push(caller, 100)
    first = correct(caller, "amend", one(100), changes={"value": "7"})
    second = correct(caller, "amend", one(100), changes={"value": "9"})

    refused = refusal(caller, {"correction": SIGNED}, 405, f"/{first['id']}/revert")
    assert refused["code"] == "corrected_again_since"
    assert refused["error_details"] == {"correction": [second["id"]]}
    for one_id, amount in ((second["id"], 7), (first["id"], 100)):
        refusal(caller, {"correction": SIGNED}, 200, f"/{one_id}/revert")
        assert cents(caller) == amount


def test_usage_of_another_service_is_not_there(shared: SharedHouse, caller: Caller) -> None:
    """Nobody corrects, sees or reverts what belongs to another service."""
    push(caller, 100)
    done = correct(caller, "amend", one(100), changes={"value": "7"})
    other = shared.new_caller()

    assert refusal(other, order("void", one(100)), 404)["code"] == "event_not_found"
    refusal(other, order("void", {**one(1), "fact_id": "w:"}), 422)
    window = {"external_subscription_id": "acme-team", "fact_id": "w:1:2:x"}
    assert refusal(other, order("void", window), 404)["code"] == "counter_window_not_found"
    refusal(other, order("void", JANUARY), 422)
    refusal(other, {"correction": SIGNED}, 404, f"/{done['id']}/revert")
    other.ask("GET", f"/corrections/{done['id']}", status=404)
    assert other.ask("GET", "/corrections")["meta"]["total_count"] == 0
    assert cents(caller) == 7


def test_a_replacement_touches_nothing_else(caller: Caller) -> None:
    """A new event with the id of usage that is not selected would make that vanish: refused."""
    push(caller, 100, 7)
    for kept in (one(7), {**JANUARY, "properties": {"tokens": 7}}):
        body = order("replace", kept, events=[a_push("new", 1), a_push("tx-100", 1)])
        assert refusal(caller, body)["error_details"] == {
            "events": {"1": {"transaction_id": ["value_already_exist"]}}
        }
    assert cents(caller) == 107


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"author": " "}, {"author": ["value_is_mandatory"]}),
        ({"reason": None}, {"reason": ["value_is_mandatory"]}),
        ({"reason": "x" * 1001}, {"reason": ["value_is_too_long"]}),
        ({"kind": "erase"}, {"kind": ["value_is_invalid"]}),
        ({"kind": ["void"]}, {"kind": ["value_is_invalid"]}),
        ({"selection": {}}, {"selection": ["value_is_mandatory"]}),
        ({"selection": {"code": "tokens"}}, {"selection": {
            "timestamp_from": ["value_is_mandatory"], "timestamp_to": ["value_is_mandatory"],
        }}),
        ({"events": []}, {"events": ["not_of_this_kind"]}),
        ({"changes": {"value": 1}}, {"changes": ["not_of_this_kind"]}),
        ({"preview": "yes"}, {"preview": ["value_is_invalid"]}),
        ({"hidden": 1}, {"hidden": ["value_is_invalid"]}),
    ],
)  # fmt: skip
def test_a_wrong_order_is_refused(
    refused_caller: Caller, changed: dict[str, object], faults: dict[str, object]
) -> None:
    """Who, why and what are asked for, and unknown words are no words."""
    body = {"correction": order("void", JANUARY)["correction"] | changed}

    assert refusal(refused_caller, body)["error_details"] == faults


@pytest.mark.parametrize(
    ("kind", "more", "faults"),
    [
        ("amend", {"changes": {"timestamp": 1}}, {"changes": {
            "timestamp": ["field_cannot_be_changed"],
        }}),
        ("amend", {"changes": {"properties": {"tokens": None}}}, {"rows": {
            "e:tx-100": ["missing_aggregation_property"],
        }}),
        ("amend", {"changes": {"code": "calls"}}, {"rows": {
            "e:tx-100": ["billable_metric_not_found"],
        }}),
        ("replace", {"events": []}, {"events": ["value_is_mandatory"]}),
        ("replace", {"events": [a_push("a"), a_push("a")]}, {"events": {
            "1": {"transaction_id": ["value_already_exist"]},
        }}),
        ("replace", {"events": [a_push("a", timestamp=None)]}, {"events": {
            "0": {"timestamp": ["value_is_mandatory"]},
        }}),
        ("replace", {"events": [a_push("a", properties={})]}, {"rows": {
            "e:a": ["missing_aggregation_property"],
        }}),
        ("replace", {"events": [1]}, {"events": {"0": {"row": ["invalid_format"]}}}),
    ],
)  # fmt: skip
def test_what_could_not_be_counted_is_refused_whole(
    refused_caller: Caller, kind: str, more: dict[str, object], faults: dict[str, object]
) -> None:
    """A correction whose rows can't all be counted writes none of them."""
    for is_preview in (True, False):
        body = order(kind, JANUARY, preview=is_preview, **more)
        assert refusal(refused_caller, body)["error_details"] == faults
    assert cents(refused_caller) == 100
    assert refused_caller.ask("GET", "/corrections")["corrections"] == []


def test_the_limit_points_to_the_command(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """One row above the limit is refused, the limit itself is not."""
    push(caller, 1, 2, 3)
    monkeypatch.setattr(correction_routes, "HTTP_ROWS_MAX", 2)
    details = refusal(caller, order("void", JANUARY))["error_details"]
    assert details["selection"] == ["too_many_rows"]
    assert "fusion-billing correct" in details["cure"]

    monkeypatch.setattr(correction_routes, "HTTP_ROWS_MAX", 3)
    assert correct(caller, "void", JANUARY)["rows_done"] == 3


def test_a_billed_period_is_named_with_its_draft(shared: SharedHouse, caller: Caller) -> None:
    """The preview says what was billed already; an unfinished correction lets no bill run pass."""
    push(caller, 100)
    february = OPENED_AT.replace(month=2, hour=6)
    (report,) = bill_services(shared.house, at=february, service_code=caller.service_code)

    (period,) = preview(caller, "void", one(100))["periods"]

    assert period["billed"] == report.drafts[0].id
    assert (period["period_start"], period["period_end"]) == (
        "2026-01-01T05:00:00Z", "2026-02-01T05:00:00Z",
    )  # fmt: skip


def test_nothing_is_billed_while_a_correction_is_unfinished(
    shared: SharedHouse, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a correction is never billed; the same order finishes it, another one is refused."""
    push(caller, 1, 2, 3)
    february = OPENED_AT.replace(month=2, hour=6)
    with monkeypatch.context() as patched:
        patched.setattr(applying, "finish", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            correct(caller, "void", JANUARY)
    (waiting,) = bill_services(shared.house, at=february, service_code=caller.service_code)
    assert refusal(caller, order("void", one(1)), 405)["code"] == "correction_in_progress"

    done = correct(caller, "void", JANUARY)
    (report,) = bill_services(shared.house, at=february, service_code=caller.service_code)

    assert (waiting.drafts, done["status"], done["rows_done"]) == ((), "applied", 3)
    assert report.amount_cents == 0
    assert caller.ask("GET", "/corrections")["meta"]["total_count"] == 1


def run(*words: str) -> Any:  # noqa: ANN401 - JSON
    """Run the command line and return what it prints for programs."""
    done = runner.invoke(commands.app, [*words, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_the_command_line_does_the_same(
    shared: SharedHouse, caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of events takes the place of a month, is previewed, listed, and taken back."""
    monkeypatch.setattr(commands, "opened_house", lambda *_: nullcontext(shared.house))
    file = tmp_path / "new.ndjson"
    file.write_text("".join(json.dumps(a_push(f"n{row}", row)) + "\n" for row in range(5)))
    push(caller, 100)
    service = ("--service", caller.service_code)
    signed = (*service, "--author", "ann", "--reason", "lost")
    month = ("--filter", "from=2026-01-01T05:00:00Z", "--filter", "to=2026-02-01T05:00:00Z")
    one_event = ("--event", "acme-team", "tx-100")

    amended = run("amend", *one_event, "--changes", '{"value": "50"}', *signed)
    shown = run("replace", "--file", str(file), *month, "--preview", *signed)
    replaced = run("replace", "--file", str(file), *month, *signed)
    listed = run("list", *service)
    reverted = run("revert", replaced["id"], *signed)
    voided = run("void", "--filter", "property.tokens=50", *month, *signed)

    assert shown["totals"][0]["amount_cents_delta"] == -40
    assert (replaced["rows_done"], replaced["changes"]["file"]["name"]) == (6, "new.ndjson")
    assert {one["id"] for one in listed} == {replaced["id"], amended["id"]}
    assert (reverted["rows_done"], voided["rows_done"]) == (6, 1)
    assert run("show", replaced["id"], *service)["status"] == "reverted"
    with pytest.raises(NotFound):
        run("show", "nothing", *service)
    assert runner.invoke(commands.app, ["void", *signed]).exit_code == 2
