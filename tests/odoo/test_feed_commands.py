"""The verbs of the change feed on a real Odoo 19, and who posts: in text and in JSON."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fusion_billing.cli import app, main
from tests.odoo.house import House

pytestmark = pytest.mark.xdist_group("odoo")

runner = CliRunner()


@pytest.fixture
def folder(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a data folder with a service, whose settings name the real Odoo."""
    monkeypatch.setenv("FUSION_ODOO_URL", house.user.url)
    monkeypatch.setenv("FUSION_ODOO_DATABASE", house.user.database)
    monkeypatch.setenv("FUSION_ODOO_LOGIN", house.user.login)
    monkeypatch.setenv("FUSION_ODOO_PASSWORD", house.user.password)
    data = tmp_path / "data"
    run(data, "service", "create", house.tag)
    return data


def run(folder: Path, *words: str) -> str:
    """Run one verb on a data folder and return all that it printed."""
    result = runner.invoke(app, [*words, "--data-dir", str(folder)])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_feed_is_a_verb(folder: Path) -> None:
    """A look tells programs what it found, and people in a line; the first one sweeps."""
    first = json.loads(run(folder, "odoo", "feed", "--json"))
    again = json.loads(run(folder, "odoo", "feed", "--json"))
    swept = run(folder, "odoo", "feed", "--sweep")

    assert first == again | {"swept": True}
    assert first["events"] == first["problems"] == []
    assert (first["moves_read"], again["swept"]) == (0, False)
    assert swept.strip() == "0 of 0 invoices changed, all swept"


def test_only_what_was_seen_can_be_accepted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accepting a draft that nobody knows is refused in one line that says what to do."""
    words = ["fusion-billing", "odoo", "accept", "unknown", "--data-dir", str(folder)]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr().err

    assert ended.value.code == 1
    assert told.startswith("fusion-billing: there is no invoice draft 'unknown': take the id from")
    assert "`fusion-billing odoo feed`" in told


def test_a_service_says_who_posts(folder: Path, house: House) -> None:
    """A new service leaves drafts; one verb lets it post, another shows that."""
    before = json.loads(run(folder, "service", "show", house.tag, "--json"))
    run(folder, "service", "change", house.tag, "--posting", "post")
    after = json.loads(run(folder, "service", "show", house.tag, "--json"))

    assert (before["posting"], after["posting"]) == ("draft", "post")
