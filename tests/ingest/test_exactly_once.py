"""From a push to the lake, exactly once: group commit, retries, conflicts, crashes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalog.errors import TemporarilyUnavailable
from ingest.committer import Committer
from ingest.flush import Flusher, known_events
from ingest.key_index import KeyIndex, Verdict
from ingest.usage_event import UsageEvent
from ingest.usage_frame import MetricsInForce
from storage.inbox import Inbox
from storage.lake import Lake
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import a_metric, an_event

METRICS: MetricsInForce = {("nexadesk", "tokens"): a_metric()}


@dataclass
class Ingest:
    """The parts of ingest over real stores, which a test may stop and start again."""

    folder: Path
    inbox: Inbox
    lake: Lake
    flusher: Flusher
    committer: Committer

    @classmethod
    def start(cls, folder: Path) -> "Ingest":
        """Open the stores of a folder, as a process does when it starts."""
        lake, inbox = Lake(folder / "lake"), Inbox(folder / "inbox.sqlite")
        flusher = Flusher(inbox, lake, lambda: METRICS)
        index = KeyIndex(known_events(inbox, lake))
        return cls(folder, inbox, lake, flusher, Committer(inbox, index))

    def stop(self) -> None:
        """Close the stores without a last flush, as a crash would leave them."""
        self.committer.close()
        self.inbox.close()
        self.lake.close()

    def push(self, *events: UsageEvent) -> tuple[Verdict, ...]:
        """Push events together and return what became of them."""
        return self.committer.submit(events).result(timeout=10).verdicts

    def stored(self) -> list[str]:
        """Return the transaction ids in the lake, sorted."""
        return sorted(self.lake.scan(USAGE).collect()["transaction_id"])


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """Give a started ingest."""
    ingest = Ingest.start(tmp_path)
    yield ingest
    ingest.stop()


def test_a_push_reaches_the_lake_once(ingest: Ingest) -> None:
    """A push, its retry and two flushes leave one row."""
    assert ingest.push(an_event()) == (Verdict.NEW,)
    assert ingest.push(an_event()) == (Verdict.KNOWN,)
    ingest.flusher.flush()
    ingest.flusher.flush()

    assert ingest.stored() == ["tx-1"]
    assert ingest.inbox.waiting_count() == 0


def test_other_content_under_a_known_id_keeps_nothing(ingest: Ingest) -> None:
    """A conflict refuses its whole push, and the new events of it can come again."""
    ingest.push(an_event("a"))

    conflict = ingest.push(an_event("b"), an_event("a", properties={"tokens": 8}))

    assert conflict == (Verdict.NEW, Verdict.CONFLICT)
    assert ingest.push(an_event("b")) == (Verdict.NEW,)
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b"]


def test_a_repeat_inside_a_push_is_one_event(ingest: Ingest) -> None:
    """The same event twice in one batch is kept once."""
    assert ingest.push(an_event(), an_event()) == (Verdict.NEW, Verdict.KNOWN)
    ingest.flusher.flush()

    assert ingest.stored() == ["tx-1"]


def test_many_at_once_are_each_kept_once(ingest: Ingest) -> None:
    """Two hundred pushes from sixteen threads, each sent twice, are kept exactly once."""
    events = [an_event(f"tx-{number}") for number in range(200)] * 2
    with ThreadPoolExecutor(16) as pool:
        verdicts = [verdict for (verdict,) in pool.map(ingest.push, events)]
    ingest.flusher.flush()

    assert verdicts.count(Verdict.NEW) == 200
    assert ingest.stored() == sorted({event.transaction_id for event in events})


def test_acknowledged_usage_survives_a_crash_before_the_flush(ingest: Ingest) -> None:
    """What was answered is there after a restart, and its retry is known."""
    ingest.push(an_event())
    ingest.stop()

    again = Ingest.start(ingest.folder)

    assert again.push(an_event()) == (Verdict.KNOWN,)
    again.flusher.flush()
    assert again.stored() == ["tx-1"]
    again.stop()
    ingest.lake, ingest.inbox = Lake(ingest.folder / "lake2"), Inbox(ingest.folder / "other")


def test_a_crash_between_lake_and_inbox_doubles_nothing(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the inbox rows outlive their commit to the lake, the next flush skips them."""
    ingest.push(an_event())
    with monkeypatch.context() as patched:
        patched.setattr(ingest.inbox, "delete_upto", lambda mark: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ingest.flusher.flush()
    ingest.push(an_event("tx-2"))

    ingest.flusher.flush()

    assert ingest.stored() == ["tx-1", "tx-2"]


def test_a_caller_who_goes_away_changes_nothing(ingest: Ingest) -> None:
    """A push can't be taken back once it was handed in, and the next one is kept too."""
    assert not ingest.committer.submit([an_event("a")]).cancel()

    assert ingest.push(an_event("b")) == (Verdict.NEW,)
    assert ingest.push(an_event("a")) == (Verdict.KNOWN,)


def test_a_failed_commit_answers_with_a_refusal_and_forgets(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses, the caller is told to retry, and the retry is new."""

    def refuse(_pushes: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.inbox, "append", refuse)
        with pytest.raises(TemporarilyUnavailable):
            ingest.push(an_event())

    assert ingest.push(an_event()) == (Verdict.NEW,)


def test_uncountable_usage_is_set_aside_with_its_reason(ingest: Ingest) -> None:
    """Events that no metric can count are kept beside the usage, and known on retry."""
    faulty = [
        an_event("a", code="unknown"),
        an_event("b", properties={}),
        an_event("c", external_subscription_id=None),
    ]
    ingest.push(*faulty)
    ingest.flusher.flush()

    frame = ingest.lake.scan(QUARANTINE).collect().sort("transaction_id")
    assert list(frame["reason"]) == [
        "billable_metric_not_found",
        "missing_aggregation_property",
        "subscription_is_missing",
    ]
    assert ingest.stored() == []
    assert ingest.push(*faulty) == (Verdict.KNOWN,) * 3


def test_a_watermark_names_what_is_in_the_lake(ingest: Ingest) -> None:
    """A flush answers with a watermark that covers what was pushed before, and nothing later."""
    ingest.push(an_event("a"))
    before = ingest.flusher.flush()
    ingest.push(an_event("b"))
    ingest.flusher.flush()

    seen = ingest.lake.scan(USAGE).filter(before.includes()).collect()
    assert list(seen["transaction_id"]) == ["a"]
