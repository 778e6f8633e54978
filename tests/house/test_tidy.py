"""The source is tested too: every file keeps every rule, and every rule knows good from bad."""

import pytest

from tests.house.sources import ROOMS, Source, all_sources
from tests.house.tidy import RULES, Rule

LONG = "def f():\n" + "    x = 1\n" * 70
README = "## Owns\n## Does not own\n## Invariants\n"
# For each rule: a path, a text that breaks the rule there, and one that keeps it.
SAMPLES = {
    "function_length": ("rating/a.py", LONG, LONG[:-10]),
    "module_length": ("rating/a.py", "x = 1\n" * 401, "x = 1\n" * 400),
    "line_length": ("rating/a.py", "x" * 101, "x" * 100),
    "module_names": ("rating/{}.py", "utils", "price_book"),
    "function_names": ("rating/a.py", "def handle_push(): ...", "def processed(): ..."),
    "class_names": ("rating/a.py", "class PlanManager: ...", "class Manager: ..."),
    "exact_numbers": ("rating/a.py", "x = 0.5", "x = 0.5  # float: Odoo's RPC"),
    "clock_calls": ("rating/a.py", "x = datetime.now(UTC)", "x = time.monotonic()"),
    "environment_reads": ("rating/a.py", "x = os.environ['X']", "x = os.cpu_count()"),
    "duckdb_home": ("rating/a.py", "import duckdb", "import polars"),
    "thin_routes": ("rating/answers/routes.py", "from decimal import Decimal", "import fastapi"),
    "module_docstrings": ("rating/a.py", "x = 1", '"""Decides x."""\nx = 1'),
    "test_docstrings": ("tests/test_a.py", "def test_a(): ...", 'def test_a():\n    """It is."""'),
    "leftovers": ("docs/a.md", "TO" + "DO later", "to do later"),
    "machine_paths": ("docs/a.md", "cd /ro" + "ot/x", "GET /api/v1/root/"),
    "registry_hosts": ("docs/a.md", "see pypi.o" + "rg", "see PyPI"),
    "room_readme": ("rating/README.md", README, README + "## Words\n"),
}


def name_of(rule: Rule) -> str:
    """Return the rule's name, to show in the test's own."""
    return rule.__name__


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    """No file of the repository breaks the rule."""
    faults = [
        f"{source.path}:{line}: {fault}" for source in all_sources() for line, fault in rule(source)
    ]

    if faults:
        pytest.fail("\n".join((str(rule.__doc__), *faults)), pytrace=False)


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_the_rule_knows_good_from_bad(rule: Rule) -> None:
    """The rule finds one fault in its bad sample and none in its good one."""
    path, bad, good = SAMPLES[rule.__name__]

    faults = [len(list(rule(Source(path.format(text), text)))) for text in (bad, good)]

    assert faults == [1, 0]


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_introduces_itself(room: str) -> None:
    """Every room has a README; its headings are a rule of their own."""
    assert f"{room}/README.md" in {source.path for source in all_sources()}
