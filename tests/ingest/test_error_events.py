"""Apps are told of usage that was set aside, exactly once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from catalog.store.lifecycle_events import after
from ingest import error_events
from ingest.error_events import tell_errors
from ingest.inbox_body import events_body
from ingest.push import Door, push_of
from tests.ingest.makers import NOW, an_event
from tests.ingest.repairing import Repairing


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Repairing]:
    """Give ingest with a state."""
    bench = Repairing(tmp_path)
    yield bench
    bench.close()


def tell(bench: Repairing) -> int:
    return tell_errors(bench.state, bench.ingest.lake, bench.ingest.flusher, NOW)


def told(bench: Repairing, service_code: str = "nexadesk") -> list[dict[str, list[str]]]:
    with bench.state.read() as connection:
        events = after(connection, service_code, 0)
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert {event.kind for event in events} <= {"events.errors"}
    return [msgspec.json.decode(event.body) for event in events]


def test_each_service_is_told_of_its_own_once(bench: Repairing) -> None:
    """One event for each service, with its ids by fault; the next call has nothing to tell."""
    other = [an_event("z")]
    bench.ingest.push(an_event("a", code="x"), an_event("b", properties={}), an_event("good"))
    bench.ingest.take_in(push_of("nexamaps", other, events_body(other), Door.EVENTS, 1_793_880_000))

    assert (tell(bench), tell(bench)) == (2, 0)

    (own,), (others,) = told(bench), told(bench, "nexamaps")
    assert (own["invalid_code"], own["missing_aggregation_property"]) == (["a"], ["b"])
    assert others["invalid_code"] == ["z"]


def test_good_usage_is_not_told(bench: Repairing) -> None:
    """Where nothing was set aside, nothing is appended."""
    bench.ingest.push(an_event("a"))

    assert tell(bench) == 0
    assert told(bench) == []


def test_later_faults_are_told_alone(bench: Repairing) -> None:
    """Only what is new since the last call is told, also after a restart."""
    bench.ingest.push(an_event("a", code="x"))
    tell(bench)
    bench.restart()
    bench.ingest.push(an_event("b", code="x"))
    tell(bench)

    assert [each["invalid_code"] for each in told(bench)] == [["a"], ["b"]]


@pytest.mark.parametrize("place", ["error_events.telling", "error_events.told"])
def test_a_crash_while_telling_tells_once(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """Before the commit nothing is told, after it everything; the next call makes up for it."""
    bench.ingest.push(an_event("a", code="x"))

    def reached(name: str) -> None:
        if name == place:
            raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(error_events, "reached", reached)
        with pytest.raises(ZeroDivisionError):
            tell(bench)
    bench.restart()
    tell(bench)

    assert [each["invalid_code"] for each in told(bench)] == [["a"]]


def test_a_flood_is_told_in_steps(bench: Repairing, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a step takes are told in several events, none twice."""
    monkeypatch.setattr(error_events, "ROWS_PER_STEP", 2)
    for number in range(5):
        bench.ingest.push(an_event(f"a{number}", code="x"), an_event(f"b{number}", code="x"))

    assert tell(bench) == 5
    lists = [each["invalid_code"] for each in told(bench)]
    assert lists == [[f"a{number}", f"b{number}"] for number in range(5)]


def test_two_tellers_tell_once(bench: Repairing, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes second finds that all was told, and moves nothing back."""
    bench.ingest.push(an_event("a", code="x"))
    bench.ingest.flusher.flush()
    bench.ingest.push(an_event("b", code="x"))
    steps = error_events._steps

    def overtaken(*words: Any) -> Iterator[int]:  # noqa: ANN401 - handed through
        monkeypatch.setattr(error_events, "_steps", steps)
        yield 1 if tell(bench) else 0

    monkeypatch.setattr(error_events, "_steps", overtaken)

    assert tell(bench) == 0
    assert tell(bench) == 0
    assert [each["invalid_code"] for each in told(bench)] == [["a", "b"]]


def test_a_service_nobody_knows_stops_no_other(bench: Repairing) -> None:
    """Rows of a service that the state does not hold are passed over."""
    events = [an_event("z")]
    bench.ingest.take_in(push_of("gone", events, events_body(events), Door.EVENTS, 1_793_880_000))
    bench.ingest.push(an_event("a", code="x"))

    assert (tell(bench), tell(bench)) == (1, 0)
