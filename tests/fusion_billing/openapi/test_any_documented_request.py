"""Whatever the OpenAPI allows, or forbids, is answered as it says, and never with a failure."""

import os
import re
from itertools import chain
from pathlib import Path

import pytest

from tests.fusion_billing.openapi.schemathesis_run import (
    CLOCK,
    World,
    parts,
    said_by_schemathesis,
    toured,
)

EXAMPLES_EACH_TIME = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "10"))
CHAINS_EACH_TIME = 25  # fewer follow too few links
EXAMPLES_NIGHTLY = 200
PARTS = parts()
ALL_BUT_CLOCK = tuple(path for path in chain.from_iterable(PARTS) if path != CLOCK)
LINKS_MIN = 5


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Give a world in which there is something of every kind."""
    return toured(tmp_path_factory.mktemp("world"))


@pytest.mark.parametrize("phases", [("examples", "fuzzing"), ("coverage",)], ids=",".join)
def test_drawn_requests_are_answered_as_documented(
    phases: tuple[str, ...], tmp_path: Path, world: World
) -> None:
    """Drawn requests get documented statuses and shapes, and no 5xx."""
    said = said_by_schemathesis(
        tmp_path, world, examples=EXAMPLES_EACH_TIME, phases=phases, paths=ALL_BUT_CLOCK
    )

    assert "generated" in said


@pytest.mark.parametrize(
    "examples",
    [CHAINS_EACH_TIME, pytest.param(EXAMPLES_NIGHTLY, marks=pytest.mark.nightly)],
)
def test_chains_of_requests_are_answered_as_documented(
    examples: int, tmp_path: Path, world: World
) -> None:
    """What one request is answered, the next one asks for; all get documented statuses."""
    said = said_by_schemathesis(
        tmp_path, world, examples=examples, phases=("stateful",), paths=ALL_BUT_CLOCK
    )
    found = re.search(r"API Links: +(\d+) covered", said)

    assert found is not None
    assert int(found[1]) >= LINKS_MIN


@pytest.mark.nightly
@pytest.mark.parametrize("paths", PARTS, ids=lambda each: each[0])
def test_many_drawn_requests_are_answered_as_documented(
    paths: tuple[str, ...], tmp_path: Path, world: World
) -> None:
    """All phases with 200 examples an operation find nothing either, the clock's included."""
    said = said_by_schemathesis(
        tmp_path, world, examples=EXAMPLES_NIGHTLY, paths=paths,
        phases=("examples", "coverage", "fuzzing"),
    )  # fmt: skip

    assert "generated" in said
