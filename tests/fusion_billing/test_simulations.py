"""Simulations over HTTP and from the command line: exact, complete, and without a trace."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner, Result

from catalog.store.services import find_service
from fusion_billing.cli import app
from fusion_billing.commands import rerate as command
from rating.bill_run import bill
from rating.simulation import routes as simulation_routes
from rating.simulation import simulation
from rating.simulation import work as simulation_work
from rating.simulation.simulation import SimulationLimits
from storage.lake_tables import REVISION, USAGE
from storage.state_schema import metadata
from tests.fusion_billing.simulation_world import (
    CHARGES,
    JANUARY_TO_APRIL,
    NOW,
    a_draft,
    build,
    doubled,
)
from tests.ingest.counter_caller import Caller, shared_house

runner = CliRunner()


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """Give the app of a service that sells everything."""
    with shared_house(tmp_path_factory.mktemp("simulations")) as shared:
        caller = shared.new_caller()
        build(caller)
        yield caller


def simulated(caller: Caller, plan: dict[str, Any], **changed: object) -> dict[str, Any]:
    """Return the report of a draft over January to March."""
    body = {"simulation": {**JANUARY_TO_APRIL, "plan": plan, **changed}}
    return dict(caller.ask("POST", "/simulations", body)["simulation"])


def refused(caller: Caller, status: int = 422, **changed: object) -> dict[str, Any]:
    """Return the refusal of a simulation."""
    body = {**JANUARY_TO_APRIL, "plan": a_draft(caller), **changed}
    return caller.ask("POST", "/simulations", {"simulation": body}, status)


def tallies(caller: Caller) -> dict[str, int]:
    """Return how many rows every table of state and lake has."""
    with caller.house.state.read() as connection:
        counts = {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }
    for table in (USAGE, REVISION):
        counts[table.full_name] = caller.house.lake.scan(table).select(pl.len()).collect().item()
    return counts


def test_a_plan_simulated_over_its_own_history_changes_nothing(caller: Caller) -> None:
    """Every account and every month differs by 0 under the plan that it has."""
    report = simulated(caller, a_draft(caller))

    assert len(report["rows"]) == 9
    assert {row["amount_cents_difference"] for row in report["rows"]} == {0}
    assert all(row["amount_cents_old"] > 0 for row in report["rows"])
    assert report["totals"][0]["accounts_paying_the_same"] == 3


def test_the_old_amount_is_what_a_bill_run_bills(caller: Caller) -> None:
    """Old amounts are the drafts' to the cent, account by account, all kinds of charges."""
    house = caller.house
    with house.state.read() as connection:
        service = find_service(connection, caller.service_code)
    assert service is not None
    run = bill(house.state, house.lake, house.flusher, service, at=NOW, dry_run=True)
    billed: dict[str, int] = defaultdict(int)
    for draft in run.drafts:
        billed[draft.account_external_id] += draft.amount_cents

    report = simulated(caller, a_draft(caller))

    shown = {one["external_customer_id"]: one["amount_cents_old"] for one in report["accounts"]}
    assert shown == billed


def test_doubled_prices_double_the_usage(caller: Caller) -> None:
    """Twice every price is twice the amount, up to half a cent and its double for each fee."""
    charges = [
        charge for charge in a_draft(caller)["charges"] if charge["charge_model"] != "dynamic"
    ]
    for charge in charges:
        charge.pop("min_amount_cents", None)
        charge["invoiceable"] = True
    plain = {"amount_cents": 0, "minimum_commitment": None, "trial_period": 0}
    once = simulated(caller, a_draft(caller, **plain, charges=charges))
    twice = simulated(caller, a_draft(caller, **plain, charges=doubled(charges)))

    def news(report: dict[str, Any]) -> dict[tuple[str, str], int]:
        return {
            (row["external_customer_id"], row["month"]): row["amount_cents_new"]
            for row in report["rows"]
        }

    events_in_advance = 2 * 16
    fees_max = len(CHARGES) + 4 + events_in_advance
    assert news(once).keys() == news(twice).keys()
    for name, cents in news(once).items():
        assert cents > 0
        assert abs(news(twice)[name] - 2 * cents) <= fees_max


def test_a_simulation_leaves_no_trace(caller: Caller) -> None:
    """No row is written anywhere: state and lake hold what they held."""
    caller.house.flusher.flush()
    before, snapshots = tallies(caller), caller.house.lake.snapshots()

    simulated(caller, a_draft(caller, amount_cents=9_900))

    assert tallies(caller) == before
    assert caller.house.lake.snapshots() == snapshots


def test_who_pays_more_comes_first(caller: Caller) -> None:
    """A flat fee instead of charges: rows and accounts lie by difference, sums agree."""
    draft = a_draft(
        caller, amount_cents=10_000, charges=[], minimum_commitment=None, trial_period=0
    )
    report = simulated(caller, draft)

    for part in ("rows", "accounts"):
        differences = [row["amount_cents_difference"] for row in report[part]]
        assert differences == sorted(differences, reverse=True)
        assert sum(differences) == report["totals"][0]["amount_cents_difference"]
    # Whole months; from the 10th on by anniversaries; 12 of 31 days, one whole, 12 of 31 days.
    news = {row["external_customer_id"]: row["amount_cents_new"] for row in report["accounts"]}
    assert news == {"acme": 30_000, "beta": 30_000, "gone": 3_871 + 10_000 + 3_871}


def test_a_draft_has_periods_of_its_own(caller: Caller) -> None:
    """A weekly draft is billed for the weeks that begin in the stretch, thirteen in a quarter."""
    draft = a_draft(
        caller, interval="weekly", amount_cents=700, charges=[], minimum_commitment=None,
        trial_period=0,
    )  # fmt: skip
    report = simulated(caller, draft)

    (acme,) = [row for row in report["accounts"] if row["external_customer_id"] == "acme"]
    # The first week is cut by the start on a Thursday: four of its days.
    assert acme["amount_cents_new"] == 400 + 13 * 700 - 700 + 700
    assert report["counts"]["periods_new"] > report["counts"]["periods_old"]


def test_when_a_fee_is_due_changes_no_sum(caller: Caller) -> None:
    """Paid in advance or in arrears, a period's fee is the same, for cut periods too."""
    arrears = simulated(caller, a_draft(caller, amount_cents=3_100))
    advance = simulated(caller, a_draft(caller, amount_cents=3_100, pay_in_advance=True))
    assert advance["rows"] == arrears["rows"]


def test_usage_of_a_year_is_billed_by_months(caller: Caller) -> None:
    """A yearly draft that closes usage monthly has its whole fee in the first month."""
    draft = a_draft(
        caller, interval="yearly", bill_charges_monthly=True, amount_cents=36_500, trial_period=0,
        minimum_commitment=None,
    )  # fmt: skip
    monthly = a_draft(caller, amount_cents=0, minimum_commitment=None)
    usage = {(row["external_customer_id"], row["month"]): row["amount_cents_new"]
             for row in simulated(caller, monthly)["rows"]}  # fmt: skip

    rows = simulated(caller, draft)["rows"]

    fees = {
        row["month"]: row["amount_cents_new"] - usage["acme", row["month"]]
        for row in rows
        if row["external_customer_id"] == "acme"
    }
    assert fees == {"2026-01-01": 36_500, "2026-02-01": 0, "2026-03-01": 0}


def test_half_a_correction_is_not_simulated(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a correction is unfinished the answer is to come back later."""
    monkeypatch.setattr(simulation, "settled_count", lambda *_: None)
    assert refused(caller, 503)["code"] == "correction_unfinished"


def test_currencies_are_never_added(caller: Caller) -> None:
    """A draft in another currency is told in rows of its own, next to the old ones."""
    report = simulated(caller, a_draft(caller, amount_currency="USD"))

    totals = {total["currency"]: total for total in report["totals"]}
    assert totals["CAD"]["amount_cents_new"] == totals["USD"]["amount_cents_old"] == 0
    assert totals["CAD"]["amount_cents_old"] == totals["USD"]["amount_cents_new"] > 0
    assert len(report["rows"]) == 18


def test_one_plan_can_be_chosen(caller: Caller) -> None:
    """Only subscriptions on the plan named are simulated; an unknown one is not found."""
    assert simulated(caller, a_draft(caller), plan_code="team")["counts"]["accounts"] == 3
    assert refused(caller, 404, plan_code="nobody")["code"] == "plan_not_found"


def test_a_faulty_draft_is_answered_like_a_faulty_plan(caller: Caller) -> None:
    """Faults of the draft have the codes and places that POST /plans gives them."""
    faulty = a_draft(caller, interval="daily")
    faulty["charges"][1]["charge_model"] = "auction"
    plan_answer = caller.ask("POST", "/plans", {"plan": faulty}, 422)
    assert refused(caller, plan=faulty) == plan_answer

    unknown = a_draft(caller)
    unknown["charges"][0]["billable_metric_id"] = "00000000-0000-0000-0000-000000000000"
    plan_answer = caller.ask("POST", "/plans", {"plan": unknown}, 404)
    assert refused(caller, 404, plan=unknown) == plan_answer


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"from": None}, {"from": ["value_is_mandatory"]}),
        ({"from": "January"}, {"from": ["invalid_date"]}),
        ({"from": "1999-12-31"}, {"from": ["invalid_date"]}),
        ({"to": 20260401}, {"to": ["invalid_date"]}),
        ({"to": "2026-01-01"}, {"to": ["value_is_invalid"]}),
        ({"plan": None}, {"plan": ["value_is_mandatory"]}),
        ({"plan": []}, {"plan": ["value_is_mandatory"]}),
        ({"plan": "team"}, {"plan": ["value_is_invalid"]}),
    ],
    ids=["no-from", "no-date", "too-old", "number", "empty-stretch", "no-plan", "list", "text"],
)
def test_what_is_asked_must_make_sense(
    caller: Caller, changed: dict[str, Any], faults: dict[str, list[str]]
) -> None:
    """A day that is none, an empty stretch or a missing plan is refused by name."""
    assert refused(caller, **changed)["error_details"] == faults


@pytest.mark.parametrize(("name", "count"), [("accounts", 3), ("months", 3), ("rows", 9)])
def test_a_simulation_has_limits(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, name: str, count: int
) -> None:
    """At a limit it answers; one past, it says what is too much, and how much is allowed."""

    def limits(most: int) -> SimulationLimits:
        sizes = {"accounts_max": 99, "months_max": 99, "rows_max": 99, f"{name}_max": most}
        return SimulationLimits(**sizes)

    monkeypatch.setattr(simulation_routes, "HTTP_LIMITS", limits(count))
    assert len(simulated(caller, a_draft(caller))["rows"]) == 9

    monkeypatch.setattr(simulation_routes, "HTTP_LIMITS", limits(count - 1))
    (words,) = refused(caller)["error_details"][name]
    assert words.startswith(f"{count} is more than {count - 1}")


def rerate(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, folder: Path, plan: object, *options: str
) -> Result:
    """Run the command on the open house."""
    monkeypatch.setattr(command, "opened_house", lambda *_: nullcontext(caller.house))
    file = folder / "draft.json"
    file.write_text(json.dumps({"plan": plan}))
    given = ["rerate", "--service", caller.service_code, "--plan", str(file)]
    return runner.invoke(app, [*given, "--from", "2026-01-01", "--to", "2026-04-01", *options])


def test_the_command_gives_the_same_report(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command's JSON is the route's answer; the table names who pays more."""
    draft = a_draft(caller, amount_cents=9_900)

    answered = rerate(caller, monkeypatch, tmp_path, draft, "--json")
    shown = rerate(caller, monkeypatch, tmp_path, draft)

    assert json.loads(answered.stdout) == simulated(caller, draft)
    assert "Who pays more, CAD" in shown.stdout
    assert "acme" in shown.stdout


def test_many_processes_give_the_same_report(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where a month is computed changes nothing of what it comes to."""
    draft = a_draft(caller, amount_cents=9_900)
    monkeypatch.setattr(simulation_work, "PERIODS_PER_PROCESS_MIN", 1)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})

    answered = rerate(caller, monkeypatch, tmp_path, draft, "--json")

    assert json.loads(answered.stdout) == simulated(caller, draft)


def test_every_row_goes_to_a_file(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The CSV has a line for each account and month, amounts in currency units."""
    file = tmp_path / "rows.csv"
    draft = a_draft(caller, amount_cents=9_900)
    assert rerate(caller, monkeypatch, tmp_path, draft, "--csv", str(file)).exit_code == 0

    header, *rows = list(csv.reader(file.read_text().splitlines()))
    report = simulated(caller, draft)
    assert header == ["account", "month", "currency", "old_amount", "new_amount", "difference"]
    assert [int(row[5].replace(".", "")) for row in rows] == [
        row["amount_cents_difference"] for row in report["rows"]
    ]


def test_the_command_says_what_is_wrong_with_a_draft(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A faulty file is refused with the faults by field."""
    answer = rerate(caller, monkeypatch, tmp_path, a_draft(caller, interval="daily"))
    assert isinstance(answer.exception, ValueError)
    assert '"interval": ["value_is_invalid"]' in str(answer.exception)


@pytest.mark.parametrize("text", ["no plan", "{}", '{"plan": []}'], ids=["text", "empty", "list"])
def test_a_file_without_a_plan_is_refused(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str
) -> None:
    """What is no plan in JSON is refused, with the file's name and what it should hold."""
    monkeypatch.setattr(Path, "read_bytes", lambda _: text.encode())
    answer = rerate(caller, monkeypatch, tmp_path, {})
    assert isinstance(answer.exception, ValueError)
    assert "draft.json: BadRequest" in str(answer.exception)
    assert 'write {"plan": {...}}' in str(answer.exception)
