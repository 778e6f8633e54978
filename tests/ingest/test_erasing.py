"""What is erased is gone, and never comes back as new."""

import hashlib
from array import array
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from ingest import erasing
from ingest.committer import Committer
from ingest.erasing import (
    WINDOW_SCHEMA,
    Scope,
    erase_rows,
    erased_parts,
    keep_keys,
    quarantine_row_ids,
)
from ingest.flush import OpenGate
from ingest.inbox_body import Section, events_body
from ingest.keys.erased_keys import ErasedKeys, ErasureDecider, ErasureGate
from ingest.keys.key_index import Verdict
from ingest.lake_check import check_files, check_tallies, lake_view
from ingest.push import Door
from ingest.receiving import Intake
from ingest.usage_event import UsageEvent
from storage.lake_tables import ERASED_KEY, USAGE
from tests.ingest.makers import NOW, a_batch, an_event
from tests.ingest.running_ingest import SINCE, Ingest
from tests.storage.test_lake_erasure import files_with

SECRET = b"s" * 32
GONE = "sub-gone"
SCOPE = Scope("nexadesk", subscriptions=(GONE,))
OLD = 1_788_000_000
MONTH = Scope("nexadesk", months=(date(2026, 8, 1),))


def gone(transaction_id: str, **changed: object) -> UsageEvent:
    """Return an event of the subscription that is erased."""
    return an_event(transaction_id, external_subscription_id=GONE, **changed)


def started(folder: Path) -> Ingest:
    """Start ingest as a house does that knows of erasures."""
    ingest = Ingest.start(folder)
    plain = ingest.intake.committer._open_decider
    ingest.intake.committer.close()
    erased = ErasedKeys(ingest.lake, SECRET)
    committer = Committer(ingest.inbox, lambda: ErasureDecider(plain(), erased))
    ingest.intake = Intake(committer, ingest.flusher, ingest.lake, SINCE)
    return ingest


def restarted(ingest: Ingest) -> Ingest:
    """Stop and start again: what only memory knew is forgotten."""
    ingest.stop()
    again = started(ingest.folder)
    ingest.__dict__.update(again.__dict__)
    return ingest


def erase(ingest: Ingest, scope: Scope = SCOPE, erasure_id: str = "e1") -> int:
    """Flush, keep the keys and erase the rows."""
    ingest.flusher.flush()
    keep_keys(ingest.lake, SECRET, erasure_id, scope)
    return erase_rows(ingest.lake, scope)


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Give a started ingest that knows of erasures."""
    ingest = started(tmp_path)
    yield ingest
    ingest.stop()


def test_a_retry_of_erased_usage_is_known_and_keeps_nothing(ingest: Ingest) -> None:
    """Erased events, counted or not, are answered as at first; others of the push are kept."""
    ingest.push(gone("a"), gone("odd", code="unknown"), an_event("a"))
    assert erase(ingest) == 2
    restarted(ingest)

    receipt = ingest.take_in(a_batch(gone("a"), gone("odd", code="unknown"), gone("b")))
    ingest.flusher.flush()

    assert receipt.verdicts == [Verdict.KNOWN, Verdict.KNOWN, Verdict.NEW]
    assert receipt.received_s == [int(NOW.timestamp())] * 3
    assert ingest.stored() == ["a", "b"]
    assert ingest.set_aside() == []


def test_what_an_erased_event_said_cannot_be_compared(ingest: Ingest) -> None:
    """Other content under an erased key is taken for a repeat, and no row tells of it."""
    ingest.push(gone("a"))
    erase(ingest)
    restarted(ingest)

    assert ingest.push(gone("a", properties={"tokens": 99})) == [Verdict.KNOWN]
    strict = ingest.take_in(a_batch(gone("a"), refuses_known=True))
    ingest.flusher.flush()

    assert strict.verdicts == [Verdict.CONFLICT]
    assert (ingest.stored(), ingest.set_aside()) == ([], [])


def test_erased_usage_older_than_the_index_stays_known(ingest: Ingest) -> None:
    """The stores, asked for an old event, have lost it; the erased keys have not."""
    ingest.push(gone("a", timestamp=OLD))
    erase(ingest)
    restarted(ingest)

    assert ingest.push(gone("a", timestamp=OLD), gone("b", timestamp=OLD)) == [
        Verdict.KNOWN,
        Verdict.NEW,
    ]


def test_dropped_months_cost_newer_pushes_nothing(ingest: Ingest) -> None:
    """After a month was dropped, only pushes of that month or without a time are looked up."""
    ingest.push(gone("a", timestamp=OLD), gone("kept"))
    assert erase(ingest, MONTH) == 1
    restarted(ingest)
    erased = ErasedKeys(ingest.lake, SECRET)
    erased.refresh()
    events = [gone("a", timestamp=OLD), gone("a"), gone("a", timestamp=None)]

    assert set(erased.repeats("nexadesk", events, 0)) == {0, 2}
    assert ingest.push(gone("a", timestamp=OLD), gone("kept")) == [Verdict.KNOWN] * 2


def test_a_gate_drops_repeats_of_what_was_erased(ingest: Ingest) -> None:
    """In a shared lake the flush worker skips them, as soon as it is erased."""
    ingest.push(gone("a"))
    gate = ErasureGate(OpenGate(), ErasedKeys(ingest.lake, SECRET))
    gate.check(0)
    erase(ingest)
    events = [gone("a"), gone("b"), an_event("a")]
    section = Section("nexadesk", 1, Door.EVENTS, [2], events_body(events))

    gate.check(1)
    ((admitted,),) = gate.admit([[section]])

    assert admitted.skipped == [0, 2]


def test_keys_are_kept_once_and_not_as_they_were(ingest: Ingest) -> None:
    """Repeating an erasure after a crash adds no key, and no file holds what was erased."""
    ingest.push(gone("secret-name"), gone("b"))
    ingest.flusher.flush()
    assert keep_keys(ingest.lake, SECRET, "e1", SCOPE) == 2
    assert keep_keys(ingest.lake, SECRET, "e1", SCOPE) == 0
    ingest.push(gone("c"))
    ingest.flusher.flush()
    assert keep_keys(ingest.lake, SECRET, "e1", SCOPE) == 1

    assert erase_rows(ingest.lake, SCOPE) == 3
    assert erase_rows(ingest.lake, SCOPE) == 0
    assert ingest.lake.scan(ERASED_KEY).collect()["key_digest"].n_unique() == 3
    assert files_with(ingest.folder / "lake", "secret-name") == []


def test_an_erasure_is_tallied(ingest: Ingest) -> None:
    """After an erasure the lake is as whole as before."""
    ingest.push(gone("a"), an_event("b"))
    erase(ingest)

    view = lake_view(ingest.lake)
    check_files(view)
    assert check_tallies(view).named == ()


def test_parts_tell_count_sum_and_digest(ingest: Ingest) -> None:
    """Rows are summed by window, and by month outside of all; quarantined ones apart."""
    ingest.push(
        gone("in", properties={"tokens": "1.5"}),
        gone("in too", properties={"tokens": 2}),
        gone("out", timestamp=OLD),
        gone("odd", code="unknown"),
        an_event("of another"),
    )
    ingest.flusher.flush()
    start, end = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    windows = pl.DataFrame([("w", GONE, "tokens", start, end)], schema=WINDOW_SCHEMA, orient="row")

    window, outside, aside = erased_parts(ingest.lake, SCOPE, windows)

    rows = ingest.lake.scan(USAGE).collect()
    digests = sorted(rows.filter(pl.col("transaction_id").str.starts_with("in"))["content_digest"])
    assert (window.window_key, window.rows_count) == ("w", 2)
    assert window.value_sum == Decimal("3.5")
    assert window.digest == hashlib.sha256(array("q", digests).tobytes()).hexdigest()
    assert (outside.part, outside.month, outside.rows_count) == ("usage", date(2026, 8, 1), 1)
    assert (aside.part, aside.metric_code, aside.rows_count) == ("quarantine", "unknown", 1)
    assert quarantine_row_ids(ingest.lake, SCOPE) == ["0-1-3"]


def test_a_crash_after_the_keys_loses_no_key(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever repeats an erasure that died before its rows went ends where it would have ended."""
    ingest.push(gone("a"))
    ingest.flusher.flush()

    def die(_name: str) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched, pytest.raises(RuntimeError):  # noqa: PT012 - both die
        patched.setattr(erasing, "reached", die)
        keep_keys(ingest.lake, SECRET, "e1", SCOPE)
    assert erase(ingest) == 1
    restarted(ingest)

    assert ingest.push(gone("a")) == [Verdict.KNOWN]
