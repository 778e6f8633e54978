"""From a push to the lake, exactly once: group commit, retries, conflicts, crashes."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import numpy as np
import polars as pl
import pytest

from catalog.errors import TemporarilyUnavailable
from ingest import deciding
from ingest.deciding import IndexDecider
from ingest.keys.key_index import KeyIndex, Verdict
from storage.inbox import CommitUnknownError
from storage.lake_tables import QUARANTINE, USAGE
from tests.ingest.makers import a_batch, an_event
from tests.ingest.running_ingest import SEED, Ingest

REFUSED = "value_already_exist"


def test_a_push_reaches_the_lake_once(ingest: Ingest) -> None:
    """A push, its retry and two flushes leave one row."""
    assert ingest.push(an_event()) == [Verdict.NEW]
    assert ingest.push(an_event()) == [Verdict.KNOWN]
    ingest.flusher.flush()
    ingest.flusher.flush()

    assert ingest.stored() == ["tx-1"]
    assert ingest.inbox.waiting_count() == 0


def test_other_content_under_a_known_id_keeps_nothing(ingest: Ingest) -> None:
    """A conflict refuses its whole push, and the new events of it can come again."""
    ingest.push(an_event("a"))

    conflict = ingest.push(an_event("b"), an_event("a", properties={"tokens": 8}))

    assert conflict == [Verdict.NEW, Verdict.CONFLICT]
    assert ingest.push(an_event("b")) == [Verdict.NEW]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b"]


def test_a_refused_push_is_set_aside_once_with_both_digests(ingest: Ingest) -> None:
    """However often a conflicting push comes, also after a restart, quarantine shows it once."""
    ingest.push(an_event("a"))
    altered = an_event("a", properties={"tokens": 8})
    for _ in range(2):
        assert ingest.push(altered) == [Verdict.CONFLICT]
    ingest.flusher.flush()
    ingest.stop()
    again = Ingest.start(ingest.folder)
    assert again.push(altered) == [Verdict.CONFLICT]
    again.flusher.flush()

    assert again.set_aside() == [("a", REFUSED)]
    details = msgspec.json.decode(again.lake.scan(QUARANTINE).collect()["details"][0])
    assert len({details["refused_digest"], details["kept_digest"]} - {None}) == 2
    assert again.stored() == ["a"]
    ingest.__dict__.update(again.__dict__)


def test_a_partial_push_keeps_its_good_events(ingest: Ingest) -> None:
    """Whoever asks for it gets the good events kept and the conflicting ones refused."""
    ingest.push(an_event("a"))

    receipt = ingest.take_in(
        a_batch(an_event("b"), an_event("a", code="calls"), an_event("c"), is_partial=True)
    )

    assert receipt.conflicts == [1]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b", "c"]


def test_a_strict_service_refuses_every_repeat(ingest: Ingest) -> None:
    """With Lago's stricter answer a known event is a conflict, and nothing is set aside."""
    ingest.push(an_event("a"))

    receipt = ingest.take_in(a_batch(an_event("a"), an_event("b"), refuses_known=True))

    assert receipt.conflicts == [0]
    ingest.flusher.flush()
    assert ingest.stored() == ["a"]
    assert ingest.set_aside() == []


def test_a_repeat_inside_a_push_is_one_event(ingest: Ingest) -> None:
    """The same event twice in one batch is kept once; with other content the batch is refused."""
    assert ingest.push(an_event(), an_event()) == [Verdict.NEW, Verdict.KNOWN]
    altered = ingest.push(an_event("b"), an_event("b", code="calls"))
    ingest.flusher.flush()

    assert altered == [Verdict.NEW, Verdict.CONFLICT]
    assert ingest.stored() == ["tx-1"]


def test_a_repeat_of_a_conflict_is_a_conflict(ingest: Ingest) -> None:
    """What is refused beside known usage is no repeat of itself: it was never kept."""
    ingest.push(an_event("a"))
    other = an_event("a", properties={"tokens": 8})

    receipt = ingest.take_in(a_batch(other, other, an_event("b"), an_event("a"), is_partial=True))

    new, known, conflict = Verdict.NEW, Verdict.KNOWN, Verdict.CONFLICT
    assert receipt.verdicts == [conflict, conflict, new, known]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b"]
    assert ingest.set_aside() == [("a", REFUSED)]


def test_json_written_otherwise_is_the_same_event(ingest: Ingest) -> None:
    """A retry with other spaces in its JSON is known, before and after the flush."""
    event = an_event("a")
    respaced = msgspec.structs.replace(event, properties=msgspec.Raw(b'{ "tokens": 7}'))
    ingest.push(event)

    assert ingest.push(respaced) == [Verdict.KNOWN]
    assert ingest.push(respaced, an_event("b")) == [Verdict.KNOWN, Verdict.NEW]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b"]


def test_two_ids_that_share_a_hash_are_two_events(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hash may only suspect: when all ids meet in one hash, each event is still kept once."""
    monkeypatch.setattr(
        KeyIndex, "hash_array", lambda _self, keys: np.full(len(keys), 5, np.uint64)
    )

    assert ingest.push(an_event("a")) == [Verdict.NEW]
    assert ingest.push(an_event("b")) == [Verdict.NEW]
    assert ingest.push(an_event("b")) == [Verdict.KNOWN]
    assert ingest.push(an_event("b", code="calls")) == [Verdict.CONFLICT]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b"]


def test_a_partial_push_with_a_suspect_tells_what_is_new(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The good events of a partial push are new, once, although a suspect makes it come twice."""
    monkeypatch.setattr(
        KeyIndex,
        "hash_array",
        lambda _self, keys: np.array([len(key) for key in keys], np.uint64),
    )
    ingest.push(an_event("a"))

    mixed = [an_event("cc"), an_event("b"), an_event("cc", code="calls")]
    receipt = ingest.take_in(a_batch(*mixed, is_partial=True))

    assert list(receipt.verdicts) == [Verdict.NEW, Verdict.NEW, Verdict.CONFLICT]
    ingest.flusher.flush()
    assert ingest.stored() == ["a", "b", "cc"]
    assert ingest.set_aside() == [("cc", "value_already_exist")]


def test_usage_older_than_the_index_is_looked_up(ingest: Ingest) -> None:
    """An event of a month the index does not hold is kept once, however often it comes."""
    old = an_event("a", timestamp=1_700_000_000)
    assert ingest.push(old) == [Verdict.NEW]
    ingest.flusher.flush()
    ingest.stop()
    again = Ingest.start(ingest.folder)
    ingest.__dict__.update(again.__dict__)
    again.intake.committer._decider = IndexDecider(KeyIndex(SEED))

    assert again.push(old, an_event("b", timestamp=1_700_000_001)) == [Verdict.KNOWN, Verdict.NEW]
    assert again.push(an_event("a", timestamp=1_700_000_002)) == [Verdict.CONFLICT]
    again.flusher.flush()
    assert again.stored() == ["a", "b"]


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
    ingest.__dict__.update(again.__dict__)

    assert again.push(an_event()) == [Verdict.KNOWN]
    again.flusher.flush()
    assert again.stored() == ["tx-1"]


def test_a_restart_knows_what_the_lake_holds(ingest: Ingest) -> None:
    """Events in the lake and in quarantine are known after a restart, at their first second."""
    ingest.push(an_event("a"), an_event("b", code="unknown"))
    ingest.flusher.flush()
    ingest.stop()

    again = Ingest.start(ingest.folder)
    ingest.__dict__.update(again.__dict__)

    receipt = again.take_in(a_batch(an_event("a"), an_event("b", code="unknown")))
    assert receipt.verdicts == [Verdict.KNOWN, Verdict.KNOWN]
    assert receipt.received_s == [a_batch().received_s] * 2


def test_a_crash_between_lake_and_inbox_doubles_nothing(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the inbox rows outlive their commit to the lake, the next flush skips them."""
    ingest.push(an_event())
    with monkeypatch.context() as patched:
        patched.setattr(ingest.inbox, "delete_upto", lambda _shard, _mark: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ingest.flusher.flush()
    ingest.push(an_event("tx-2"))

    ingest.flusher.flush()

    assert ingest.stored() == ["tx-1", "tx-2"]


def test_a_failed_commit_answers_with_a_refusal_and_forgets(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk refuses, the caller is told to retry, and the retry is new."""

    def refuse(*_args: object, **_named: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.inbox, "append", refuse)
        with pytest.raises(TemporarilyUnavailable):
            ingest.push(an_event())

    assert ingest.push(an_event()) == [Verdict.NEW]


def test_a_fault_while_deciding_forgets_what_was_added(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key never stays known whose event was not stored: its retry would be swallowed."""
    with monkeypatch.context() as patched:
        patched.setattr(deciding, "_one_section", lambda *_args: 1 / 0)
        with pytest.raises(TemporarilyUnavailable):
            ingest.push(an_event())

    assert ingest.push(an_event()) == [Verdict.NEW]


@pytest.mark.parametrize("was_kept", [True, False])
def test_a_doubtful_commit_is_looked_up_before_the_next_push(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, *, was_kept: bool
) -> None:
    """When nobody can say whether a commit held, the stores are read again: kept once, or new."""
    append = ingest.inbox.append

    def doubtful(*args: object, **named: object) -> None:
        if was_kept:
            append(*args, **named)  # type: ignore[arg-type] # handed through
        raise CommitUnknownError("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(ingest.inbox, "append", doubtful)
        with pytest.raises(TemporarilyUnavailable):
            ingest.push(an_event())

    # What nobody is sure of must not be kept for the next start.
    sure = [ingest.intake.committer.is_sure]
    assert ingest.push(an_event()) == [Verdict.KNOWN if was_kept else Verdict.NEW]
    sure.append(ingest.intake.committer.is_sure)
    assert sure == [False, True]
    ingest.flusher.flush()
    assert ingest.stored() == ["tx-1"]


def test_uncountable_usage_is_set_aside_with_its_reason(ingest: Ingest) -> None:
    """Events that no metric can count are kept beside the usage, and known on retry."""
    faulty = [
        an_event("a", code="unknown"),
        an_event("b", properties={}),
        an_event("c", external_subscription_id=None),
    ]
    ingest.push(*faulty)
    ingest.flusher.flush()

    assert ingest.set_aside() == [
        ("a", "billable_metric_not_found"),
        ("b", "missing_aggregation_property"),
        ("c", "subscription_is_missing"),
    ]
    assert ingest.stored() == []
    assert ingest.push(*faulty) == [Verdict.KNOWN] * 3


def test_a_watermark_names_what_is_in_the_lake(ingest: Ingest) -> None:
    """A flush answers with a watermark that covers what was pushed before, and nothing later."""
    ingest.push(an_event("a"))
    before = ingest.flusher.flush()
    ingest.push(an_event("b"))
    ingest.flusher.flush()

    seen = ingest.lake.scan(USAGE).filter(before.includes()).collect()
    assert list(seen["transaction_id"]) == ["a"]


def test_rows_say_what_was_sent(ingest: Ingest) -> None:
    """A row keeps the properties as they were written, its place in the inbox, and its month."""
    ingest.push(an_event("a"), an_event("b", timestamp=None, properties={"tokens": "2.50"}))
    ingest.flusher.flush()

    rows = ingest.lake.scan(USAGE).sort("transaction_id").collect()
    assert rows.select("properties", "inbox_id", "sequence", "is_own_time").rows() == [
        ('{"tokens":7}', 1, 0, True),
        ('{"tokens":"2.50"}', 1, 1, False),
    ]
    assert rows["month"].unique().to_list() == [rows["occurred_at"].dt.date()[0].replace(day=1)]
    assert rows.filter(pl.col("transaction_id") == "b")["occurred_at"].equals(
        rows.filter(pl.col("transaction_id") == "b")["received_at"]
    )


def test_a_lake_beside_a_new_inbox_is_never_passed_again(ingest: Ingest) -> None:
    """When the inbox file was lost, its positions start beyond the lake's mark."""
    ingest.push(an_event("a"))
    ingest.flusher.flush()
    ingest.stop()
    for path in ingest.folder.glob("inbox.sqlite*"):
        path.unlink()

    again = Ingest.start(ingest.folder)
    ingest.__dict__.update(again.__dict__)
    again.push(an_event("b"))
    again.flusher.flush()

    assert again.stored() == ["a", "b"]
