"""The key index answers as a dict would, in fourteen bytes a key."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.keys import key_index, known_keys
from ingest.keys.key_index import KeyIndex, Verdict, entry, received_of, verdict_of
from ingest.keys.known_keys import load_lake_keys
from tests.ingest.makers import an_event
from tests.ingest.running_ingest import SINCE, Ingest

SEED = 7
keys = st.integers(0, 40).map(lambda number: f"key-{number}".encode())


def held(index: KeyIndex, key: bytes) -> int | None:
    """Return what the index holds of one key, recent or older."""
    (key_hash,) = index.hashes([key])
    recent = index.recent(key_hash)
    if recent is not None:
        return recent
    older = index.older([key_hash])
    return None if older is None or older[0] < 0 else older[0]


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let keys move from run to run after a handful, as they do after millions."""
    monkeypatch.setattr(key_index, "RECENT_KEYS_MAX", 3)
    monkeypatch.setattr(key_index, "MIDDLE_KEYS_MAX", 8)


@given(st.lists(st.tuples(keys, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))))
def test_it_answers_as_a_dict(pushed: list[tuple[bytes, int, int]]) -> None:
    """However many keys have moved on to larger runs, each is found with its first content."""
    index, expected = KeyIndex(SEED), {}
    for key, content, received_s in pushed:
        if key not in expected:
            expected[key] = entry(content, received_s)
            index.add(index.hashes([key])[0], content, received_s)
        index.settle()
        assert {known: held(index, known) for known in expected} == expected

    assert held(index, b"never seen") is None


@given(st.lists(st.tuples(keys, st.integers(0, 2**64 - 1)), unique_by=lambda pair: pair[0]))
def test_a_loaded_index_answers_like_a_grown_one(known: list[tuple[bytes, int]]) -> None:
    """Keys read at a start are found like keys that came one by one."""
    index = KeyIndex(SEED)
    for third in (known[::3], known[1::3]):
        index.load(
            (
                index.hash_array([key for key, _ in step]),
                np.array([content for _, content in step], np.uint64),
                np.full(len(step), 9, np.uint32),
            )
            for step in (third[::2], third[1::2])
        )
    for key, content in known[2::3]:
        index.add(index.hashes([key])[0], content, 9)

    assert all(held(index, key) == entry(content, 9) for key, content in known)
    assert index.bytes_count == 14 * len(known[::3] + known[1::3])


def test_content_and_first_second_are_told() -> None:
    """What is held tells whether the content is the same, and when it first came."""
    known = entry(0xABCDEF, 4_000_000_000)

    assert verdict_of(known, 0xABCDEF) is Verdict.KNOWN
    assert verdict_of(known, 0xABCDEE) is Verdict.CONFLICT
    assert received_of(known) == 4_000_000_000


def test_a_forgotten_key_is_new_again() -> None:
    """A key whose commit failed leaves nothing behind."""
    index = KeyIndex(SEED)
    (key_hash,) = index.hashes([b"a"])
    index.add(key_hash, 1, 2)

    index.forget(key_hash)

    assert held(index, b"a") is None


def test_a_seed_changes_every_hash() -> None:
    """Who does not know the seed can't choose ids that meet."""
    ids = [f"{number}".encode() for number in range(100)]

    assert not set(KeyIndex(1).hashes(ids)) & set(KeyIndex(2).hashes(ids))


def test_events_are_added_together_only_when_all_are_new() -> None:
    """A push that repeats a recent key, or names one twice, is left to be judged one by one."""
    index = KeyIndex(SEED)

    assert index.add_new([1, 2], [10, 20], 7)
    assert not index.add_new([3, 2], [30, 20], 8)
    assert not index.add_new([4, 4], [40, 40], 8)
    assert index.recent(1) == entry(10, 7)
    assert index.recent(3) is None
    assert index.recent(4) is None


def test_a_fault_while_adding_leaves_no_key_behind() -> None:
    """Keys that could not all be added are forgotten: none may stay known without its event."""
    index = KeyIndex(SEED)

    with pytest.raises(ValueError, match="zip"):
        index.add_new([1, 2, 3], [10, 20], 7)

    assert len(index) == 0


def test_a_start_gives_back_what_its_loading_took(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the keys are loaded, memory is given back."""
    ingest.push(an_event("a"))
    ingest.flusher.flush()
    index = KeyIndex(SEED)
    seen: list[int] = []
    monkeypatch.setattr(known_keys, "give_back_memory", lambda: seen.append(len(index)))

    load_lake_keys(index, ingest.lake, shard=0, since=SINCE)

    assert seen == [1]
