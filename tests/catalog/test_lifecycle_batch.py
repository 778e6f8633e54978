"""Events that are appended together are as if each had been appended by itself, and cheap."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from catalog.services import Service
from catalog.store.lifecycle_events import after, append, append_all, last_sequence
from catalog.store.services import add_service
from storage.state import State, open_state

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CODES = ("nexacloud", "nexadesk")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[State]:
    """Give a state with two services."""
    opened = open_state("", tmp_path_factory.mktemp("state"))
    with opened.write() as connection:
        for code in CODES:
            add_service(connection, Service(code, code, code, "America/Toronto", "CAD", NOW))
    yield opened
    opened.close()


def test_together_is_one_after_the_other(state: State) -> None:
    """Sequences go on without a gap, in the order told, for each service by itself."""
    cloud, desk = CODES
    with state.write() as connection:
        first = append(connection, cloud, "a", {"n": 1}, NOW)
        third = append_all(connection, cloud, [("b", {"n": 2}), ("c", {"n": 3})], NOW)
        nothing = append_all(connection, cloud, [], NOW)
        fourth = append(connection, cloud, "d", {"n": 4}, NOW)
        other = append_all(connection, desk, [("e", {})], NOW)
        told = after(connection, cloud, 0)

    assert (first, third, nothing, fourth, other) == (1, 3, 3, 4, 1)
    assert [(one.sequence, one.kind, one.body) for one in told] == [
        *((1, "a", '{"n":1}'), (2, "b", '{"n":2}'), (3, "c", '{"n":3}'), (4, "d", '{"n":4}')),
    ]


def test_what_is_rolled_back_leaves_no_gap(state: State) -> None:
    """Events of a transaction that fails take no sequence."""

    def append_and_stop() -> None:
        with state.write() as connection:
            append_all(connection, CODES[1], [("x", {}), ("y", {})], NOW)
            raise RuntimeError("stop")

    with state.read() as connection:
        before = last_sequence(connection, CODES[1])
    with pytest.raises(RuntimeError, match="stop"):
        append_and_stop()
    with state.write() as connection:
        assert append(connection, CODES[1], "z", {}, NOW) == before + 1


def test_many_events_are_as_many_statements_as_one(state: State) -> None:
    """A thousand events told at once cost no statement more than a single one."""
    counted: list[str] = []

    def count(_connection: sa.Connection, clause: object, *_rest: object) -> None:
        counted.append(type(clause).__name__)

    with state.write() as connection:
        sa.event.listen(connection, "before_execute", count)
        append_all(connection, CODES[0], [("one", {})], NOW)
        single = len(counted)
        append_all(connection, CODES[0], [("many", {"n": n}) for n in range(1_000)], NOW)

    assert len(counted) == 2 * single
