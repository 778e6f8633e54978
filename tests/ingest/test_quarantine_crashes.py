"""A repair that is cut off anywhere loses and doubles nothing."""

import pytest

from catalog.errors import TemporarilyUnavailable
from ingest.quarantine import repair as quarantine_repair
from ingest.quarantine.repair import resume_all
from ingest.quarantine.store import Kind
from tests.ingest.makers import an_event
from tests.ingest.repairing import (
    CALLS,
    LATER,
    Crash,
    Repairing,
    calls,
    crash_at,
    decided,
    uncountable,
)


@pytest.mark.parametrize(
    "place",
    [
        "quarantine.claiming",
        "quarantine.claimed",
        "quarantine.pushed",
        "quarantine.finishing",
        "quarantine.finished",
    ],
)
@pytest.mark.parametrize("moved", [False, True])
def test_a_crash_in_a_mend_loses_and_doubles_nothing(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch, place: str, *, moved: bool
) -> None:
    """Wherever a mend ends, the next start finishes it, or finds it never begun: once in all."""
    changes = {"external_subscription_id": "sub-2"} if moved else {"properties": {"tokens": 3}}
    event = an_event("a", external_subscription_id=None) if moved else an_event("a", properties={})
    bench.set_aside(event)
    with monkeypatch.context() as patched:
        crash_at(patched, place)
        with pytest.raises(Crash):
            bench.mend(**changes)
    bench.restart()

    resumed = resume_all(bench.parts, LATER)
    again = bench.mend(**changes).repaired

    assert (resumed, again) == {
        "quarantine.claiming": (0, 1),
        "quarantine.finished": (0, 0),
    }.get(place, (1, 0))
    bench.restart()
    assert bench.usage()["subscription_id"].to_list() == ["sub-2" if moved else "sub-1"]
    assert bench.open() == []
    assert bench.replay().repaired == 0
    assert (decided(bench, "0-1-0").author, decided(bench, "0-1-0").kind) == ("ada", Kind.MENDED)


@pytest.mark.parametrize("place", ["quarantine.claimed", "quarantine.pushed"])
def test_a_crash_in_a_replay_loses_and_doubles_nothing(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """A replay that ended half-way, also between two of its pushes, is finished by the next."""
    monkeypatch.setattr(quarantine_repair, "EVENTS_PER_PUSH_MAX", 1)
    bench.set_aside(uncountable("a"), uncountable("b"))
    bench.metrics[CALLS] = calls()
    with monkeypatch.context() as patched:
        crash_at(patched, place)
        with pytest.raises(Crash):
            bench.replay()
    bench.restart()

    bench.replay(at=LATER)

    bench.restart()
    assert bench.usage()["transaction_id"].to_list() == ["a", "b"]
    assert bench.open() == []


def test_an_unfinished_mend_is_still_open(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision that nobody carried out yet hides nothing."""
    bench.set_aside(an_event("a", properties={}))
    with monkeypatch.context() as patched:
        crash_at(patched, "quarantine.claimed")
        with pytest.raises(Crash):
            bench.mend(properties={"tokens": 3})

    assert [row.id for row in bench.open()] == ["0-1-0"]


def test_a_full_inbox_is_told_and_finished_later(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses the push, the caller is told, and the next call carries it out."""
    bench.set_aside(uncountable("a"))
    bench.metrics[CALLS] = calls()

    def refuse(*_args: object, **_named: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(bench.ingest.inbox, "append", refuse)
        with pytest.raises(TemporarilyUnavailable):
            bench.replay()
    assert bench.usage().is_empty()
    bench.replay()
    assert bench.usage()["transaction_id"].to_list() == ["a"]
