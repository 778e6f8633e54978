"""The command line does what it says, prints JSON for programs, and refuses in one line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fusion_billing.cli import app, main
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from tests.shared_files import shared_file

runner = CliRunner()


def run(folder: Path, *words: str, exit_code: int = 0) -> str:
    """Run one verb on a data folder and return what it printed."""
    result = runner.invoke(app, [*words, "--data-dir", str(folder)])
    assert result.exit_code == exit_code, result.output
    return result.stdout


def test_a_service_gets_a_key_once(tmp_path: Path) -> None:
    """Creating a service prints its key; listing and showing never do."""
    created = json.loads(run(tmp_path, "service", "create", "nexadesk", "--json"))
    shown = run(tmp_path, "service", "show", "nexadesk") + run(tmp_path, "service", "list")

    assert created["api_key"].startswith("fb_live_")
    assert created["api_key"] not in shown
    assert json.loads(run(tmp_path, "service", "list", "--json"))[0]["code"] == "nexadesk"


def test_a_key_is_made_and_revoked(tmp_path: Path) -> None:
    """A revoked key is gone at once, and can't be revoked twice."""
    run(tmp_path, "service", "create", "nexadesk")
    public_id = json.loads(run(tmp_path, "key", "create", "nexadesk", "--json"))["public_id"]

    assert "revoked" in run(tmp_path, "key", "revoke", "nexadesk", public_id)
    result = runner.invoke(
        app, ["key", "revoke", "nexadesk", public_id, "--data-dir", str(tmp_path)]
    )
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "words",
    [
        ("service", "create", "Nexa Desk"),
        ("service", "create", "nexadesk", "--timezone", "Toronto"),
        ("service", "create", "nexadesk", "--currency", "cad"),
        ("bill", "--at", "tomorrow"),
        ("odoo", "check"),
        ("odoo", "sync", "--parked", "--dry-run"),
    ],
)
def test_wrong_words_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A value nobody can use ends with exit code 2 and keeps nothing."""
    run(tmp_path, *words, exit_code=2)

    assert run(tmp_path, "service", "list", "--json").strip() == "[]"


def test_a_cost_file_is_imported_once(tmp_path: Path) -> None:
    """The FOCUS sample needs a rate for its dollars, and comes in once."""
    file = str(shared_file("data/focus_1_0_sample.csv"))

    refused = run(tmp_path, "import", "costs", file, exit_code=1)
    first = json.loads(run(tmp_path, "import", "costs", file, "--rate", "USD=1.395", "--json"))
    second = json.loads(run(tmp_path, "import", "costs", file, "--rate", "USD=1.395", "--json"))

    assert "USD" in refused
    assert (first["rows"], first["already_imported"]) == (1000, False)
    assert (second["rows"], second["already_imported"]) == (1000, True)


def test_nothing_to_bill_is_no_failure(tmp_path: Path) -> None:
    """An empty folder bills nothing and says what to do first."""
    assert "service create" in run(tmp_path, "bill")


def test_the_lake_is_compacted_by_hand(tmp_path: Path) -> None:
    """Compaction says how many files each table has."""
    assert json.loads(run(tmp_path, "lake", "compact", "--json"))["raw.usage"] == 0


def test_settings_are_shown_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password never shows, whatever is asked."""
    monkeypatch.setenv("FUSION_ODOO_PASSWORD", "hunter2")

    shown = run(tmp_path, "config", "show") + run(tmp_path, "config", "show", "--json")

    assert "hunter2" not in shown
    assert "FUSION_PORT=8600" in shown
    assert "can be used" in run(tmp_path, "config", "check")


@pytest.mark.usefixtures("own_logs")
def test_a_half_built_demo_says_so(tmp_path: Path) -> None:
    """A demo whose building was cut off is not served as if it were whole."""
    run(tmp_path / "demo", "service", "create", "memberships")

    result = runner.invoke(app, ["demo", "--no-serve", "--data-dir", str(tmp_path)])

    assert "half built" in str(result.exception)


def test_a_folder_in_use_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A verb that needs the folder to itself names the cure and ends with exit code 1."""
    monkeypatch.setattr("sys.argv", ["fusion-billing", "bill", "--data-dir", str(tmp_path)])
    with opened_house(Settings(data_dir=tmp_path), SystemClock()), pytest.raises(SystemExit) as end:
        main()

    assert end.value.code == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_test_clock_never_meets_an_odoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented dates are never billed into a live Odoo."""
    monkeypatch.setenv("FUSION_ODOO_URL", "https://odoo.example.com")

    run(tmp_path, "serve", "--test-clock", "2026-01-01", exit_code=2)
