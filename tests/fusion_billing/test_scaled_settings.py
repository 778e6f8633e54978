"""The settings of the scaled form: what processes must share is asked for, and never shown."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from fusion_billing.cli import app, main
from fusion_billing.commands.demonstration import ALL_IN_ONE_FOLDER
from fusion_billing.commands.options import settings_of
from fusion_billing.opened_state import pepper_of, read_pepper
from fusion_billing.settings import Settings
from rating import rated_line_store
from rating.rated_line_store import ship_rated_lines
from storage.lake import Lake, StaleMarkError
from storage.lake_tables import RATED_LINE
from storage.state import open_state
from storage.tables import rated_line_outbox

URL = "postgresql://fusion:hunter2@db/fusion"
PEPPER = "5e" * 32
SHARED = {
    "FUSION_INBOX_URL": URL,
    "FUSION_DATABASE_URL": URL,
    "FUSION_LAKE_CATALOG": URL,
    "FUSION_LAKE_DATA": "s3://bucket/lake",
    "FUSION_PEPPER": PEPPER,
}


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set all that processes share."""
    for name, value in SHARED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("shared")
def test_everything_shared_is_enough() -> None:
    """With all of it set, a process may have any of the roles."""
    settings = settings_of(None, roles="flush,jobs")

    assert settings.is_scaled
    assert settings.role_names == {"flush", "jobs"}


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("FUSION_DATABASE_URL", "", "FUSION_DATABASE_URL must be a postgresql:// URL"),
        ("FUSION_LAKE_CATALOG", "sqlite://hunter2", "FUSION_LAKE_CATALOG must be a postgresql"),
        ("FUSION_INBOX_URL", "mysql://hunter2", "FUSION_INBOX_URL must be a postgresql:// URL"),
        ("FUSION_LAKE_DATA", "", "s3://bucket/prefix"),
        ("FUSION_PEPPER", "", "openssl rand -hex 32"),
        ("FUSION_PEPPER", "hunter2", "FUSION_PEPPER: not 64 or more hexadecimal digits"),
        ("FUSION_ROLES", "api,cook", "FUSION_ROLES"),
    ],
)
def test_what_is_missing_or_wrong_is_named_without_secrets(
    shared: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    told: str,
) -> None:
    """`config check` ends with one line that names the setting, and quotes no value."""
    shared.setenv(name, value)
    shared.setattr("sys.argv", ["fusion-billing", "config", "check"])

    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert told in said
    assert "hunter2" not in said


@pytest.mark.parametrize("words", [("--roles", "flush"), ("--roles", "api")])
def test_roles_need_a_shared_inbox(tmp_path: Path, words: tuple[str, str]) -> None:
    """One process over a folder does everything: part of it would leave usage lying."""
    result = CliRunner().invoke(app, ["serve", *words, "--data-dir", str(tmp_path)])

    assert result.exit_code == 1
    assert "set FUSION_INBOX_URL" in str(result.exception)


@pytest.mark.usefixtures("shared")
def test_the_demo_touches_nothing_shared() -> None:
    """Whatever is set, its state, inbox and lake are a folder of its own."""
    own = Settings()
    demo = own.model_copy(update=ALL_IN_ONE_FOLDER)

    assert not demo.is_scaled
    assert Settings(**demo.model_dump()) == demo


@pytest.mark.usefixtures("shared")
def test_every_host_digests_keys_alike(tmp_path: Path) -> None:
    """A set pepper counts everywhere; without one each data folder has its own."""
    assert pepper_of(settings_of(tmp_path)) == bytes.fromhex(PEPPER)
    assert not list(tmp_path.iterdir())


def test_a_folder_has_a_pepper_of_its_own(tmp_path: Path) -> None:
    """It is the one that `xxd` shows, so that its keys can be taken to many hosts."""
    made = pepper_of(Settings(data_dir=tmp_path))

    assert made == read_pepper(tmp_path)
    assert pepper_of(settings_of(tmp_path, pepper=made.hex())) == made


def test_rated_lines_that_another_process_ships_are_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes that ship at once leave each line once."""
    state, lake = open_state("", tmp_path), Lake(tmp_path / "lake")
    with state.write() as connection:
        connection.execute(rated_line_outbox.insert(), [{"body": "1"}, {"body": "2"}])
    monkeypatch.setattr(rated_line_store, "_decoder", msgspec.json.Decoder())
    monkeypatch.setattr(
        rated_line_store, "rated_line_frame", lambda _lines: lake.scan(RATED_LINE).collect()
    )
    append, mark = lake.append_once, lake.mark
    passed: list[int] = []

    def append_late(stream: str, after: int, upto: int, frames: object) -> None:
        passed.append(after)
        append(stream, after, upto, {})
        if len(passed) == 1:
            raise StaleMarkError("somebody else was faster")

    monkeypatch.setattr(lake, "append_once", append_late)

    assert ship_rated_lines(state, lake) == 0
    assert (passed, mark(rated_line_store.STREAM)) == ([0], 2)
    lake.close()
    state.close()
