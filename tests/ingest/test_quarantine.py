"""Quarantined events are shown, replayed, mended and dismissed; each counts at most once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from catalog.errors import MethodNotAllowed, NotFound
from ingest.error_events import tell_errors
from ingest.inbox_body import revisions_body
from ingest.keys.key_index import KeyIndex, Verdict
from ingest.push import Door, push_of
from ingest.quarantine import repair as quarantine_repair
from ingest.quarantine.quarantine import Selection
from ingest.quarantine.quarantined_event import Standing
from ingest.quarantine.repair import dismiss
from ingest.usage_event import UsageRevision
from tests.ingest.makers import NOW, a_batch, an_event
from tests.ingest.repairing import ALL, CALLS, LATER, SIGNED, Repairing, calls, decided, uncountable
from tests.real_parts import POSTGRES, require, running_postgres


def test_quarantine_shows_what_is_open_with_its_reason(bench: Repairing) -> None:
    """Uncountable events and refused pushes are open, newest first, and counted by reason."""
    bench.ingest.push(an_event("kept"), uncountable("a"), an_event("b", properties={}))
    bench.ingest.push(an_event("kept", properties={"tokens": 8}))
    bench.ingest.push(an_event("c", external_subscription_id=None))
    log = bench.parts.log
    log.flush()

    rows = log.page("nexadesk", ALL, limit=10, offset=0)

    assert [(row.id, row.event.transaction_id, row.reason) for row in rows] == [
        ("0-3-0", "c", "subscription_is_missing"),
        ("0-2-0", "kept", "value_already_exist"),
        ("0-1-2", "b", "missing_aggregation_property"),
        ("0-1-1", "a", "billable_metric_not_found"),
    ]
    assert log.counts("nexadesk", ALL) == {row.reason: 1 for row in rows}
    assert log.page("nexadesk", ALL, limit=1, offset=2) == rows[2:3]
    assert log.page("nexamaps", ALL, limit=10, offset=0) == []
    assert log.found("nexamaps", ["0-3-0"]) == {}


def test_a_selection_narrows(bench: Repairing) -> None:
    """Reason, code, subscription, ids and status each narrow what is meant."""
    bench.set_aside(
        uncountable("a"),
        an_event("b", properties={}),
        uncountable("d", external_subscription_id="sub-2"),
    )

    def meant(selection: Selection) -> list[str]:
        rows = bench.parts.log.after("nexadesk", selection, None, 10)
        return [row.event.transaction_id for row in rows]

    assert meant(Selection(reason="billable_metric_not_found")) == ["a", "d"]
    assert meant(Selection(code="tokens")) == ["b"]
    assert meant(Selection(external_subscription_id="sub-2")) == ["d"]
    assert meant(Selection(ids=("0-1-1",))) == ["b"]
    assert meant(Selection(is_resolved=True)) == []


def test_a_replay_counts_what_can_be_counted_now(bench: Repairing) -> None:
    """When the metric was created, its events become usage, received now, at their own time."""
    bench.set_aside(uncountable("a", timestamp="1793880000.25"), an_event("b", properties={}))
    bench.metrics[CALLS] = calls()

    done = bench.replay(at=LATER)

    assert (done.repaired, done.still_faulty) == (1, {"missing_aggregation_property": 1})
    usage = bench.usage()
    assert usage.select("transaction_id", "received_at", "metric_version").rows() == [
        ("a", LATER.replace(microsecond=0), 1)
    ]
    assert usage["occurred_at"][0] == datetime.fromtimestamp(1_793_880_000.25, UTC)
    assert [row.event.transaction_id for row in bench.open()] == ["b"]
    resolved = bench.parts.log.after("nexadesk", Selection(is_resolved=True), None, 10)
    assert [(row.id, row.standing) for row in resolved] == [("0-1-0", Standing.COUNTED)]


def test_an_event_without_a_time_keeps_the_second_it_first_came(bench: Repairing) -> None:
    """A replay days later does not move usage into another period."""
    bench.set_aside(uncountable("a", timestamp=None))
    bench.metrics[CALLS] = calls()

    bench.replay(at=LATER)

    assert bench.usage()["occurred_at"].to_list() == [NOW.replace(microsecond=0)]


def test_a_retry_of_a_replayed_event_is_known(bench: Repairing) -> None:
    """The app's retry gets its first answer, before and after the flush, and after a restart."""
    pushed = a_batch(uncountable("a"), uncountable("b", timestamp=None))
    bench.ingest.take_in(pushed)
    bench.metrics[CALLS] = calls()
    bench.replay(at=LATER)

    for _ in range(2):
        receipt = bench.ingest.take_in(pushed)
        assert receipt.verdicts == [Verdict.KNOWN] * 2
        assert receipt.received_s == [pushed.received_s] * 2
        assert bench.usage().height == 2
        bench.restart()


def test_replaying_twice_counts_once(bench: Repairing) -> None:
    """Neither a second replay, nor one before the flush, nor a restart doubles anything."""
    bench.set_aside(*(uncountable(str(number)) for number in range(5)))
    bench.metrics[CALLS] = calls()

    assert bench.replay().repaired == 5
    assert bench.replay().repaired == 0
    bench.restart()
    assert bench.replay().repaired == 0
    assert bench.usage()["transaction_id"].to_list() == list("01234")


def test_an_event_set_aside_again_has_one_open_row(bench: Repairing) -> None:
    """When the metric went away between replay and flush, the newer row speaks for the event."""
    bench.set_aside(uncountable("a"))
    bench.metrics[CALLS] = calls()
    bench.replay()
    del bench.metrics[CALLS]
    bench.ingest.flusher.flush()

    assert [row.id for row in bench.open()] == ["0-2-0"]
    bench.metrics[CALLS] = calls()
    assert bench.replay().repaired == 1
    assert bench.usage().height == 1
    assert bench.open() == []


def test_chance_collisions_are_replayed_too(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash may only suspect: rows that share one are all counted."""
    bench.set_aside(uncountable("a"), uncountable("b"))
    bench.metrics[CALLS] = calls()
    monkeypatch.setattr(KeyIndex, "hashes", lambda _self, keys: [5] * len(keys))

    bench.replay()

    assert bench.usage()["transaction_id"].to_list() == ["a", "b"]


def test_old_usage_is_replayed_too(bench: Repairing) -> None:
    """An event of a month before the key index is counted, once."""
    bench.set_aside(uncountable("a", timestamp=1_700_000_000))
    bench.metrics[CALLS] = calls()

    assert (bench.replay().repaired, bench.replay().repaired) == (1, 0)
    assert bench.usage().height == 1


def test_many_rows_are_replayed_in_batches_that_are_told(
    bench: Repairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each row is looked at once, however many batches it takes, and the watch sees them pass."""
    monkeypatch.setattr(quarantine_repair, "ROWS_PER_BATCH", 10)
    bench.set_aside(
        *(uncountable(f"{number:02}") for number in range(25)),
        *(an_event(f"x{number}", properties={}) for number in range(10)),
    )
    bench.metrics[CALLS] = calls()
    told: list[tuple[int, int]] = []

    done = quarantine_repair.replay(
        bench.parts, "nexadesk", ALL, bench.own, NOW, lambda *seen: told.append(seen)
    )

    assert (done.repaired, done.still_faulty) == (25, {"missing_aggregation_property": 10})
    assert told[-1] == (35, 35)
    assert [seen for seen, _ in told] == [10, 20, 30, 35]
    assert bench.usage().height == 25


def test_a_replay_may_have_a_limit(bench: Repairing, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limited replay says that more is left, and the next one goes on."""
    monkeypatch.setattr(quarantine_repair, "ROWS_PER_BATCH", 2)
    bench.set_aside(*(uncountable(str(number)) for number in range(5)))
    bench.metrics[CALLS] = calls()

    def limited() -> tuple[int, bool]:
        done = quarantine_repair.replay(bench.parts, "nexadesk", ALL, bench.own, NOW, repairs_max=4)
        return done.repaired, done.is_complete

    assert [limited(), limited()] == [(4, False), (1, True)]
    assert bench.usage().height == 5


def test_a_dismissed_event_never_counts(bench: Repairing) -> None:
    """A dismissal keeps the row, with author and reason, and no replay or mend takes it."""
    bench.ingest.push(an_event("kept"), uncountable("a"))
    bench.ingest.push(an_event("kept", properties={"tokens": 8}))

    assert dismiss(bench.parts, "nexadesk", ALL, NOW, signed=SIGNED) == 2

    bench.metrics[CALLS] = calls()
    assert bench.replay().repaired == 0
    assert bench.usage()["transaction_id"].to_list() == ["kept"]
    rows = bench.parts.log.after("nexadesk", Selection(is_resolved=None), None, 10)
    assert [(row.id, row.standing) for row in rows] == [
        ("0-1-1", Standing.SETTLED), ("0-2-0", Standing.SETTLED),
    ]  # fmt: skip
    assert decided(bench, "0-1-1").reason == SIGNED.reason
    with pytest.raises(MethodNotAllowed, match="quarantined_event_is_resolved"):
        bench.replay(Selection(ids=("0-1-1",)))


def test_a_refused_push_is_not_counted_by_a_repair(bench: Repairing) -> None:
    """What was answered 422 is the app's to send again: no replay and no mend counts it."""
    bench.ingest.push(an_event("kept"))
    bench.ingest.push(an_event("kept", properties={"tokens": 8}))
    bench.ingest.flusher.flush()

    assert bench.replay().repaired == 0
    assert bench.mend(external_subscription_id="sub-9").repaired == 0
    assert bench.usage()["value"].to_list() == [7]


def test_an_unknown_id_is_not_found(bench: Repairing) -> None:
    """Ids that no row of the service has are refused, and nothing is replayed."""
    ids = bench.set_aside(uncountable("a"))
    bench.metrics[CALLS] = calls()

    for id_ in ("0-9-9", "x", "0-1-0-0", "0-1", ""):
        with pytest.raises(NotFound):
            bench.replay(Selection(ids=(ids[0], id_)))
    assert bench.usage().is_empty()


def test_a_correction_resolves_an_event(bench: Repairing) -> None:
    """When a correction replaces a quarantined event, the row is open no more."""
    bench.set_aside(an_event("a", properties={}))
    revision = UsageRevision(
        transaction_id="correction-1", code="tokens", external_subscription_id="sub-1",
        timestamp=1_793_880_000, properties=msgspec.Raw(b'{"tokens":3}'), fact_id="e:a",
    )  # fmt: skip
    body = revisions_body([revision])
    bench.ingest.take_in(push_of("nexadesk", [revision], body, Door.REVISIONS, 1_793_880_001))

    assert bench.open() == []


def test_replays_at_once_count_once(bench: Repairing) -> None:
    """Several callers that replay the same rows at one moment count each event once."""
    bench.set_aside(*(uncountable(str(number)) for number in range(9)))
    bench.metrics[CALLS] = calls()

    with ThreadPoolExecutor(4) as pool:
        done = [future.result() for future in [pool.submit(bench.replay) for _ in range(4)]]

    assert sum(each.repaired for each in done) >= 9
    assert bench.usage()["transaction_id"].to_list() == list("012345678")
    assert bench.open() == []


def test_two_inbox_rows_of_one_replay_count_once(bench: Repairing) -> None:
    """Even if no index remembers the first push of a replay, one flush of both counts one."""
    bench.set_aside(uncountable("a"))
    bench.metrics[CALLS] = calls()
    push = replace(a_batch(uncountable("a")), door=Door.REPLAYED)
    for number in range(2):
        bench.ingest.intake.committer.submit(replace(push, keys=[b"replay %d" % number]))

    assert bench.usage().height == 1


def test_decisions_hold_on_postgresql_too(tmp_path: Path) -> None:
    """With the state in PostgreSQL rows are replayed, mended, dismissed and told all the same."""
    with ExitStack() as stack:
        server = stack.enter_context(running_postgres(require(POSTGRES)))
        server.create_database("fusion")
        url = server.url("fusion").replace("postgresql://", "postgresql+psycopg://")
        bench = stack.enter_context(closing(Repairing(tmp_path, database_url=url)))
        bench.set_aside(uncountable("a"), an_event("b", properties={}), uncountable("c", code="x"))
        bench.metrics[CALLS] = calls()

        told = [
            tell_errors(bench.state, bench.ingest.lake, bench.ingest.flusher, NOW) for _ in "ab"
        ]
        assert (told, bench.replay().repaired) == ([1, 0], 1)
        assert bench.mend(Selection(code="tokens"), properties={"tokens": 1}).repaired == 1
        assert dismiss(bench.parts, "nexadesk", ALL, NOW, signed=SIGNED) == 1
        assert bench.open() == []
        assert bench.usage()["transaction_id"].to_list() == ["a", "b"]
