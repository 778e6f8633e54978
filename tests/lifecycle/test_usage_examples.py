"""docs/usage.md as an app's developer follows it: every block runs, in every language."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fusion_billing.cli import app
from tests.lifecycle.documented_examples import (
    Block,
    Caller,
    blocks_of,
    compile_typescript,
    json_answers,
    program_of,
    run_javascript,
    run_python,
    run_shell,
)
from tests.lifecycle.lossy_door import lossy_door
from tests.lifecycle.running_service import RunningService
from tests.real_parts import CURL, NODE, NodeParts, PartMissingError, require

pytestmark = pytest.mark.xdist_group("usage_examples")

PAGE = Path(__file__).parents[2] / "docs" / "usage.md"
NAMED = {"set-up": "python", "usage.csv": "csv", "service-stopped": "bash"}
PROGRAMS = {"bash": "nexadesk", "python": "nexamaps", "typescript": "nexavoice"}
SHOWN = {"json", "text"}
LATER = "2026-11-05T14:30:00Z"
# The one push that the page sends until there is an answer.
PATIENT_PUSH = b"1793882400,"
USAGE = "api/billing/v1/customers/acme/current_usage?external_subscription_id=acme-team"


@dataclass(frozen=True)
class Followed:
    """What came of following the page twice in one language, an hour apart."""

    first: str
    second: str
    usage: dict[str, Any]
    attempts: int


@dataclass(frozen=True)
class Outcome:
    """What came of the page in every language this machine has, and of the stopped service."""

    languages: dict[str, Followed]
    imported: str


def named_block(name: str) -> Block:
    """Return the page's block of a name."""
    (block,) = [block for block in blocks_of(PAGE) if block.name == name]
    return block


def node_parts() -> NodeParts | None:
    """Return Node's parts where the machine has them or can be given them."""
    try:
        return NODE.ensure(may_use_sudo=False)
    except PartMissingError:
        return None


def prepared_run(language: str, caller: Caller, node: NodeParts | None) -> Callable[[], str]:
    """Return what follows the page in a language; TypeScript has been checked by then."""
    program = program_of(blocks_of(PAGE), language)
    if language == "bash":
        return lambda: run_shell(caller, program)
    if language == "python":
        return lambda: run_python(caller, program)
    assert node is not None
    compile_typescript(caller, program, node)
    return lambda: run_javascript(caller, node)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Follow the page twice in all languages at once, each with a service of its own."""
    require(CURL)
    node = node_parts()
    languages = [language for language in PROGRAMS if node or language != "typescript"]
    clock = re.search(r"serve --test-clock (\S+)", PAGE.read_text())
    assert clock is not None
    service = RunningService(tmp_path_factory.mktemp("data"), clock[1])
    try:
        with ThreadPoolExecutor(len(languages)) as pool:
            keys = {one: created_service(service.data_dir, PROGRAMS[one]) for one in languages}
            service.start()
            yield follow(service, keys, node, pool)
    finally:
        if service.process is not None and service.process.poll() is None:
            service.kill()


def follow(
    service: RunningService, keys: dict[str, str], node: NodeParts | None, pool: ThreadPoolExecutor
) -> Outcome:
    """Run the page's programs through a door that loses an answer, then stop the service."""
    with lossy_door(service.port, PATIENT_PUSH) as door:
        callers = {
            language: a_caller(service.data_dir / language, door.url, key)
            for language, key in keys.items()
        }
        runs = list(pool.map(lambda one: started(one[0], one[1], node), callers.items()))
        first = list(pool.map(lambda run: run(), runs))
        service.advance_clock(keys["bash"], LATER)
        second = list(pool.map(lambda run: run(), runs))
        attempts = [door.attempts[f"Bearer {key}"] for key in keys.values()]
    usages = [json.loads(service.fetch(USAGE, key=key)) for key in keys.values()]
    assert service.stop() == 0
    imported = run_shell(
        callers["bash"], named_block("service-stopped").text, FUSION_DATA_DIR=str(service.data_dir)
    )
    rows = zip(keys, first, second, usages, attempts, strict=True)
    return Outcome({language: Followed(*row) for language, *row in rows}, imported)


def created_service(data_dir: Path, code: str) -> str:
    """Create a service as the command line does, in this process to spare two seconds for each."""
    words = ["service", "create", code, "--json", "--data-dir", str(data_dir)]
    created = CliRunner().invoke(app, words, catch_exceptions=False)
    return str(json.loads(created.stdout)["api_key"])


def a_caller(folder: Path, url: str, key: str) -> Caller:
    """Make a caller with the page's file in its folder."""
    folder.mkdir()
    (folder / "usage.csv").write_text(named_block("usage.csv").text)
    return Caller(folder, url, key)


def started(language: str, caller: Caller, node: NodeParts | None) -> Callable[[], str]:
    """Create what the page counts, and return what follows the page."""
    run_python(caller, named_block("set-up").text)
    return prepared_run(language, caller, node)


def followed(outcome: Outcome, language: str) -> Followed:
    """Return what came of a language; without its real part, skip or fail."""
    if language not in outcome.languages:
        require(NODE)
    return outcome.languages[language]


def test_every_block_has_its_use() -> None:
    """A block of the page is part of a program, is used by its name, or is compared."""
    used = {(block.name, block.language) for block in blocks_of(PAGE)}
    programs = {("", language) for language in {*PROGRAMS, *SHOWN}}

    assert used == {*NAMED.items()} | programs


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_examples_add_up(outcome: Outcome, language: str) -> None:
    """All examples of a language, run twice with an answer lost, count once and to the cent."""
    found = followed(outcome, language)
    usage = found.usage["customer_usage"]
    charges = {one["billable_metric"]["code"]: one for one in usage["charges_usage"]}

    assert {code: (one["units"], one["amount_cents"]) for code, one in charges.items()} == {
        "gpu_seconds": ("4455.050000000001", 891),
        "egress_gb": ("62.25", 311),
    }
    assert usage["amount_cents"] == 1_202
    assert {code: one["events_count"] for code, one in charges.items()} == {
        "gpu_seconds": 9,
        "egress_gb": 1,
    }
    assert found.attempts == 4


@pytest.mark.parametrize("language", ["python", "typescript"])
def test_the_programs_print_what_the_page_shows(outcome: Outcome, language: str) -> None:
    """The page's result is what its programs print in the end, in both runs."""
    found = followed(outcome, language)
    (shown,) = [block.text for block in blocks_of(PAGE) if block.language == "text"]

    assert found.first.endswith(shown)
    assert found.second == found.first


def test_the_answers_shown_are_given(outcome: Outcome) -> None:
    """Each answer on the page is given as it stands there, also to the page run again later."""
    shown = [json.loads(block.text) for block in blocks_of(PAGE) if block.language == "json"]
    first = json_answers(outcome.languages["bash"].first)
    second = json_answers(outcome.languages["bash"].second)

    assert [answer for answer in shown if answer not in first] == []
    assert [answer for answer in shown if answer not in second] == []


def test_the_command_line_knows_the_file_too(outcome: Outcome) -> None:
    """The file that came over HTTP is imported once, whoever gives it again."""
    assert "usage.csv: finished, 2 rows kept, 0 known before, 0 refused" in outcome.imported
