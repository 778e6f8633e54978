"""Where a file or Odoo owns the catalogue, the API asks it and writes nothing into it."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from fusion_billing.app import create_app, create_front_door
from fusion_billing.cli import app
from fusion_billing.clock import TestClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.fusion_billing.conftest import OPENED_AT

CATALOG = """
service = "nexadesk"

[[metrics]]
code = "tokens"
name = "Tokens"
aggregation_type = "sum_agg"
field_name = "count"

[[plans]]
code = "team"
name = "Team"
interval = "monthly"
amount_cents = 4900
amount_currency = "CAD"
charges = [
  { metric = "tokens", charge_model = "standard", properties = { amount = "0.002" } },
]
"""
PLAN = {"plan": {"name": "x", "code": "x", "interval": "monthly", "amount_cents": 1}}
METRIC = {"billable_metric": {"name": "x", "code": "x", "aggregation_type": "count_agg"}}
TRIAL = {"expression": "1 + 1", "event": {"code": "x", "timestamp": 1, "properties": {}}}
WRITES: tuple[tuple[str, str, object], ...] = (
    ("POST", "/plans", PLAN),
    ("PUT", "/plans/team", PLAN),
    ("DELETE", "/plans/team", None),
    ("POST", "/plans/team/charges", {"charge": {}}),
    ("POST", "/billable_metrics", METRIC),
    ("PUT", "/billable_metrics/tokens", METRIC),
    ("DELETE", "/billable_metrics/tokens", None),
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a data folder whose catalogue a file owns, with a service and its key."""
    monkeypatch.setenv("FUSION_CATALOGUE_OWNER", "file")
    return tmp_path / "data"


def run(folder: Path, *words: str, exit_code: int = 0) -> str:
    """Run one verb on a data folder and return what it printed."""
    result = CliRunner().invoke(app, [*words, "--data-dir", str(folder)])
    assert result.exit_code == exit_code, result.output
    return result.output


def loaded(folder: Path, text: str, *more: str, exit_code: int = 0) -> dict[str, object]:
    """Load a catalogue's text and return what was told of it."""
    file = folder.parent / "catalog.toml"
    file.write_text(text, encoding="utf-8")
    told = run(folder, "catalog", "load", str(file), "--json", *more, exit_code=exit_code)
    return dict(json.loads(told))


FILTER = {"filter": {"values": {"model": ["large"]}, "properties": {"amount": "1"}}}
OF_ODOO = (*WRITES[4:], ("POST", "/plans/team/charges/tokens/filters", FILTER))


@pytest.mark.parametrize("owner", ["file", "odoo"])
def test_what_another_owns_the_api_does_not_write(tmp_path: Path, owner: str) -> None:
    """A write that is not the API's is a 405 with a code of its own; questions are answered."""
    key = json.loads(run(tmp_path, "service", "create", "nexadesk", "--json"))["api_key"]
    headers = {"Authorization": f"Bearer {key}"}
    settings = Settings(data_dir=tmp_path, catalogue_owner=owner, odoo_url="http://127.0.0.1:1")
    with opened_house(settings, TestClock(OPENED_AT)) as house:
        client = TestClient(create_front_door(create_app(house), house))
        for method, path, body in WRITES if owner == "file" else OF_ODOO:
            answer = client.request(method, f"/api/v1{path}", json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (
                405,
                f"catalogue_owned_by_{owner}",
            )
        foreign = client.post("/api/v1/plans", json=PLAN)
        asked = client.get("/api/v1/plans", headers=headers)
        tried = client.post(
            "/api/v1/billable_metrics/evaluate_expression", json=TRIAL, headers=headers
        )

    assert (foreign.status_code, asked.status_code, tried.status_code) == (401, 200, 200)


def test_plans_that_odoo_owns_are_not_written_without_it(tmp_path: Path) -> None:
    """While Odoo does not answer, a sound write is a 503, a faulty one a 422; nothing is kept."""
    key = json.loads(run(tmp_path, "service", "create", "nexadesk", "--json"))["api_key"]
    headers = {"Authorization": f"Bearer {key}"}
    settings = Settings(data_dir=tmp_path, catalogue_owner="odoo", odoo_url="http://127.0.0.1:1")
    sound = {"plan": PLAN["plan"] | {"amount_currency": "CAD"}}
    with opened_house(settings, TestClock(OPENED_AT)) as house:
        client = TestClient(create_front_door(create_app(house), house))
        unreached = client.post("/api/v1/plans", json=sound, headers=headers)
        faulty = client.post("/api/v1/plans", json=PLAN, headers=headers)
        foreign = client.post("/api/v1/plans", json=sound)
        missing = client.delete("/api/v1/plans/x", headers=headers)
        kept = client.get("/api/v1/plans", headers=headers).json()["plans"]

    assert (unreached.status_code, unreached.json()["code"]) == (503, "odoo_unreachable")
    assert unreached.headers["Retry-After"]
    assert (faulty.status_code, foreign.status_code, missing.status_code) == (422, 401, 404)
    assert kept == []


def test_a_file_is_loaded_once(folder: Path) -> None:
    """The first load keeps metric and plan; the same file again changes nothing."""
    run(folder, "service", "create", "nexadesk")
    foreseen = loaded(folder, CATALOG, "--dry-run")
    first = loaded(folder, CATALOG)
    again = loaded(folder, CATALOG)
    changed = loaded(folder, CATALOG.replace("0.002", "0.003"))

    assert [change["code"] for change in first["changes"]] == ["tokens", "team"]  # type: ignore[attr-defined]
    assert [change["code"] for change in foreseen["changes"]] == ["tokens", "team"]  # type: ignore[attr-defined]
    assert again["changes"] == []
    assert [(one["code"], one["version"]) for one in changed["changes"]] == [("team", 2)]  # type: ignore[attr-defined]


def test_a_plan_taken_out_of_the_file_is_deleted(folder: Path) -> None:
    """What the file brought and no longer has goes; metrics stay for usage that named them."""
    run(folder, "service", "create", "nexadesk")
    loaded(folder, CATALOG)
    told = loaded(folder, CATALOG[: CATALOG.index("[[plans]]")])

    assert [(one["verb"], one["code"]) for one in told["changes"]] == [("delete", "team")]  # type: ignore[attr-defined]


def test_a_wrong_file_is_told_by_place(folder: Path) -> None:
    """A fault is told with its place in the file; money as a number is one, and nothing is kept."""
    run(folder, "service", "create", "nexadesk")
    wrong = loaded(folder, CATALOG.replace('"0.002"', "0.002"), exit_code=1)
    unknown = loaded(folder, CATALOG.replace("amount =", "price ="), exit_code=1)

    assert [problem["source"] for problem in wrong["problems"]] == ["plans[0].charges[0]"]  # type: ignore[attr-defined]
    assert "invalid_amount" in wrong["problems"][0]["problem"]  # type: ignore[index]
    assert "price, which nobody knows" in unknown["problems"][0]["problem"]  # type: ignore[index]
    assert loaded(folder, CATALOG)["problems"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("service = ", "no TOML"),
        ("", "whose it is"),
        ('service = "nexadesk"\nplan = 1', "plan, which nobody knows"),
        ('service = "nexadesk"\nplans = 1', "plans is no list"),
        (CATALOG + CATALOG[CATALOG.index("[[plans]]") :], "team more than once"),
    ],
)
def test_what_is_no_catalogue_is_refused(folder: Path, text: str, words: str) -> None:
    """A file that is none as a whole is refused with what to write, and nothing is kept."""
    run(folder, "service", "create", "nexadesk")
    file = folder.parent / "catalog.toml"
    file.write_text(text, encoding="utf-8")
    boxed = run(folder, "catalog", "load", str(file), exit_code=2)

    assert words in " ".join(boxed.replace("│", " ").split())


def test_the_owner_must_be_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the API owns the catalogue a file may be tried and not loaded."""
    run(folder, "service", "create", "nexadesk")
    monkeypatch.setenv("FUSION_CATALOGUE_OWNER", "api")
    file = folder.parent / "catalog.toml"
    file.write_text(CATALOG, encoding="utf-8")

    assert "FUSION_CATALOGUE_OWNER" in run(folder, "catalog", "load", str(file), exit_code=2)
    assert len(loaded(folder, CATALOG, "--dry-run")["changes"]) == 2  # type: ignore[arg-type]


def test_odoo_as_owner_needs_an_odoo() -> None:
    """Settings that make Odoo the owner without naming one are refused."""
    with pytest.raises(ValueError, match="FUSION_ODOO_URL"):
        Settings(catalogue_owner="odoo")
