"""The lake's verbs: whole or not, what can be erased, and that bills verify afterwards."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from catalog.accounts import Account
from catalog.errors import MethodNotAllowed
from catalog.store import accounts, services
from fusion_billing import retention
from fusion_billing.billing import bill_services
from fusion_billing.cli import app
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.retention import (
    compaction_rules,
    drop_old_usage,
    erase_account,
    planned_account_erasure,
    verified_erasures,
)
from fusion_billing.settings import Settings
from fusion_billing.wholeness import findings
from ingest import erasing
from ingest.finding import Verdict
from rating.verifying.erasure_store import Erasure
from storage.lake_tables import QUARANTINE, RATED_LINE, USAGE, USAGE_DAILY
from storage.tables import erasure_proof, invoice_draft
from tests.fusion_billing.conftest import Roof, open_roof
from tests.fusion_billing.makers import a_push, a_service, open_account
from tests.storage.test_lake_erasure import files_with

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MID_JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
runner = CliRunner()


def used(roof: Roof) -> None:
    """Let the account acme use something, be set aside once, and be known by name."""
    open_account(roof)
    roof.post(
        "/customers", {"customer": {"external_id": "acme", "name": "Grace Acme", "city": "Ottawa"}}
    )
    for number in range(3):
        roof.post("/events", {"event": a_push(f"call-of-grace-{number}", 100)})
    roof.post("/events", {"event": a_push("odd", code="unknown")})
    roof.post("/events", {"event": a_push("other", external_subscription_id="another")})
    roof.house.flusher.flush()


def ended(roof: Roof) -> None:
    """Let the account use something, leave in January, and be billed for it."""
    used(roof)
    roof.clock.advance(MID_JANUARY)
    answer = roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
    assert answer.status_code == 200, answer.text
    roof.clock.advance(FEBRUARY)
    bill_services(roof.house, at=FEBRUARY)


def erased(roof: Roof, *, accepts_unproven: bool = False) -> Erasure:
    """Erase the account acme."""
    return erase_account(
        roof.house,
        "nexadesk",
        "acme",
        author="Ada",
        reason="asked by the customer",
        accepts_unproven=accepts_unproven,
    )


def ended_and_erased(roof: Roof) -> None:
    """Let the account use something, leave, be billed and be erased."""
    ended(roof)
    erased(roof)


def account_of(house: House) -> Account:
    """Return the account acme."""
    with house.state.read() as connection:
        found = accounts.accounts_by_id(connection, "nexadesk").values()
    return next(each for each in found if each.external_id == "acme")


def verdicts(folder: Path, *, is_deep: bool = False) -> dict[str, str]:
    """Return what the failing checks of a closed folder name."""
    return {
        each.check: "\n".join(each.named)
        for each in findings(Settings(data_dir=folder), is_deep=is_deep)
        if each.verdict is not Verdict.OK
    }


def run(folder: Path, *words: str, exit_code: int = 0) -> str:
    """Run a verb of the lake on a folder and return what it printed."""
    result = runner.invoke(app, ["lake", *words, "--data-dir", str(folder)])
    assert result.exit_code == exit_code, result.output
    return result.stdout


def in_house(folder: Path, act: Callable[[Roof], object]) -> None:
    """Open a house with nexadesk in January, do something in it, and close it."""
    clock = TestClock(datetime(2026, 1, 1, 5, 0, tzinfo=UTC))
    with opened_house(Settings(data_dir=folder), clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(clock()))
        with open_roof(house, clock) as roof:
            act(roof)


def test_an_erased_account_leaves_bills_that_verify(roof: Roof) -> None:
    """Its rows and its name are gone from every file; others' rows and its bill are there."""
    ended(roof)
    lines = roof.house.lake.scan(RATED_LINE).collect()

    erasure = erased(roof)

    usage = roof.house.lake.scan(USAGE).collect()
    assert usage["transaction_id"].to_list() == ["other"]
    assert roof.house.lake.scan(QUARANTINE).collect().is_empty()
    assert roof.house.lake.scan(USAGE_DAILY).collect().height <= 1
    account = account_of(roof.house)
    assert (account.name, account.city, account.timezone) == (None, None, None)
    assert account.deleted_at is not None
    assert roof.house.lake.scan(RATED_LINE).collect().equals(lines)
    (verified,) = verified_erasures(roof.house)
    assert (verified.erasure.id, verified.wrong_lines) == (erasure.id, [])
    assert verified.lines_count == 1
    folder = roof.house.settings.data_dir
    for told in ("call-of-grace", "Grace Acme"):
        assert files_with(folder, told) == []


def test_a_proof_that_was_touched_does_not_verify(roof: Roof) -> None:
    """A number changed in the proof, or a line in the lake that is not its own, is found."""
    ended(roof)
    erased(roof)
    with roof.house.state.write() as connection:
        kept = connection.scalars(
            sa.select(erasure_proof.c.quantity).where(erasure_proof.c.quantity.is_not(None))
        ).one()
        changed = kept.replace('"300', '"301')
        assert changed != kept
        connection.execute(
            sa.update(erasure_proof)
            .where(erasure_proof.c.quantity.is_not(None))
            .values(quantity=changed)
        )

    (verified,) = verified_erasures(roof.house)

    assert len(verified.wrong_lines) == 1


def test_who_still_uses_or_owes_is_not_erased(roof: Roof) -> None:
    """A live subscription and an unbilled period refuse, and name what is to be done first."""
    used(roof)
    with pytest.raises(MethodNotAllowed, match="subscription_is_live"):
        planned_account_erasure(roof.house, "nexadesk", "acme")
    roof.clock.advance(MID_JANUARY)
    roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)

    with pytest.raises(MethodNotAllowed, match="period_is_not_billed"):
        erased(roof)
    assert account_of(roof.house).name == "Grace Acme"


def test_a_line_nobody_can_compute_is_not_given_up(roof: Roof) -> None:
    """Where usage is not what was billed, an erasure refuses unless that is accepted."""
    ended(roof)
    roof.house.lake.erase([USAGE], {"service": "nexadesk", "transaction_id": "call-of-grace-1"})

    with pytest.raises(MethodNotAllowed, match="billed_lines_unproven"):
        erased(roof)
    erased(roof, accepts_unproven=True)

    (verified,) = verified_erasures(roof.house)
    assert len(verified.wrong_lines) == 1


@pytest.mark.parametrize(
    "place",
    [
        "erasing.proof_kept",
        "erasing.keys_kept",
        "erasing.part_erased",
        "erasing.rows_erased",
        "erasing.finished",
        "erasing.vacuumed",
    ],
)
def test_a_crash_at_any_step_is_gone_on_with(
    roof: Roof, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever repeats an erasure that died ends with one account blank and every line proved."""
    ended(roof)

    def die(name: str) -> None:
        if name == place:
            raise InterruptedError(name)

    with monkeypatch.context() as patched:
        patched.setattr(retention, "reached", die)
        patched.setattr(erasing, "reached", die)
        with pytest.raises(InterruptedError):
            erased(roof)

    erased(roof)

    assert account_of(roof.house).name is None
    assert roof.house.lake.scan(USAGE).collect().height == 1
    found = verified_erasures(roof.house)
    assert sum(each.lines_count for each in found) == 1
    assert [each.wrong_lines for each in found if each.wrong_lines] == []
    assert all(each.erasure.finished_at for each in found)


def test_old_usage_is_dropped_when_it_is_billed(roof: Roof) -> None:
    """A month goes once it is old enough and every period that touches it is billed; 0: never."""
    used(roof)

    def drop(at: datetime, months: int) -> list[Erasure]:
        roof.clock.advance(at)
        return drop_old_usage(roof.house, at=at, kept_months=months)

    assert drop(FEBRUARY + timedelta(days=40), 0) == []
    assert drop(FEBRUARY + timedelta(days=41), 1) == []
    bill_services(roof.house, at=FEBRUARY + timedelta(days=41))
    assert drop(FEBRUARY + timedelta(days=42), 3) == []

    (dropped,) = drop(FEBRUARY + timedelta(days=43), 1)

    assert dropped.scope.months == (date(2026, 1, 1),)
    assert roof.house.lake.scan(USAGE).collect().is_empty()
    (verified,) = verified_erasures(roof.house)
    assert (verified.lines_count, verified.wrong_lines) == (1, [])
    assert account_of(roof.house).name == "Grace Acme"
    assert drop(FEBRUARY + timedelta(days=44), 1) == []


def test_usage_that_later_bills_count_is_never_dropped(roof: Roof) -> None:
    """While a service has a recurring metric, no month of it goes: later periods need them all."""
    used(roof)
    seats = {
        "name": "Seats", "code": "seats", "aggregation_type": "unique_count_agg",
        "field_name": "seat", "recurring": True,
    }  # fmt: skip
    roof.post("/billable_metrics", {"billable_metric": seats})
    roof.clock.advance(FEBRUARY + timedelta(days=41))
    bill_services(roof.house, at=FEBRUARY + timedelta(days=41))

    assert drop_old_usage(roof.house, at=FEBRUARY + timedelta(days=43), kept_months=1) == []
    assert roof.house.lake.scan(USAGE).collect().height > 0


def test_settings_become_rules() -> None:
    """Days of the settings are what compaction is given."""
    rules = compaction_rules(files_min=9, snapshots_kept_days=3, files_kept_days=2)

    assert (rules.files_min, rules.snapshots_kept, rules.files_kept) == (
        9,
        timedelta(days=3),
        timedelta(days=2),
    )


def test_a_house_is_whole_after_a_bill_and_an_erasure(tmp_path: Path) -> None:
    """All checks agree, deep ones too, when usage was billed and its account erased."""
    in_house(tmp_path, ended_and_erased)

    assert verdicts(tmp_path, is_deep=True) == {}


def test_rated_lines_are_held_against_drafts(tmp_path: Path) -> None:
    """Other cents in a draft, and a state older than the lake, are named."""
    in_house(tmp_path, ended)
    state = sa.create_engine(f"sqlite:///{tmp_path / 'state.sqlite'}")
    with state.begin() as connection:
        connection.execute(sa.update(invoice_draft).values(amount_cents=1))
    assert "do not add up" in verdicts(tmp_path)["rated lines"]
    with state.begin() as connection:
        connection.execute(sa.text("UPDATE sqlite_sequence SET seq = 0"))
        connection.execute(sa.delete(invoice_draft))
    state.dispose()

    told = verdicts(tmp_path)["rated lines"]
    assert "the state is an older copy" in told
    assert "drafts that the state does not know" in told


def test_the_verbs_tell_people_and_programs(tmp_path: Path) -> None:
    """Check, snapshots, compact, erase and erasures work on a closed folder, in text and JSON."""
    in_house(tmp_path, ended)
    target = ("--service", "nexadesk", "--account", "acme")

    checked = json.loads(run(tmp_path, "check", "--deep", "--json"))
    assert {each["verdict"] for each in checked} == {"OK"}
    assert "OK    files" in run(tmp_path, "check")
    assert json.loads(run(tmp_path, "snapshots", "--json"))[0]["id"] == 0
    assert json.loads(run(tmp_path, "compact", "--json"))["raw.usage"] == 1
    planned = json.loads(run(tmp_path, "erase", *target, "--dry-run", "--json"))
    assert planned["rows"] == {"raw.usage": 3, "raw.revision": 0, "raw.quarantine": 1}
    assert planned["billed_lines_proved"] == 1
    run(tmp_path, "erase", *target, exit_code=2)
    run(tmp_path, "erase", *target, "--author", "Ada", "--reason", "asked", "--yes")
    assert "1 of 1 lines verify" in run(tmp_path, "erasures")
    next((tmp_path / "lake" / "data" / "core").rglob("*.parquet")).unlink()
    found = json.loads(run(tmp_path, "check", "--json", exit_code=1))
    assert next(each for each in found if each["check"] == "files")["verdict"] == "FAIL"


def test_a_folder_in_use_says_what_to_do(house: House) -> None:
    """While a service has the folder, a check says how to check all the same."""
    result = runner.invoke(app, ["lake", "check", "--data-dir", str(house.settings.data_dir)])

    assert "stop the service" in str(result.exception)
