"""Quarantine over HTTP and from the command line: seen, replayed, mended, dismissed."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from catalog.errors import NotFound
from catalog.store import api_keys, services
from catalog.store.billable_metrics import add_metric
from fusion_billing.clock import SystemClock, TestClock
from fusion_billing.commands import quarantine
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from ingest.keeping import keep_rows
from storage.lake import LakeBusyError
from storage.lake_tables import USAGE
from tests.fusion_billing.conftest import OPENED_AT, Roof
from tests.fusion_billing.makers import a_push, a_service
from tests.ingest.makers import a_metric

SIGNED = {"author": "ada", "reason": "the app sent a wrong name"}
runner = CliRunner()


@pytest.fixture
def desk(roof: Roof) -> Roof:
    """Give the app with the metric tokens, and three events set aside."""
    create_metric(roof, "tokens")
    events = [
        a_push("a", code="calls", timestamp=1_768_046_400),
        a_push("b", properties={"token": 5, "model": "x"}),
        a_push("c"),
    ]
    roof.post("/events/batch", {"events": events})
    refused = {"event": a_push("c", properties={"tokens": 1})}
    assert roof.client.post("/api/v1/events", json=refused, headers=roof.headers).is_error
    return roof


def create_metric(roof: Roof, code: str) -> None:
    metric = {"name": code, "code": code, "aggregation_type": "sum_agg", "field_name": "tokens"}
    roof.post("/billable_metrics", {"billable_metric": metric})


def listed(desk: Roof, query: str = "") -> dict[str, dict[str, Any]]:
    """Return the listed rows by transaction id and reason."""
    rows = desk.get(f"/quarantine{query}")["quarantined_events"]
    return {f"{row['transaction_id']} {row['reason']}": row for row in rows}


def refusal(desk: Roof, path: str, asked: object, key: str = "") -> tuple[int, Any]:
    """Return status and details (else the code) of a post that is refused."""
    headers = {"Authorization": f"Bearer {key or desk.key}"}
    answer = desk.client.post(f"/api/v1/quarantine{path}", json=asked, headers=headers)
    body = answer.json()
    return answer.status_code, body.get("error_details", body.get("code"))


def usage(desk: Roof) -> dict[str, Any]:
    """Return the values in the lake by transaction id."""
    desk.house.flusher.flush()
    frame = desk.house.lake.scan(USAGE).collect()
    return dict(zip(frame["transaction_id"], frame["value"], strict=True))


def test_a_list_says_what_is_wrong_and_what_to_do(desk: Roof) -> None:
    """Each row has its problem and its next step, and the reasons are counted."""
    found = desk.get("/quarantine?per_page=2")
    rows = listed(desk)

    assert found["meta"]["total_count"] == 3
    assert found["meta"]["total_pages"] == 2
    assert len(found["quarantined_events"]) == 2
    assert found["counts_by_reason"] == {
        "billable_metric_not_found": 1,
        "missing_aggregation_property": 1,
        "value_already_exist": 1,
    }
    unknown = rows["a billable_metric_not_found"]
    assert "no billable metric had the code 'calls'" in unknown["problem"]
    assert unknown["next_step"].startswith("Create the billable metric 'calls', then replay")
    assert unknown["timestamp"] == "2026-01-10T12:00:00.000Z"
    lacking = rows["b missing_aggregation_property"]
    assert "lack 'tokens'" in lacking["problem"]
    assert lacking["properties"] == {"model": "x", "token": 5}
    assert (lacking["status"], lacking["resolution"]) == ("open", None)
    refused = rows["c value_already_exist"]
    assert {"refused_digest", "kept_digest"} == set(refused["details"])
    assert "id of its own" in refused["next_step"]


def test_a_list_is_narrowed_by_query(desk: Roof) -> None:
    """Reason, code, subscription and status narrow a list; a status nobody knows is refused."""
    assert list(listed(desk, "?code=calls")) == ["a billable_metric_not_found"]
    assert list(listed(desk, "?reason=value_already_exist")) == ["c value_already_exist"]
    assert len(listed(desk, "?external_subscription_id=acme-team&status=all")) == 3
    assert listed(desk, "?status=resolved") == {}
    answer = desk.client.get("/api/v1/quarantine?status=closed", headers=desk.headers)
    assert (answer.status_code, answer.json()["error_details"]) == (
        422,
        {"status": ["value_is_invalid"]},
    )


def test_a_replay_counts_what_became_countable(desk: Roof) -> None:
    """After the metric was created its rows say so, are replayed, and are open no more."""
    create_metric(desk, "calls")
    desk.clock.advance(OPENED_AT + timedelta(days=20))
    assert listed(desk)["a billable_metric_not_found"]["next_step"].startswith(
        "Its cause is mended"
    )

    done = desk.post("/quarantine/replay", {"quarantine": {"code": "calls"}})["replay"]

    assert done == {
        "replayed_count": 1, "still_faulty_count": 0, "still_faulty": {}, "is_complete": True,
    }  # fmt: skip
    assert set(usage(desk)) == {"a", "c"}
    (row,) = listed(desk, "?status=resolved").values()
    assert (row["next_step"], row["resolution"]["kind"]) == (None, "replayed")
    assert desk.get(f"/quarantine/{row['id']}")["quarantined_event"] == row
    assert "a billable_metric_not_found" not in listed(desk)


def test_a_mend_counts_the_changed_event(desk: Roof) -> None:
    """A mended event counts at once, and shows who changed what and why."""
    id_ = listed(desk)["b missing_aggregation_property"]["id"]
    path = f"/quarantine/{id_}/mend"
    wrong = {"changes": {"properties": {"tokens": "many"}}} | SIGNED

    assert refusal(desk, f"/{id_}/mend", {"quarantine": wrong}) == (
        422,
        {"properties": ["value_is_not_valid_number"]},
    )
    changes = {"properties": {"tokens": 5, "token": None}}
    row = desk.post(path, {"quarantine": {"changes": changes} | SIGNED})["quarantined_event"]

    assert (row["status"], row["resolution"]["author"]) == ("resolved", "ada")
    assert (row["resolution"]["changes"], row["resolution"]["kind"]) == (changes, "mended")
    assert usage(desk)["b"] == 5
    again = {"quarantine": {"changes": changes} | SIGNED}
    assert refusal(desk, f"/{id_}/mend", again) == (405, "quarantined_event_is_resolved")


def test_a_dismissed_event_is_kept_with_its_reason(desk: Roof) -> None:
    """A dismissal needs a signature, resolves the row, and deletes nothing."""
    id_ = listed(desk)["c value_already_exist"]["id"]
    assert refusal(desk, f"/{id_}/dismiss", {"quarantine": {"author": " "}}) == (
        422,
        {"author": ["value_is_mandatory"], "reason": ["value_is_mandatory"]},
    )

    row = desk.post(f"/quarantine/{id_}/dismiss", {"quarantine": SIGNED})["quarantined_event"]

    assert (row["status"], row["resolution"]["kind"]) == ("resolved", "dismissed")
    assert usage(desk)["c"] == 100
    assert len(listed(desk, "?status=all")) == 3


def test_senseless_requests_are_refused(desk: Roof) -> None:
    """Nothing is replayed by mistake: rows are named, and named rightly."""
    id_ = listed(desk)["c value_already_exist"]["id"]
    changes = {"changes": {"code": "tokens"}} | SIGNED
    for path, asked, expected in (
        ("/replay", {"quarantine": {}}, (400, None)),
        ("/replay", {"quarantine": {"resaon": "x"}}, (422, {"resaon": ["field_is_unknown"]})),
        ("/replay", {"quarantine": {"ids": []}}, (422, {"ids": ["value_is_invalid"]})),
        ("/replay", {"quarantine": {"ids": ["x"] * 1001}}, (422, {"ids": ["too_many_ids"]})),
        ("/replay", {"quarantine": {"code": 7}}, (422, {"code": ["value_is_invalid"]})),
        ("/replay", {"quarantine": {"ids": ["0-9-9"]}}, (404, "quarantined_event_not_found")),
        (f"/{id_}/mend", {"quarantine": changes}, (405, "refused_push_cannot_be_counted")),
        (f"/{id_}/mend", {"quarantine": SIGNED},
         (422, {"changes": ["value_is_mandatory"]})),
    ):  # fmt: skip
        assert refusal(desk, path, asked) == expected


def test_a_foreign_event_is_not_there(desk: Roof) -> None:
    """A service sees and touches its own rows and no others."""
    id_ = listed(desk)["b missing_aggregation_property"]["id"]
    with desk.house.state.write() as connection:
        other = replace(a_service(OPENED_AT), id="service-2", code="nexamaps")
        services.add_service(connection, other)
        _, key = api_keys.create_key(connection, "nexamaps", desk.house.pepper, OPENED_AT)

    answer = desk.client.get("/api/v1/quarantine", headers={"Authorization": f"Bearer {key}"})
    assert answer.json()["quarantined_events"] == []
    changes = {"changes": {"properties": {"tokens": 5}}} | SIGNED
    for path, asked in (
        (f"/{id_}/mend", changes),
        (f"/{id_}/dismiss", SIGNED),
        ("/replay", {"ids": [id_]}),
    ):
        refused = refusal(desk, path, {"quarantine": asked}, key)
        assert refused == (404, "quarantined_event_not_found")
    assert usage(desk) == {"c": 100}


def run(folder: Path, *words: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Run a verb of the command and return what it prints as JSON."""
    options = ["--service", "nexadesk", "--data-dir", str(folder), "--json"]
    result = runner.invoke(quarantine.app, [*words, *options])
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a house at rest: a metric, one event kept, three set aside."""
    raws = [a_push("a", code="calls"), a_push("b", properties={}), a_push("c")]
    metric = replace(a_metric(), valid_from=OPENED_AT, created_at=OPENED_AT)
    with opened_house(Settings(data_dir=tmp_path), TestClock(OPENED_AT)) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(OPENED_AT))
            add_metric(connection, metric)
        for batch in (raws, [a_push("c", properties={"tokens": 1})]):
            keep_rows(house.intake, "nexadesk", batch, OPENED_AT)
    return tmp_path


def test_the_command_line_lists_and_repairs(folder: Path) -> None:
    """The verbs do what the routes do, on a house at rest."""
    rows = run(folder, "list")["quarantined_events"]
    ids = {row["reason"]: row["id"] for row in rows}
    assert len(rows) == 3

    done = run(folder, "replay", "reason=billable_metric_not_found", code=1)
    assert done["still_faulty"] == {"billable_metric_not_found": 1}
    signed = ["--author", "ada", "--because", "it was misspelt"]
    changes = json.dumps({"code": "tokens"})
    row = ids["billable_metric_not_found"]
    assert run(folder, "mend", row, "--changes", changes, *signed)["mended_count"] == 1
    dismissed = run(folder, "dismiss", "reason=value_already_exist", *signed)
    assert dismissed == {"dismissed_count": 1}
    assert run(folder, "list", "all", "--status", "resolved")["meta"]["total_count"] == 2
    text = runner.invoke(
        quarantine.app, ["list", "--service", "nexadesk", "--data-dir", str(folder)]
    )
    assert "1 missing_aggregation_property" in text.stdout
    assert "Mend the property 'tokens'" in text.stdout


def test_an_unknown_service_is_refused(tmp_path: Path) -> None:
    """A verb for a service that is not there says so."""
    words = ["list", "--service", "nexadesk", "--data-dir", str(tmp_path)]
    assert isinstance(runner.invoke(quarantine.app, words).exception, NotFound)


def test_a_verb_without_rows_is_refused(tmp_path: Path) -> None:
    """Nothing is dismissed by a forgotten option; all rows are meant only where that is said."""
    for verb in ("replay", "mend", "dismiss"):
        words = [verb, "--service", "nexadesk", "--data-dir", str(tmp_path)]
        if verb != "replay":
            words += ["--author", "ada", "--because", "so"]
        if verb == "mend":
            words += ["--changes", "{}"]
        for rows in ([], ["resaon=x"], ["reason="], ["everything"]):
            assert runner.invoke(quarantine.app, [*words, *rows]).exit_code == 2


def test_a_running_service_is_asked_over_http(tmp_path: Path) -> None:
    """While a service runs on the folder, the command shows the call that does the same."""
    words = ["replay", "all", "--service", "nexadesk", "--data-dir", str(tmp_path)]
    with opened_house(Settings(data_dir=tmp_path), SystemClock()):
        result = runner.invoke(quarantine.app, words)

    assert isinstance(result.exception, LakeBusyError)
    assert "/api/billing/v1/quarantine/replay" in str(result.exception)
