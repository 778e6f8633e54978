"""Lago's own numbers, case by case, and the program that runs a file of them."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.lago_vectors.__main__ import main
from tests.lago_vectors.reading import Vector
from tests.lago_vectors.runner import COMPUTED_BY, outcome
from tests.rating.lago_cases import lago_cases

PASSING: Vector = {
    "id": "standard",
    "kind": "charge_model",
    "model": "standard",
    "properties": {"amount": "0.5"},
    "units": "3",
    "expected": {"amount": "1.5"},
}
FAILING = PASSING | {"id": "wrong", "expected": {"amount": "1.6"}}
UNKNOWN = PASSING | {"id": "unknown", "kind": "wallet"}
BROKEN = PASSING | {"id": "broken", "properties": {}}


@pytest.mark.parametrize("vector", lago_cases())
def test_we_compute_what_lago_does(vector: Vector) -> None:
    """What bills here computes what Lago's own test suite expects."""
    result = outcome(vector)

    assert result.is_passed, str(result)


def file_of(folder: Path, *vectors: Vector, **changed: Any) -> str:  # noqa: ANN401 - any JSON
    """Write a file of vectors and return its path."""
    path = folder / "vectors.json"
    path.write_text(json.dumps({"schema_version": 1, "vectors": vectors} | changed))
    return str(path)


def test_a_file_that_passes_ends_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """When every vector passes, the count is all that is said, with status 0."""
    status = main([file_of(tmp_path, PASSING)])

    assert status == 0
    assert capsys.readouterr().out == "1 passed, 0 failed\n"


def test_each_failure_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong number, an unknown kind and a vector that raises fail, the others still count."""
    status = main([file_of(tmp_path, FAILING, UNKNOWN, BROKEN, PASSING)])
    told = capsys.readouterr().out

    assert status == 1
    assert "FAILED wrong\n  amount: computed 1.5, expected 1.6" in told
    assert "FAILED unknown\n  no kind 'wallet' is known here" in told
    assert "FAILED broken\n  computed nothing: KeyError: 'amount'" in told
    assert told.endswith("1 passed, 3 failed\n")


@pytest.mark.parametrize(
    "arguments", [[], ["a", "b"], ["no-such-file.json"]], ids=["none", "two", "absent"]
)
def test_what_is_no_file_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without one readable file nothing is run, and the status says so."""
    assert main(arguments) == 2
    assert capsys.readouterr().err


def test_another_schema_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of another schema is refused, not half understood."""
    assert main([file_of(tmp_path, PASSING, schema_version=2)]) == 2
    assert "schema" in capsys.readouterr().err


def test_numbers_are_read_through_their_text(tmp_path: Path) -> None:
    """A tier bound written as 0.1 is a tenth, not the nearest binary number."""
    touching = PASSING | {
        "model": "graduated",
        "properties": {
            "graduated_ranges": [
                {"from_value": 0, "to_value": 0.1, "per_unit_amount": "1", "flat_amount": "0"},
                {"from_value": 0.1, "to_value": None, "per_unit_amount": "2", "flat_amount": "0"},
            ]
        },
        "units": "0.3",
        "expected": {"amount": "0.5"},
    }

    assert main([file_of(tmp_path, touching)]) == 0


@pytest.mark.parametrize("kind", COMPUTED_BY)
def test_every_kind_has_its_function(kind: str) -> None:
    """Each kind of the schema is computed by a function that is there."""
    module, function = COMPUTED_BY[kind]

    assert callable(getattr(import_module(f"tests.lago_vectors.{module}"), function))
