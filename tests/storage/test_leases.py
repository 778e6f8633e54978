"""One holder at a time has a lease, and a late one is kept out, on SQLite and PostgreSQL."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage.columns import EPOCH
from storage.leases import Lease, LeaseLostError, acquire, guard, release, renew
from storage.state import State, open_state
from storage.tables import lease
from tests.prepared import prepared_state

NOW = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)
SECONDS = 30
JOB = "flush of shard 3"


@pytest.fixture
def state_on_postgresql(database_url: str, tmp_path: Path) -> Iterator[State]:
    """Give an empty state database in PostgreSQL."""
    url = database_url.replace("postgresql://", "postgresql+psycopg://")
    with closing(open_state(url, tmp_path)) as state:
        yield state


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[State]:
    """Give an empty state database of either kind."""
    if request.param == "postgresql":
        yield request.getfixturevalue("state_on_postgresql")
        return
    with closing(open_state("", prepared_state(tmp_path))) as state:
        yield state


def take(state: State, holder: str, at: datetime = NOW) -> Lease | None:
    with state.write() as connection:
        return acquire(connection, JOB, holder, at, SECONDS)


def taken(state: State, holder: str) -> Lease:
    held = take(state, holder)
    assert held is not None
    return held


def lengthen(state: State, held: Lease) -> Lease | None:
    with state.write() as connection:
        return renew(connection, held, NOW, SECONDS)


def give_up(state: State, held: Lease) -> None:
    with state.write() as connection:
        release(connection, held)


def let_it_run_out(state: State) -> None:
    """Move the end of the lease into the past, as if its time had gone by."""
    with state.write() as connection:
        connection.execute(lease.update().values(expires_at=EPOCH))


def works(state: State, held: Lease) -> bool:
    """Say whether a guarded write of the holder counts."""
    try:
        with state.write() as connection:
            guard(connection, held)
    except LeaseLostError:
        return False
    return True


def test_one_holder_at_a_time(state: State) -> None:
    """While one holds the lease another gets none, for this job but not for another job."""
    first = taken(state, "a")
    with state.write() as connection:
        other_job = acquire(connection, "another job", "b", NOW, SECONDS)

    assert take(state, "b") is None
    assert (first.name, first.holder, first.token) == (JOB, "a", 1)
    assert (other_job is not None, works(state, first)) == (True, True)


def test_a_lease_that_ran_out_goes_to_the_next(state: State) -> None:
    """After its end a lease is anybody's, under a higher token."""
    first = taken(state, "a")
    let_it_run_out(state)
    second = taken(state, "b")

    assert (second.holder, second.token) == ("b", first.token + 1)


def test_a_zombie_is_kept_out(state: State) -> None:
    """Who slept past the end can't renew, release or write once another holds the lease."""
    zombie = taken(state, "a")
    let_it_run_out(state)
    second = taken(state, "b")

    assert lengthen(state, zombie) is None
    give_up(state, zombie)
    assert take(state, "c") is None
    assert (works(state, zombie), works(state, second)) == (False, True)


def test_a_zombie_of_the_same_name_is_kept_out(state: State) -> None:
    """Even where a holder comes back under its old name, its earlier tenure is over."""
    zombie = taken(state, "a")
    let_it_run_out(state)
    again = taken(state, "a")

    assert again.token == zombie.token + 1
    assert (lengthen(state, zombie), works(state, zombie)) == (None, False)
    assert works(state, again)


def test_a_renewed_lease_goes_on(state: State) -> None:
    """Renewing moves the end and keeps the token; acquiring one's own lease does the same."""
    first = taken(state, "a")
    renewed = lengthen(state, first)
    again = taken(state, "a")

    assert renewed is not None
    assert first.expires_at <= renewed.expires_at <= again.expires_at
    assert (renewed.token, again.token) == (first.token, first.token)


def test_a_lease_that_ran_out_is_not_renewed(state: State) -> None:
    """After its end a lease must be acquired anew, yet its writes count while nobody took it."""
    held = taken(state, "a")
    let_it_run_out(state)

    assert lengthen(state, held) is None
    assert works(state, held)


def test_a_released_lease_is_free_at_once(state: State) -> None:
    """The next holder need not wait, and the one who released it can write no more."""
    first = taken(state, "a")
    give_up(state, first)

    assert works(state, first) is False
    assert lengthen(state, first) is None
    assert taken(state, "b").token == first.token + 1


def test_tokens_only_rise(state: State) -> None:
    """Over many tenures, ended in either way, every one has a higher token than all before."""
    tokens: list[int] = []
    for turn in range(6):
        held = taken(state, "ab"[turn % 2])
        tokens.append(held.token)
        if turn % 3:
            give_up(state, held)
        else:
            let_it_run_out(state)

    assert tokens == [1, 2, 3, 4, 5, 6]


def test_of_many_at_once_one_gets_it(state: State) -> None:
    """When several ask at the same moment exactly one holds the lease, again and again."""
    together = threading.Barrier(4)

    def ask(holder: str) -> Lease | None:
        together.wait(timeout=30)
        return take(state, holder)

    with ThreadPoolExecutor(4) as pool:
        for turn in range(1, 6):
            held = [each for each in pool.map(ask, "abcd") if each]
            assert [each.token for each in held] == [turn]
            let_it_run_out(state)


def test_sqlite_judges_by_the_given_time(tmp_path: Path) -> None:
    """At its end, to the microsecond, a lease is free, and not before."""
    with closing(open_state("", prepared_state(tmp_path))) as state:
        held = taken(state, "a")
        ends = NOW + timedelta(seconds=SECONDS)

        assert held.expires_at == ends
        assert take(state, "b", ends - timedelta(microseconds=1)) is None
        assert take(state, "b", ends) is not None


def test_postgresql_judges_by_its_own_time(state_on_postgresql: State) -> None:
    """A host whose clock is a year ahead gets no lease that another holds."""
    held = taken(state_on_postgresql, "a")

    assert take(state_on_postgresql, "b", NOW + timedelta(days=365)) is None
    assert held.expires_at > NOW + timedelta(seconds=SECONDS)


def test_a_guarded_transaction_ends_before_the_lease_changes(state_on_postgresql: State) -> None:
    """Who guards its writes in PostgreSQL has committed them before another gets the lease."""
    held = taken(state_on_postgresql, "a")
    let_it_run_out(state_on_postgresql)
    with ThreadPoolExecutor(1) as pool:
        with state_on_postgresql.write() as connection:
            guard(connection, held)
            waiting = pool.submit(take, state_on_postgresql, "b")
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        second = waiting.result(timeout=10)

    assert second is not None
    assert second.token == held.token + 1
