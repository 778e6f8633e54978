"""Our OpenAPI beside Lago's own: what both serve differs only as the table says."""

import json
from typing import Any

import pytest

from fusion_billing.openapi.completing import refusals_of
from fusion_billing.openapi.document import OPERATIONS, SHAPES
from fusion_billing.openapi.envelope import ENVELOPES
from tests.fusion_billing.openapi.lago_comparison import DONE, Comparison, shared_operations
from tests.fusion_billing.openapi.lago_differences import DIFFERENCES, STATUSES
from tests.shared_files import shared_file

SHARED_OPERATIONS_MIN = 98


@pytest.fixture(scope="module")
def lago() -> dict[str, Any]:
    """Give the shapes of Lago's document."""
    found: dict[str, Any] = json.loads(shared_file("reference/lago_shapes.json").read_text())
    return found


def test_answers_differ_from_lagos_only_as_listed(lago: dict[str, Any]) -> None:
    """A member that Lago has and we lack, or the other way round, stands in the table."""
    comparison = Comparison(lago["shapes"], {**SHAPES, **ENVELOPES})
    found: set[str] = set()
    for _, answers, ours in shared_operations(lago["operations"], OPERATIONS):
        if str(ours.status) == DONE and ours.answer is not None and answers.get(DONE):
            found |= comparison.differences(answers[DONE], ours.answer)
    listed = [each for members in DIFFERENCES.values() for each in members]

    assert found == set(listed)
    assert len(set(listed)) == len(listed)


def test_statuses_differ_from_lagos_only_as_listed(lago: dict[str, Any]) -> None:
    """A status that Lago's document names for an operation is documented here, or listed."""
    found = {
        (status, name)
        for name, answers, ours in shared_operations(lago["operations"], OPERATIONS)
        for status in answers
        if int(status) not in {ours.status, *refusals_of(ours)}
    }

    assert found == {(reason[:3], name) for reason, names in STATUSES.items() for name in names}


def test_most_of_ours_is_lagos(lago: dict[str, Any]) -> None:
    """The comparison is about something: so many operations are served by both."""
    shared = list(shared_operations(lago["operations"], OPERATIONS))

    assert len(shared) >= SHARED_OPERATIONS_MIN


def test_a_missing_member_is_found() -> None:
    """The comparison sees what lacks, what is more, and what is not described."""
    comparison = Comparison({"A": {"fields": {"x": {}, "y": {"fields": {"z": {}}}}}}, {})
    mine = {"properties": {"w": {}, "y": {"type": "object"}}}

    assert comparison.differences({"object": "A"}, mine) == {"- A.x", "+ A.w", "? A.y"}
