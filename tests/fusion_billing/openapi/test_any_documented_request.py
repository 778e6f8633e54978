"""Whatever the OpenAPI allows, or forbids, is answered as it says, and never with a failure."""

import os
from pathlib import Path

import pytest

from tests.fusion_billing.openapi.schemathesis_run import said_by_schemathesis

EXAMPLES_EACH_TIME = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "25"))
EXAMPLES_NIGHTLY = 200


def test_drawn_requests_are_answered_as_documented(tmp_path: Path) -> None:
    """Drawn requests, and chains of them, get documented statuses and shapes, and no 5xx."""
    phases = ("examples", "fuzzing", "stateful")
    said = said_by_schemathesis(tmp_path, examples=EXAMPLES_EACH_TIME, phases=phases)

    assert "generated" in said


@pytest.mark.nightly
def test_many_drawn_requests_are_answered_as_documented(tmp_path: Path) -> None:
    """All phases with 200 examples an operation find nothing either."""
    phases = ("examples", "coverage", "fuzzing", "stateful")
    said = said_by_schemathesis(tmp_path, examples=EXAMPLES_NIGHTLY, phases=phases)

    assert "generated" in said
