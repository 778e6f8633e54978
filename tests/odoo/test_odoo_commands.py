"""The verbs of odoo on a real Odoo 19: check, setup, candidates, link, in text and JSON."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from catalog.accounts import Account
from fusion_billing.cli import app
from storage import tables
from storage.state import State
from tests.odoo.house import House
from tests.odoo_bridge.makers import an_id

pytestmark = pytest.mark.xdist_group("odoo")

runner = CliRunner()


@pytest.fixture
def folder(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a data folder whose settings name the real Odoo, entered by JSON-2."""
    user = house.keyed
    monkeypatch.setenv("FUSION_ODOO_URL", user.url)
    monkeypatch.setenv("FUSION_ODOO_DATABASE", user.database)
    monkeypatch.setenv("FUSION_ODOO_LOGIN", user.login)
    monkeypatch.setenv("FUSION_ODOO_PASSWORD", user.password)
    monkeypatch.setenv("FUSION_ODOO_TRANSPORT", "json2")
    data = tmp_path / "data"
    for code in ("nexacloud", "nexadesk"):
        run(data, "service", "create", code)
    return data


def run(folder: Path, *words: str, exit_code: int = 0) -> str:
    """Run one verb on a data folder and return what it printed."""
    result = runner.invoke(app, [*words, "--data-dir", str(folder)])
    assert result.exit_code == exit_code, result.output
    return result.stdout


def keep(folder: Path, account: Account) -> None:
    """Keep an account in the folder's own state."""
    state = State(f"sqlite:///{folder / 'state.sqlite'}")
    with state.write() as connection:
        connection.execute(sa.insert(tables.account).values(asdict(account)))
    state.close()


def test_check_tells_programs(folder: Path) -> None:
    """The check prints each finding with level, words and remedy, and no key of ours."""
    printed = run(folder, "odoo", "check", "--json")
    findings = json.loads(printed)

    assert {finding["level"] for finding in findings} == {"OK", "WARN"}
    assert all(finding["remedy"] for finding in findings if finding["level"] != "OK")
    assert "(json2)" in findings[0]["what"]


def test_setup_finds_what_is_there(folder: Path) -> None:
    """Setup on an Odoo that is set up creates nothing, whoever asks."""
    told = json.loads(run(folder, "odoo", "setup", "--json"))

    assert told["created"] == []
    assert "sale.order.x_fc_subscription_id" in told["already_there"]


def test_a_choice_is_listed_and_made(folder: Path, house: House) -> None:
    """Candidates are listed with their numbers; linking one settles the account."""
    account = house.account()
    keep(folder, account)
    east, west = (house.partner(f"Acme {name}", email=house.email) for name in ("East", "West"))
    (listed,) = json.loads(run(folder, "odoo", "candidates", "--all", "--json"))
    text = run(folder, "odoo", "candidates", "--all")
    linked = run(folder, "odoo", "link", account.external_id, str(west))

    assert [found["partner_id"] for found in listed["candidates"]] == [east, west]
    assert f"odoo link {account.external_id} PARTNER_ID --service nexadesk" in listed["problem"]
    assert f"#{west} Acme West" in text
    assert f"is billed to Acme West (#{west})" in linked
    assert "No account waits" in run(folder, "odoo", "candidates", "--all")
    assert "No account waits" in run(folder, "odoo", "candidates")


def test_a_name_of_two_services_needs_the_service(folder: Path, house: House) -> None:
    """An external id that two services have is linked only with the service named."""
    partner_id = str(house.partner("Acme"))
    first, second = (house.account("1", code) for code in ("nexacloud", "nexadesk"))
    for account in (first, second):
        keep(folder, account)
    name = first.external_id

    run(folder, "odoo", "link", name, partner_id, exit_code=2)
    run(folder, "odoo", "link", f"no-{name}", partner_id, exit_code=2)
    told = json.loads(
        run(folder, "odoo", "link", name, partner_id, "--service", "nexacloud", "--json")
    )
    by_id = json.loads(run(folder, "odoo", "link", second.id, partner_id, "--json"))

    assert (told["service"], by_id["service"]) == ("nexacloud", "nexadesk")
    assert second.id == an_id(f"nexadesk {name}")
