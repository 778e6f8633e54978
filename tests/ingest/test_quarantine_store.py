"""Decisions about quarantined events: one holds for each row."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.quarantine.store import Kind, Resolution, claim, finish, settled_ids, unfinished
from storage.state import State
from tests.ingest.makers import NOW
from tests.ingest.repairing import a_state


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """Give a state with two services."""
    with closing(a_state(tmp_path, "")) as state:
        yield state


def is_given(state: State, kind: Kind, service_code: str = "nexadesk") -> bool:
    with state.write() as connection:
        return bool(claim(connection, service_code, [Resolution(service_code, "r", kind, NOW)]))


@pytest.mark.parametrize("first", Kind)
@pytest.mark.parametrize("second", Kind)
@pytest.mark.parametrize("is_finished", [False, True])
def test_a_row_is_decided_once(
    state: State, first: Kind, second: Kind, *, is_finished: bool
) -> None:
    """Whoever decides first holds the row; only a replay that was carried out may be repeated."""
    assert is_given(state, first)
    if is_finished:
        with state.write() as connection:
            finish(connection, "nexadesk", ["r"], NOW)

    may_repeat = is_finished and first is second is Kind.REPLAYED
    assert is_given(state, second) is may_repeat
    assert is_given(state, second, "nexamaps")


def test_what_was_not_carried_out_is_found_again(state: State) -> None:
    """A decision is unfinished until it is marked; only then is its row settled."""
    is_given(state, Kind.MENDED)
    with state.write() as connection:
        assert [each.row_id for each in unfinished(connection, "nexadesk", 5)] == ["r"]
        assert settled_ids(connection, "nexadesk") == []
        finish(connection, "nexadesk", ["r"], NOW)
        assert unfinished(connection, "nexadesk", 5) == []
        assert settled_ids(connection, "nexadesk") == ["r"]
