"""Every row of docs/lago_differences.md is held by tests that exist; no other row is claimed."""

import ast
from collections.abc import Iterator

import pytest

from tests.house.lago_differences import PROOFS
from tests.house.markdown import Row, table_rows
from tests.house.sources import ROOT, Source, all_sources

PAGE = "docs/lago_differences.md"
DATA = "tests/house/lago_differences.py"
NAMED = sorted({test for rows in PROOFS.values() for tests in rows.values() for test in tests})
SOURCES = {source.path: source for source in all_sources()}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def rows_of_the_page() -> list[Row]:
    """Return the page's rows; a row is known by its section and its first cell."""
    return table_rows((ROOT / PAGE).read_text())


def defined_in(source: Source) -> set[str]:
    """Return the tests that a file defines, as `function` or `Class::method`."""
    return set(_tests(source.tree.body, "")) if source.name.startswith("test_") else set()


def _tests(body: list[ast.stmt], owner: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, Function) and node.name.startswith("test_"):
            yield owner + node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _tests(node.body, f"{node.name}::")


def test_a_row_stands_once() -> None:
    """No two rows of a section have one name, or one's tests would hold the other."""
    known = [(row.heading, row.cells[0]) for row in rows_of_the_page()]

    assert sorted(set(known)) == sorted(known)


def test_every_row_has_its_tests() -> None:
    """A difference that no test holds may be gone tomorrow without a word."""
    bare = [
        f"{row.heading}: {row.cells[0]}"
        for row in rows_of_the_page()
        if not PROOFS.get(row.heading, {}).get(row.cells[0])
    ]

    assert bare == [], f"name in {DATA} the tests that hold these rows of {PAGE}"


def test_every_claim_is_a_row() -> None:
    """What is no difference any more is taken out of both."""
    known = {(row.heading, row.cells[0]) for row in rows_of_the_page()}
    claimed = {(heading, name) for heading, rows in PROOFS.items() for name in rows}

    assert sorted(claimed - known) == [], f"{DATA} names rows that {PAGE} has not"


@pytest.mark.parametrize("named", NAMED)
def test_every_named_test_is_there(named: str) -> None:
    """The file is there and defines the test, not only its name in some text."""
    path, _, name = named.partition("::")

    assert path in SOURCES, f"{DATA} names a file that is not there: {path}"
    assert name in defined_in(SOURCES[path]), f"{DATA} names a test that is not there: {named}"


def test_only_what_runs_is_a_test() -> None:
    """Nested functions, other methods, texts and files that are no tests define none."""
    text = (
        "def test_a():\n    def test_inner(): ...\n'def test_text(): ...'\n"
        "class TestB:\n    def test_c(self): ...\n    def other(self): ...\n"
        "class B:\n    def test_d(self): ...\n"
    )

    assert defined_in(Source("tests/test_x.py", text)) == {"test_a", "TestB::test_c"}
    assert defined_in(Source("tests/makers.py", text)) == set()


def test_rows_are_read_as_github_reads_them() -> None:
    """Rows belong to the heading above; column names, rules and code blocks are none of them."""
    text = (
        "# A\n| N | M |\n|---|:-:|\n| a | `b\\|c` |\n```\n| d | e |\n```\n## B\n| N |\n|-|\n| f |"
    )

    assert table_rows(text) == [Row("A", ("a", "`b\\|c`")), Row("B", ("f",))]
