"""What was acknowledged counts at once: before its flush, while it goes on, and after it."""

import asyncio
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from ingest import flush
from ingest.answering import PushLimits, answer_batch
from ingest.flush import stream_of
from ingest.inbox_body import revisions_body
from ingest.push import Door, push_of
from storage.inbox import DamagedInboxError, InboxRow
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.counter_makers import a_counted_metric, a_counter
from tests.ingest.makers import NOW, a_batch, a_push, an_event
from tests.ingest.makers import SERVICE as CALLER
from tests.ingest.running_ingest import Ingest

SERVICE, OWN, OTHER = "nexadesk", "sub-1", "sub-2"
COUNTED = ("own", "counter")


@contextmanager
def counting(folder: Path) -> Iterator[Ingest]:
    """Give an ingest whose metric takes counters too, in two services."""
    metric = a_counted_metric()
    metrics = {(service, metric.code): metric for service in (SERVICE, "nexamaps")}
    ingest = Ingest.start(folder, metrics)
    try:
        yield ingest
    finally:
        ingest.stop()


def usage_of(ingest: Ingest) -> pl.DataFrame:
    """Return the subscription's rows as a question sees them, in the order of their intake."""
    known = ingest.flusher.acknowledged(SERVICE, OWN)
    rows = known.usage(ingest.lake).filter(pl.col("subscription_id") == OWN)
    return rows.sort("inbox_id", "sequence").collect()


def named(ingest: Ingest) -> list[str]:
    """Return the transaction ids a question sees, sorted."""
    return sorted(usage_of(ingest)["transaction_id"])


def mark(ingest: Ingest) -> int:
    """Return how far the lake is."""
    return ingest.lake.mark(stream_of(0))


def test_a_question_sees_what_waits_and_moves_nothing(ingest: Ingest) -> None:
    """An event counts as soon as it is acknowledged; the lake is not written for a question."""
    ingest.push(an_event("a"))

    assert named(ingest) == ["a"]
    assert mark(ingest) == 0


def test_a_waiting_row_is_what_the_flush_writes(ingest: Ingest) -> None:
    """Each column of a row, its place too, is the same before and after the flush."""
    ingest.push(an_event("a"), an_event("x", external_subscription_id=OTHER), an_event("b"))
    ingest.push(an_event("a"), an_event("c", properties={"tokens": "1.50"}))
    before = usage_of(ingest)
    ingest.flusher.flush()

    assert_frame_equal(before, usage_of(ingest))
    assert before["sequence"].to_list() == [0, 2, 1]


def test_others_usage_is_left_where_it_waits(tmp_path: Path) -> None:
    """Neither another subscription's waiting events nor another service's are among one's own."""
    with counting(tmp_path) as ingest:
        ingest.push(an_event("a", external_subscription_id=OTHER))
        ingest.take_in(replace(a_batch(an_event("b")), service_code="nexamaps"))
        known = ingest.flusher.acknowledged(SERVICE, OWN)
        theirs = ingest.flusher.acknowledged("nexamaps", OWN)

    assert (known.waiting, known.position) == ({}, 0)
    assert theirs.waiting[USAGE]["transaction_id"].to_list() == ["b"]


def test_whatever_the_name_and_however_written_it_is_found(tmp_path: Path) -> None:
    """Any subscription's waiting events are seen, their names escaped by the app or not."""
    numbers = count()

    @given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9))
    def look(name: str) -> None:
        assume(name.strip())
        number = next(numbers)
        for is_ascii in (True, False):
            event = a_push(f"{number}-{is_ascii}", external_subscription_id=name)
            body = json.dumps({"events": [event]}, ensure_ascii=is_ascii).encode()
            asyncio.run(answer_batch(ingest.intake, PushLimits(), CALLER, body, NOW))
        found = ingest.flusher.acknowledged(SERVICE, name).waiting[USAGE]["transaction_id"]
        assert {f"{number}-True", f"{number}-False"} <= set(found)

    with counting(tmp_path) as ingest:
        look()


def test_what_no_metric_counts_does_not_count_while_it_waits(ingest: Ingest) -> None:
    """An event on its way to quarantine is no usage on its way either."""
    ingest.push(an_event("a", code="unknown"), an_event("b", properties={"tokens": "many"}))

    assert named(ingest) == []
    ingest.flusher.flush()
    assert ingest.lake.scan(QUARANTINE).collect().height == 2


def test_a_counter_push_counts_while_it_waits(tmp_path: Path) -> None:
    """A row that supersedes is seen before its flush as after it; without any there is none."""
    with counting(tmp_path) as ingest:
        none_yet = revisions_of(ingest)
        push_counter(ingest, "push-1")
        before = revisions_of(ingest)
        ingest.flusher.flush()
        after = revisions_of(ingest)

    assert none_yet is None
    assert before is not None
    assert after is not None
    assert before.height == 1
    assert_frame_equal(before, after)


def revisions_of(ingest: Ingest) -> pl.DataFrame | None:
    """Return the superseding rows a question sees, None when there is no such thing."""
    found = ingest.flusher.acknowledged(SERVICE, OWN).revisions(ingest.lake)
    return None if found is None else found.collect()


def push_counter(ingest: Ingest, transaction_id: str) -> None:
    """Push the total of an hour."""
    counter = a_counter(a_counted_metric(), transaction_id=transaction_id)
    body = revisions_body([counter])
    ingest.take_in(push_of(SERVICE, [counter], body, Door.REVISIONS, int(NOW.timestamp())))


def test_more_than_is_read_at_once_is_flushed(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the limit of waiting events they are read where they are, one past it they are flushed."""
    monkeypatch.setattr(flush, "WAITING_EVENTS_MAX", 2)
    ingest.push(an_event("a"))
    ingest.push(an_event("b"))
    assert named(ingest) == ["a", "b"]
    at_the_limit = mark(ingest)

    ingest.push(an_event("c"))

    assert named(ingest) == ["a", "b", "c"]
    assert (at_the_limit, mark(ingest)) == (0, ingest.inbox.last_id(0))


def test_a_replay_is_flushed_before_it_counts(ingest: Ingest) -> None:
    """An event that is replayed twice counts once, which only the lake can tell."""
    replay = replace(a_batch(an_event("a")), door=Door.REPLAYED)
    for number in range(2):
        ingest.intake.committer.submit(replace(replay, keys=[b"replay %d" % number]))
    ingest.push(an_event("b"))

    assert named(ingest) == ["a", "b"]


def test_a_flush_in_the_middle_of_a_question_hides_nothing(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that go to the lake and out of the inbox while a question reads are seen once."""
    ingest.push(an_event("a"))
    read = ingest.inbox.read
    flushes = [1]

    def read_late(shard: int, after: int, events_max: int) -> list[InboxRow]:
        if flushes:
            flushes.clear()
            ingest.flusher.flush()
        return read(shard, after, events_max)

    monkeypatch.setattr(ingest.inbox, "read", read_late)

    assert named(ingest) == ["a"]
    assert mark(ingest) == ingest.inbox.last_id(0)


def test_a_flush_after_a_question_began_doubles_nothing(ingest: Ingest) -> None:
    """What a question took for waiting is not counted again from the lake it reads later."""
    ingest.push(an_event("a"))
    known = ingest.flusher.acknowledged(SERVICE, OWN)
    ingest.flusher.flush()
    ingest.push(an_event("b"))
    ingest.flusher.flush()

    assert known.usage(ingest.lake).collect()["transaction_id"].to_list() == ["a"]


def test_a_flush_that_got_through_although_it_failed_is_believed(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit whose answer was lost moves the position, and its rows are seen once."""
    monkeypatch.setattr(flush, "WAITING_EVENTS_MAX", 1)
    ingest.push(an_event("a"))
    ingest.flusher.flush()
    before = ingest.flusher.acknowledged(SERVICE, OWN).position
    append_once = ingest.lake.append_once

    def cut_off(*given: Any) -> None:  # noqa: ANN401 - passed on
        append_once(*given)
        raise ZeroDivisionError

    ingest.push(an_event("b"))
    ingest.push(an_event("c"))
    with monkeypatch.context() as patched:
        patched.setattr(ingest.lake, "append_once", cut_off)
        with pytest.raises(ZeroDivisionError):
            ingest.flusher.flush()

    assert named(ingest) == ["a", "b", "c"]
    assert ingest.flusher.acknowledged(SERVICE, OWN).position not in (None, before)
    ingest.push(an_event("d"))
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b", "c", "d"]


def test_a_torn_row_is_told_never_passed_over(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question about usage of which a part can't be read is refused."""
    ingest.push(an_event("a"))
    ingest.push(an_event("b"))
    read = ingest.inbox.read

    def torn(shard: int, after: int, events_max: int) -> list[InboxRow]:
        if rows := read(shard, after, events_max)[:-1]:
            return rows
        raise DamagedInboxError(shard, after + 1, "torn")

    monkeypatch.setattr(ingest.inbox, "read", torn)

    with pytest.raises(DamagedInboxError):
        ingest.flusher.acknowledged(SERVICE, OWN)
    monkeypatch.undo()


def test_an_inbox_that_begins_beyond_the_lake_waits_for_nothing(ingest: Ingest) -> None:
    """Positions that were given to no row are no usage that waits."""
    ingest.inbox.start_beyond(0, 7)

    assert named(ingest) == []
    ingest.push(an_event("a"))
    assert named(ingest) == ["a"]


def take_step(ingest: Ingest, step: str, number: int) -> None:
    """Push what a step says, or flush."""
    name = f"{step}-{number}"
    if step == "flush":
        ingest.flusher.flush()
    elif step == "counter":
        push_counter(ingest, name)
    else:
        owner = OWN if step == "own" else OTHER
        ingest.push(an_event(name, external_subscription_id=owner))


@settings(max_examples=max(20, settings().max_examples // 50))
@given(st.lists(st.sampled_from(["own", "other", "counter", "flush"]), max_size=8))
def test_a_position_stands_for_one_usage(steps: Sequence[str]) -> None:
    """Whatever was pushed and flushed, all of it is seen, and equal positions saw equal usage."""
    expected: list[str] = []
    seen: dict[int | None, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, counting(Path(folder)) as ingest:
        for number, step in enumerate(steps):
            take_step(ingest, step, number)
            if step in COUNTED:
                expected.append(f"{step}-{number}")
            revisions = revisions_of(ingest)
            counted = [] if revisions is None else revisions["transaction_id"].to_list()
            assert sorted(named(ingest) + counted) == sorted(expected)
            position = ingest.flusher.acknowledged(SERVICE, OWN).position
            assert seen.setdefault(position, sorted(expected)) == sorted(expected)
