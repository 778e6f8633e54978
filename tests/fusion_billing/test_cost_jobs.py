"""Provider cost by the clock and by command: dropped files, and providers asked themselves."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from dashboards.costs.cost_store import costs_in_effect
from fusion_billing.cli import app
from fusion_billing.clock import SystemClock, TestClock
from fusion_billing.costs import costs_folder
from fusion_billing.house import House, opened_house
from fusion_billing.metrics import metrics_registry
from fusion_billing.provider_costs import provider_sources, read_providers
from fusion_billing.scheduler import Scheduler
from fusion_billing.settings import Settings
from tests.dashboards.costs.focus_files import a_row, focus_file
from tests.dashboards.costs.scripted_provider import Answer, ScriptedProvider, scripted_provider
from tests.dashboards.costs.test_sources import GOOGLE
from tests.fusion_billing.conftest import OPENED_AT
from tests.prepared import prepared_house

WAIT_SECONDS_MAX = 30
KEY = "sk-admin-never-shown"
DAY = int(OPENED_AT.replace(hour=0).timestamp()) - 86_400
COSTS = {
    "data": [{"start_time": DAY, "end_time": DAY + 86_400, "results": [
        {"amount": {"value": "1.25", "currency": "cad"}, "line_item": "gpt", "project_id": "p"}
    ]}],
    "has_more": False,
}  # fmt: skip
REPORT = {
    "data": [{"starting_at": "2025-12-31T00:00:00Z", "ending_at": "2026-01-01T00:00:00Z",
              "results": [{"currency": "CAD", "amount": "300", "description": "Claude"}]}],
    "has_more": False,
}  # fmt: skip
NOTHING = Answer(b'{"data": [], "has_more": false}')


def told(body: object) -> Answer:
    return Answer(json.dumps(body).encode())


@contextmanager
def a_house(folder: Path, **settings: object) -> Iterator[House]:
    known = Settings(data_dir=prepared_house(folder), **settings)  # type: ignore[arg-type]
    with opened_house(known, TestClock(OPENED_AT)) as house:
        yield house


def keyed(provider: ScriptedProvider) -> dict[str, object]:
    return {"costs_openai_key": KEY, "costs_openai_url": provider.url}


def cogs(house: House) -> Decimal:
    found: Decimal = costs_in_effect(house.lake).select(pl.col("cogs_cad").sum()).collect().item()
    return found


def test_dropped_files_are_taken_by_the_clock(tmp_path: Path) -> None:
    """The running scheduler takes sound files of every format, and sets a faulty one aside."""
    with a_house(tmp_path, costs_seconds=1) as house:
        folder = costs_folder(house.settings)
        for name in ("openai", "google"):
            (folder / name).mkdir(parents=True)
        files = {
            folder / "aws.csv": focus_file(a_row(EffectiveCost="2")),
            folder / "torn.csv": focus_file(a_row(EffectiveCost="1e5")),
            folder / "openai" / "page.json": json.dumps(COSTS).encode(),
            folder / "google" / "export.json": json.dumps(GOOGLE).encode(),
        }
        for path, content in files.items():
            path.write_bytes(content)
            os.utime(path, (0, 0))
        scheduler = Scheduler(house, metrics_registry(house)[1])
        scheduler.start()
        try:
            until = time.monotonic() + WAIT_SECONDS_MAX
            while any(path.exists() for path in files) and time.monotonic() < until:
                time.sleep(0.05)
        finally:
            scheduler.stop()

        assert cogs(house) == Decimal("7.25")
        assert len(list((folder / "imported").iterdir())) == 3
        (faults,) = (folder / "refused").glob("*.faults.txt")
        assert faults.read_text().startswith("row 1, line 2, EffectiveCost: ")
        assert scheduler.health["costs"].problem is None


def test_one_provider_keeps_no_other_out(tmp_path: Path) -> None:
    """A provider that lets nobody in is named by its setting; another one's costs are taken."""
    with scripted_provider(Answer(b"", 401), told(REPORT)) as provider:
        given = keyed(provider) | {
            "costs_anthropic_key": KEY, "costs_anthropic_url": provider.url,
        }  # fmt: skip
        with a_house(tmp_path, **given) as house:
            with pytest.raises(ValueError, match="FUSION_COSTS_OPENAI_KEY") as caught:
                read_providers(house)
            assert cogs(house) == 3

    assert KEY not in str(caught.value)
    assert "x-api-key" in {name.lower() for name in provider.asked[1][2]}


def test_no_key_no_job(tmp_path: Path) -> None:
    """Providers are asked by the clock only where a key is set; a key is shown nowhere."""
    with a_house(tmp_path, costs_openai_key=KEY) as house:
        scheduler = Scheduler(house, metrics_registry(house)[1])
        scheduler.start()
        scheduler.stop()
        assert "costs_providers" in scheduler.health
        assert KEY not in f"{house.settings!r} {provider_sources(house.settings)!r}"
    assert provider_sources(Settings()) == {}
    with pytest.raises(ValueError, match="FUSION_COSTS_TWILIO_ACCOUNT"):
        provider_sources(Settings.model_validate({"costs_twilio_key": KEY}))


def test_a_provider_s_days_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run shows and keeps nothing, the import keeps it, another one finds it known."""
    folder = str(prepared_house(tmp_path))
    words = ("import", "costs", "--from", "openai", "--since", "2025-12-31", "--until",
             "2026-01-01", "--json", "--data-dir", folder)  # fmt: skip
    with scripted_provider(*[told(COSTS), NOTHING] * 3) as provider:
        monkeypatch.setenv("FUSION_COSTS_OPENAI_KEY", KEY)
        monkeypatch.setenv("FUSION_COSTS_OPENAI_URL", provider.url)
        done = [CliRunner().invoke(app, [*words, *more]) for more in (["--dry-run"], [], [])]

    assert [each.exit_code for each in done] == [0, 0, 0], [each.output for each in done]
    answers = [json.loads(each.stdout) for each in done]
    assert [(each["rows"], each["new"]) for each in answers] == [(1, 0), (1, 1), (1, 0)]
    assert all(KEY not in each.output for each in done)
    with opened_house(Settings(data_dir=Path(folder)), SystemClock()) as house:
        assert cogs(house) == Decimal("1.25")


def test_a_file_may_be_tried(tmp_path: Path) -> None:
    """A dry run of a file tells rows and COGS, or its faults, and keeps nothing."""
    folder, file = str(prepared_house(tmp_path / "data")), tmp_path / "aws.csv"
    file.write_bytes(focus_file(a_row(EffectiveCost="2")))
    words = ("import", "costs", str(file), "--json", "--data-dir", folder)
    tried = json.loads(CliRunner().invoke(app, [*words, "--dry-run"]).stdout)
    taken = json.loads(CliRunner().invoke(app, words).stdout)

    assert (tried["rows"], tried["cogs_cad"]) == (taken["rows"], taken["cogs_cad"]) == (1, "2.0")
    assert not taken["already_imported"]
    assert CliRunner().invoke(app, ["import", "costs", "--data-dir", folder]).exit_code == 2
