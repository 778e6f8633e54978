"""Keys in the state database: one attempt at a time, on SQLite and PostgreSQL alike."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.store import services
from fusion_billing.idempotency import store
from fusion_billing.idempotency.decision import KeptAnswer, KeptRequest, Verdict, is_kept, verdict
from storage.state import State, open_state
from tests.fusion_billing.makers import a_service
from tests.prepared import prepared_state
from tests.real_parts import POSTGRES, require, running_postgres

AT = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
TERMS = store.Terms(lease_seconds=30, kept_hours=1)
ANSWER = KeptAnswer(200, ((b"content-type", b"application/json"), (b"x-odd", b"\xe9")), b"\x00{}")
ATTEMPTS = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """Give a state database of either kind, with the service nexadesk."""
    if request.param == "sqlite":
        with closing(open_state("", prepared_state(tmp_path))) as state:
            yield with_service(state)
        return
    with running_postgres(require(POSTGRES)) as server:
        server.create_database("keys")
        url = server.url("keys").replace("postgresql://", "postgresql+psycopg://")
        with closing(open_state(url, tmp_path)) as state:
            yield with_service(state)


def with_service(state: State) -> State:
    with state.write() as connection:
        services.add_service(connection, a_service(AT))
    return state


def a_mark(holder: str = "one", digest: str = "d") -> store.Mark:
    return store.Mark("nexadesk", "key", digest, holder)


def begin(state: State, mark: store.Mark) -> tuple[Verdict, KeptAnswer | None]:
    with state.write() as connection:
        return store.begin(connection, mark, AT, TERMS)


def test_of_attempts_at_once_one_runs(state: State) -> None:
    """Whoever comes while the first attempt runs is told so; then all get its very answer."""
    marks = [a_mark(str(number)) for number in range(ATTEMPTS)]
    with ThreadPoolExecutor(ATTEMPTS) as pool:
        found = [one for one, _ in pool.map(lambda mark: begin(state, mark), marks)]
    runner = marks[found.index(Verdict.RUN)]
    with state.write() as connection:
        kept = store.finish(connection, runner, ANSWER)

    assert sorted(one.value for one in found) == ["in_flight"] * (ATTEMPTS - 1) + ["run"]
    assert kept
    assert begin(state, a_mark("late")) == (Verdict.REPLAY, ANSWER)
    assert begin(state, a_mark("late", "other")) == (Verdict.OTHER_REQUEST, None)


def test_what_was_given_up_may_run_at_once(state: State) -> None:
    """An attempt that ended without an answer holds nobody up, nor do those of a dead process."""
    begin(state, a_mark())
    with state.write() as connection:
        store.give_up(connection, a_mark())
    assert begin(state, a_mark("two"))[0] is Verdict.RUN
    with state.write() as connection:
        assert store.forget_running(connection) == 1

    assert begin(state, a_mark("three"))[0] is Verdict.RUN


def test_only_the_holder_ends_an_attempt(state: State) -> None:
    """A stranger neither finishes nor gives up what another attempt holds."""
    begin(state, a_mark())
    with state.write() as connection:
        assert not store.finish(connection, a_mark("two"), ANSWER)
        store.give_up(connection, a_mark("two"))
        store.renew(connection, a_mark("two"), AT, TERMS)

    assert begin(state, a_mark("two"))[0] is Verdict.IN_FLIGHT


@given(
    is_same=st.booleans(), is_answered=st.booleans(),
    lease=st.integers(-2, 2), kept=st.integers(-2, 2),
)  # fmt: skip
def test_a_verdict_depends_on_four_things(
    *, is_same: bool, is_answered: bool, lease: int, kept: int
) -> None:
    """Expiry comes first, then the request itself, then its answer, then a live lease."""
    known = KeptRequest(
        "same" if is_same else "other",
        AT + timedelta(seconds=lease),
        AT + timedelta(seconds=kept),
        ANSWER if is_answered else None,
    )
    if kept <= 0:
        expected = Verdict.RUN
    elif not is_same:
        expected = Verdict.OTHER_REQUEST
    elif is_answered:
        expected = Verdict.REPLAY
    else:
        expected = Verdict.IN_FLIGHT if lease > 0 else Verdict.RUN

    assert verdict(known, "same", AT) is expected
    assert verdict(None, "same", AT) is Verdict.RUN


def test_what_may_end_otherwise_is_not_kept() -> None:
    """Answers up to 499 are kept, but for those about the caller's key and pace."""
    kept = {status for status in range(200, 600) if is_kept(status)}

    assert kept == set(range(200, 500)) - {401, 408, 429}
