"""Corrections are kept exactly once, whatever ends them in the middle."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import polars as pl
import pytest

from catalog.errors import MethodNotAllowed, TemporarilyUnavailable
from catalog.services import Service
from catalog.store.services import find_service
from ingest.corrections import applying, preparing
from ingest.corrections.applying import correct
from ingest.corrections.correction import Correction, Order, Status
from ingest.corrections.preparing import Corrections
from ingest.corrections.shapes import order_of, revert_order, source_of
from ingest.corrections.superseding import revisions_of
from storage.lake_tables import QUARANTINE, REVISION
from tests.fusion_billing.makers import a_push
from tests.ingest.counter_caller import Caller, SharedHouse, shared_house

JANUARY = {"timestamp_from": "2026-01-01T05:00:00Z", "timestamp_to": "2026-02-01T05:00:00Z"}
OLD = {"timestamp_from": "2020-01-01T05:00:00Z", "timestamp_to": "2021-01-01T05:00:00Z"}
NOW = datetime(2026, 1, 20, tzinfo=UTC)
SIGNED = {"author": "ann", "reason": "wrong"}
PLACES = ("checked", "begun", "rows_kept", "all_kept", "finished")
numbers = count()


class Crash(Exception):
    """Stands for the end of the process."""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedHouse]:
    """Give an open house."""
    with shared_house(tmp_path_factory.mktemp("applying")) as shared:
        yield shared


@pytest.fixture
def caller(shared: SharedHouse, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Give the app of a new service with five events; a push of a correction holds two rows."""
    monkeypatch.setattr(applying, "ROWS_PER_PUSH_MAX", 2)
    monkeypatch.setattr(applying, "PUSHES_PER_FLUSH", 2)
    caller = shared.new_caller()
    caller.add_metric()
    caller.ask("POST", "/events/batch", {"events": [a_push(f"tx-{n}", n) for n in range(5)]})
    return caller


def parts_of(caller: Caller) -> Corrections:
    """Return the parts that correct usage."""
    return Corrections(caller.house.state, caller.house.intake)


def run(caller: Caller, order: Order) -> Correction:
    """Carry out an order."""
    with caller.house.state.read() as connection:
        service = find_service(connection, caller.service_code)
    assert isinstance(service, Service)
    new_id = f"correction-{next(numbers)}"
    return correct(parts_of(caller), service, order, source_of(order), new_id=new_id, at=NOW)


def replacement(
    caller: Caller, selection: object = JANUARY, same: str = "tx-1", **changed: object
) -> Order:
    """Return the order to put three events in the place of a month."""
    events = [a_push(name, 1, **changed) for name in (same, "new-1", "new-2")]
    raw = {"kind": "replace", "selection": selection, "events": events, **SIGNED}
    return order_of(raw, caller.service_code)  # type: ignore[arg-type] # plain JSON


def voided(caller: Caller) -> Order:
    """Return the order to void a month."""
    raw = {"kind": "void", "selection": JANUARY, **SIGNED}
    return order_of(raw, caller.service_code)  # type: ignore[arg-type] # plain JSON


def written(caller: Caller) -> list[str]:
    """Return the facts of all rows a service's corrections wrote, sorted."""
    caller.house.flusher.flush()
    rows = caller.house.lake.scan(REVISION).filter(pl.col("service") == caller.service_code)
    return sorted(rows.collect()["fact_id"])


def crash_at(monkeypatch: pytest.MonkeyPatch, place: str, passes: int) -> None:
    """End the process when it comes to a place for the n-th time."""
    passed: Counter[str] = Counter()

    def reached(name: str) -> None:
        passed[name] += 1
        if name == f"correction.{place}" and passed[name] == passes:
            raise Crash

    monkeypatch.setattr(applying, "reached", reached)


REPLACED = sorted([*(f"e:tx-{n}" for n in range(5)), "e:tx-1", "e:new-1", "e:new-2"])


@pytest.mark.parametrize(("place", "passes"), [*((place, 1) for place in PLACES), ("rows_kept", 3)])
def test_the_same_order_finishes_what_a_crash_left(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, place: str, passes: int
) -> None:
    """Wherever it ends, the same order once more leaves every row once, and one correction."""
    with monkeypatch.context() as patched:
        crash_at(patched, place, passes)
        with pytest.raises(Crash):
            run(caller, replacement(caller))

    if place != "finished":
        done = run(caller, replacement(caller))
        assert (done.status, done.rows_done, done.rows_total) == (Status.APPLIED, 8, 8)

    assert written(caller) == REPLACED
    assert caller.ask("GET", "/corrections")["meta"]["total_count"] == 1
    found = caller.house.lake.scan(QUARANTINE).filter(pl.col("service") == caller.service_code)
    assert found.collect().height == 0


def test_half_a_correction_can_be_taken_back(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever can't finish a correction reverts it; another one has to wait for either."""
    with monkeypatch.context() as patched:
        crash_at(patched, "rows_kept", 2)
        with pytest.raises(Crash):
            run(caller, replacement(caller))
    with pytest.raises(MethodNotAllowed, match="correction_in_progress"):
        run(caller, voided(caller))
    (left,) = caller.ask("GET", "/corrections")["corrections"]

    done = run(caller, revert_order(dict(SIGNED), caller.service_code, left["id"]))

    assert (left["status"], done.rows_total) == ("applying", 4)
    assert run(caller, voided(caller)).rows_total == 5


def test_usage_older_than_the_index_is_corrected_once(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of years ago are kept once too, also when the index can't know of them."""
    then = 1_590_000_000
    caller.ask("POST", "/events", {"event": a_push("old", 1, timestamp=then)})
    with monkeypatch.context() as patched:
        crash_at(patched, "all_kept", 1)
        with pytest.raises(Crash):
            run(caller, replacement(caller, OLD, "old", timestamp=then))
    with monkeypatch.context() as patched:
        patched.setattr(applying, "_is_known_to_index", lambda *_: False)
        run(caller, replacement(caller, OLD, "old", timestamp=then))

    assert written(caller) == ["e:new-1", "e:new-2", "e:old", "e:old"]


def test_an_order_prepared_before_another_is_refused(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two corrections at once the second would undo what it has not seen: it is told to wait."""
    check = preparing.checked_batches

    def meanwhile(*words: object) -> object:
        monkeypatch.setattr(applying, "checked_batches", check)
        run(caller, voided(caller))
        return check(*words)  # type: ignore[arg-type] # handed through

    monkeypatch.setattr(applying, "checked_batches", meanwhile)
    with pytest.raises(TemporarilyUnavailable, match="another_correction_was_made"):
        run(caller, replacement(caller, {**JANUARY, "code": "tokens"}))

    assert len(written(caller)) == 5


def test_a_row_says_what_it_supersedes(caller: Caller) -> None:
    """A void row repeats what was said, with its time, and names its correction."""
    done = run(caller, voided(caller))
    caller.house.flusher.flush()
    revision = revisions_of(caller.house.lake)
    assert revision is not None

    rows = revision.filter(pl.col("correction_id") == done.id).sort("fact_id").collect()

    assert rows["properties"].to_list() == [f'{{"tokens":{n}}}' for n in range(5)]
    assert rows["is_void"].all()
    assert rows["occurred_at"].unique().to_list() == [datetime(2026, 1, 10, 12, tzinfo=UTC)]
    assert rows["transaction_id"].str.starts_with(f"correction:{done.id}:").all()
    assert done.watermark.startswith("0:")
