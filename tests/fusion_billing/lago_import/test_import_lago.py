"""The command, and its page, as a stranger follows them."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fusion_billing.cli import app
from fusion_billing.clock import SystemClock
from fusion_billing.house import opened_house
from fusion_billing.settings import Settings
from storage.lake import LakeBusyError
from tests.fusion_billing.lago_import.recorded_lago import (
    KEY,
    RecordedLago,
    a_plan,
    a_recorded_lago,
    a_subscription,
    an_event,
    playing,
)
from tests.lifecycle.documented_examples import (
    Caller,
    blocks_of,
    json_answers,
    program_of,
    run_shell,
)

PAGE = Path(__file__).parents[3] / "docs" / "migrate_from_lago.md"
runner = CliRunner()


def a_lago_of_today() -> RecordedLago:
    """Return a Lago whose periods are those of today, with an event in this month and the last."""
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (month + timedelta(days=32)).replace(day=1) - timedelta(seconds=1)
    begun = {
        "current_billing_period_started_at": month.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "current_billing_period_ending_at": following.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "billing_time": "calendar",
    }
    times = (month - timedelta(days=2), month)
    lago = a_recorded_lago()
    lago.lists["subscriptions"] = [a_subscription(**begun)]
    lago.lists["events"] = [
        an_event(number, timestamp=f"{at:%Y-%m-%dT%H:%M:%S}.000Z")
        for number, at in enumerate(times)
    ]
    return lago


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a data folder with the shadow nexadesk."""
    for words in (["service", "create", "nexadesk"], ["cutover", "nexadesk", "--to", "shadow"]):
        runner.invoke(app, [*words, "--data-dir", str(tmp_path)], catch_exceptions=False)
    return tmp_path


def run(folder: Path, url: str, *words: str, exit_code: int = 0, key: str = KEY) -> str:
    """Run `import lago` and return what it printed."""
    given = ["import", "lago", "--url", url, "--key", key, "--data-dir", str(folder)]
    result = runner.invoke(app, [*given, *words])
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result.output if exit_code != 1 or not result.exception else (
        result.output + str(result.exception)
    )  # fmt: skip


def test_a_lago_is_imported_by_command(folder: Path) -> None:
    """All that came over ends with 0 and a table, and a second time with the same all over."""
    with playing(a_lago_of_today()) as url:
        told = run(folder, url)
        report = json.loads(run(folder, url, "--json"))

    assert re.search(r"subscriptions +1 +0 +0 +0", told)
    assert (report["whole"], report["totals"]["plans"]["same"]) == (True, 1)


def test_a_terminal_shows_how_far_the_import_is(folder: Path) -> None:
    """Each stage has its bar, with how many are done of how many, beside the report."""
    with playing(a_lago_of_today()) as url:
        given = ["import", "lago", "--url", url, "--key", KEY, "--data-dir", str(folder)]
        drawn = runner.invoke(app, given, env={"FORCE_COLOR": "1", "COLUMNS": "100"}).stderr

    bars = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    for stage, count in (("reading", "4/4"), ("objects", "4/4"), ("events", "1/1")):
        assert re.search(rf"{stage} +━+ +{count} ", bars), bars


def test_what_failed_ends_with_exit_code_1(folder: Path) -> None:
    """A refused plan is told with its reason, in a rehearsal too, which says that it was one."""
    lago = a_lago_of_today()
    lago.lists["plans"] = [a_plan(fixed_charges=[{"lago_id": "f"}])]

    with playing(lago) as url:
        told = run(folder, url, "--dry-run", exit_code=1)

    assert "plans startup: failed: fixed_charges: not_supported_yet" in told
    assert "this was a rehearsal" in told


def test_a_wrong_key_is_one_line_without_the_key(folder: Path) -> None:
    """What stopped the import is told with what to do, and the key is nowhere."""
    with playing(a_lago_of_today()) as url:
        told = run(folder, url, exit_code=1, key="wrong-and-secret")

    assert "does not know this key (401)" in told
    assert "wrong-and-secret" not in told


def test_the_key_is_taken_from_the_environment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Address and key may stand in variables; without both, the command says which."""
    words = ["import", "lago", "--data-dir", str(folder)]
    with playing(a_lago_of_today()) as url:
        monkeypatch.setenv("FUSION_LAGO_URL", url)
        assert "FUSION_LAGO_KEY" in runner.invoke(app, words).output
        monkeypatch.setenv("FUSION_LAGO_KEY", KEY)
        assert runner.invoke(app, words).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--since", "2999-01-01T00:00:00Z"], "in the future"),
        (["--service", "nope"], "service_not_found"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, words: list[str], told: str) -> None:
    """A future start and an unknown service are refused before Lago is asked."""
    result = runner.invoke(
        app, ["import", "lago", "--url", "http://127.0.0.1:9", "--key", KEY, *words,
              "--data-dir", str(folder)],
    )  # fmt: skip

    assert result.exit_code != 0
    assert told in result.output + str(result.exception)


def test_one_of_several_services_must_be_named(folder: Path) -> None:
    """The only service needs no name; of two, the choice is told."""
    runner.invoke(app, ["service", "create", "nexamaps", "--data-dir", str(folder)])

    told = run(folder, "http://127.0.0.1:9", exit_code=2)
    assert re.search(r"nexadesk,\W+nexamaps", told)


def test_a_running_service_is_told_to_stop(folder: Path) -> None:
    """While a service has the folder, the refusal says what to do."""
    with (
        opened_house(Settings(data_dir=folder), SystemClock()),
        playing(a_lago_of_today()) as url,
        pytest.raises(LakeBusyError, match="Stop the service, import, and start it again"),
    ):
        runner.invoke(
            app, ["import", "lago", "--url", url, "--key", KEY, "--data-dir", str(folder)],
            catch_exceptions=False,
        )  # fmt: skip


def test_the_page_leads_from_a_lago_to_a_shadow_run(tmp_path: Path) -> None:
    """Every command of the page runs as it stands there, and the draft of last month is Lago's."""
    lago = a_lago_of_today()
    invoice = {"lago_id": "i", "sub_total_excluding_taxes_amount_cents": 100_007}
    lago.lists["invoices"] = [invoice]

    with playing(lago) as url:
        printed = run_shell(
            Caller(tmp_path, url, KEY), program_of(blocks_of(PAGE), "bash"),
            FUSION_LAGO_URL=url, FUSION_LAGO_KEY=KEY, FUSION_DATA_DIR=str(tmp_path / "data"),
            HOME=os.environ.get("HOME", str(tmp_path)),
        )  # fmt: skip

    assert "this was a rehearsal" in printed
    assert "invoices: 1. They stay" in printed
    amounts = re.findall(r'"amount_cents": (\d+)', printed)
    assert set(amounts) == {str(invoice["sub_total_excluding_taxes_amount_cents"])}
    assert invoice in json_answers(printed)[-1]["invoices"]  # type: ignore[index]
