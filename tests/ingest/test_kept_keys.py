"""Keys kept at a stop are what a start would read from the lake, or are not believed."""

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ingest.event_columns import columns_of, keys_and_digests
from ingest.flush import stream_of
from ingest.keys import kept_keys
from ingest.keys.kept_keys import FILE, About, KeptKeys, Standing, standing_of
from ingest.keys.key_index import KeyIndex, Run, Verdict
from ingest.keys.known_keys import load_inbox_keys, load_lake_keys
from ingest.usage_event import UsageEvent
from storage.lake_tables import QUARANTINE, REVISION, USAGE
from tests.ingest.makers import an_event
from tests.ingest.running_ingest import SINCE, Ingest

NEW, KNOWN, CONFLICT = Verdict.NEW, Verdict.KNOWN, Verdict.CONFLICT


def kept_folder(folder: Path, *names: str) -> Path:
    """Take in events, stop as asked, and return the folder, which holds their keys."""
    folder.mkdir(exist_ok=True)
    ingest = Ingest.start(folder)
    ingest.push(*[an_event(name) for name in names])
    ingest.retire()
    assert (folder / FILE).exists()
    return folder


def folder_and_older_copy(tmp_path: Path) -> tuple[Path, Path]:
    """Return a folder that holds `a` and `b`, and a copy made before it got `b`."""
    folder, copy = tmp_path / "house", tmp_path / "copy"
    kept_folder(folder, "a")
    shutil.copytree(folder, copy)
    return kept_folder(folder, "b"), copy


def held(index: KeyIndex, seed: int, event: UsageEvent) -> list[int] | None:
    """Return what an index holds of an event, wherever it is."""
    assert index.seed == seed
    keys, _ = keys_and_digests("nexadesk", columns_of([event]))
    hashes = index.hashes(keys)
    recent = index.recent(hashes[0])
    return index.older(hashes) if recent is None else [recent]


def words_of(caught: list[structlog.typing.EventDict]) -> set[object]:
    """Return what was logged of kept keys."""
    return {each["event"] for each in caught if "keys" in str(each["event"])}


def started_without(folder: Path) -> tuple[list[Verdict], set[object]]:
    """Start on a folder, ask for `a`, a changed `b` and a new event; return answers and logs."""
    with structlog.testing.capture_logs() as caught:
        ingest = Ingest.start(folder)
    changed = an_event("b", properties={"tokens": 8})
    verdicts = [ingest.push(event)[0] for event in (an_event("a"), changed, an_event("new"))]
    ingest.stop()
    return verdicts, words_of(caught)


def test_a_start_reads_only_what_came_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept is known without reading it; what the lake and the inbox got since is read."""
    folder = kept_folder(tmp_path / "house", "a", "b")
    ingest = Ingest.start(folder)
    ingest.push(an_event("c"))
    ingest.flusher.flush()
    ingest.push(an_event("d"))
    ingest.stop()
    read: list[int] = []

    def noted(*asked: object, **named: int) -> None:
        read.append(named.get("after", 0))
        load_lake_keys(*asked, **named)  # type: ignore[arg-type] # as it was called

    monkeypatch.setattr(kept_keys, "load_lake_keys", noted)
    with structlog.testing.capture_logs() as caught:
        ingest = Ingest.start(folder)

    known = [ingest.push(an_event(name))[0] for name in "abcde"]
    assert known == [KNOWN, KNOWN, KNOWN, KNOWN, NEW]
    assert ingest.push(an_event("a", properties={"tokens": 8})) == [CONFLICT]
    assert (read, words_of(caught)) == ([1], set())
    ingest.stop()


def test_kept_keys_are_those_of_the_lake(tmp_path: Path) -> None:
    """Of every event the same is held as after reading all rows: content and first receipt."""
    names = [f"tx-{number}" for number in range(300)]
    folder = kept_folder(tmp_path / "house", *names)
    ingest = Ingest.start(folder)
    index = ingest.keys.open()
    read = KeyIndex(index.seed)
    load_lake_keys(read, ingest.lake, shard=0, since=SINCE)
    load_inbox_keys(read, ingest.inbox, shard=0, mark=ingest.lake.mark(stream_of(0)))

    assert len(index) == len(read) == len(names)
    for name in [*names, "unknown"]:
        event = an_event(name)
        assert held(index, index.seed, event) == held(read, index.seed, event)
    ingest.stop()


def test_keys_are_its_owners_alone(tmp_path: Path) -> None:
    """The file holds the seed of the hashes: nobody else may read it."""
    folder = kept_folder(tmp_path / "house", "a")

    assert (folder / FILE).stat().st_mode & 0o777 == 0o600


def test_what_is_not_in_the_lake_is_not_kept(tmp_path: Path) -> None:
    """While events wait in the inbox nothing is kept, nor of fewer keys than are worth it."""
    ingest = Ingest.start(tmp_path)
    ingest.push(an_event("a"), an_event("b"))
    ingest.keys.keep()
    assert not (tmp_path / FILE).exists()

    ingest.flusher.flush()
    for worth_keeping in (3, 2):
        keys = KeptKeys(tmp_path, ingest.lake, ingest.inbox, SINCE, worth_keeping)
        keys.open()
        keys.keep()
        assert (tmp_path / FILE).exists() is (worth_keeping == 2)
    ingest.stop()


def test_nothing_new_is_not_kept_again(tmp_path: Path) -> None:
    """A stop after which the same is known leaves the file as it is."""
    folder = kept_folder(tmp_path / "house", "a")
    os.utime(folder / FILE, (1, 1))
    Ingest.start(folder).retire()
    assert (folder / FILE).stat().st_mtime == 1

    ingest = Ingest.start(folder)
    ingest.push(an_event("b"))
    ingest.retire()
    assert (folder / FILE).stat().st_mtime > 1


def cut(path: Path) -> None:
    """Leave half of a file."""
    os.truncate(path, path.stat().st_size // 2)


def flip(path: Path) -> None:
    """Change one bit in the middle of the first segment's keys."""
    with zipfile.ZipFile(path) as file:
        keys = file.getinfo("words0.npy")
    body = bytearray(path.read_bytes())
    body[keys.header_offset + keys.compress_size // 2] ^= 1
    path.write_bytes(body)


def shorten(path: Path) -> None:
    """Let the first segment say that it has fewer keys than it has."""
    with zipfile.ZipFile(path) as file:
        at = file.getinfo("words0.npy").header_offset
    body = bytearray(path.read_bytes())
    first_digit = body.index(b"'shape': (", at) + len("'shape': (")
    assert body[first_digit : first_digit + 1].isdigit()
    body[first_digit] = ord("0")
    path.write_bytes(body)


def empty(path: Path) -> None:
    """Leave nothing of a file."""
    path.write_bytes(b"")


def replace_by_a_text(path: Path) -> None:
    """Put something else there."""
    path.write_text("no keys")


def leave_out(path: Path, *names: str) -> None:
    """Leave some arrays out."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files if name not in names}
    with path.open("wb") as opened:
        np.savez(opened, **arrays)


def leave_an_array_out(path: Path) -> None:
    """Leave a part of one segment out."""
    leave_out(path, "lows7")


def leave_a_segment_out(path: Path) -> None:
    """Leave the last segment out."""
    leave_out(path, "words15", "lows15", "received15")


@pytest.mark.parametrize(
    "harm", [cut, flip, shorten, empty, replace_by_a_text, leave_an_array_out, leave_a_segment_out]
)
def test_a_damaged_file_is_not_believed(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    """What can't be read is said, and the lake is read instead: nothing is taken twice."""
    folder = kept_folder(tmp_path / "house", *[f"tx-{number}" for number in range(2_000)], "a", "b")
    harm(folder / FILE)

    assert started_without(folder) == ([KNOWN, CONFLICT, NEW], {"kept_keys_unreadable"})


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a file with a few keys, and nothing else around it."""
    run = Run(np.arange(2, dtype=np.uint64), np.ones(2, np.uint16), np.ones(2, np.uint32))
    path = tmp_path_factory.mktemp("kept") / FILE
    kept_keys._write(path, About(2, 11, SINCE, Standing(4, 32, 2**70, (0, 0))), [run] * 16)
    return path


@given(data=st.data())
def test_no_changed_bit_changes_what_is_known(small_file: Path, data: st.DataObject) -> None:
    """Whatever bit of the file is changed, it is not read, or what is read is the same."""
    good = small_file.read_bytes()
    bits = data.draw(st.sets(st.integers(0, 8 * len(good) - 1), min_size=1, max_size=2))
    body = bytearray(good)
    for bit in bits:
        body[bit // 8] ^= 1 << bit % 8
    changed = small_file.with_name("changed")
    changed.write_bytes(body)

    about, index = kept_keys._read(small_file)
    try:
        read_about, read_index = kept_keys._read(changed)
    except Exception:  # noqa: BLE001 - as at a start
        return
    assert read_about == about
    for one, other in zip(index.gathered(), read_index.gathered(), strict=True):
        np.testing.assert_array_equal(one.words, other.words)
        np.testing.assert_array_equal(one.lows, other.lows)
        np.testing.assert_array_equal(one.received, other.received)


def test_keys_of_another_time_are_not_believed(tmp_path: Path) -> None:
    """Where the first month that is known has changed, or the form, all rows are read."""
    folder = kept_folder(tmp_path / "house", "a", "b")
    with np.load(folder / FILE) as file:
        arrays = {name: file[name] for name in file.files}
    about = json.loads(arrays["about"].tobytes())
    for changed in ({"since": (SINCE - timedelta(days=31)).isoformat()}, {"format": 0}):
        words = json.dumps(about | changed).encode()
        other = arrays | {"about": np.frombuffer(words, np.uint8)}
        for name in [name for name in other if name.startswith("words")]:
            other[name] = other[name] + np.uint64(1 << 20)
        with (folder / FILE).open("wb") as opened:
            np.savez(opened, **other)

        ingest = Ingest.start(folder)
        assert ingest.push(an_event("a"), an_event("b")) == [KNOWN, KNOWN]
        ingest.stop()


def test_a_lake_from_an_older_copy_gets_its_usage_again(tmp_path: Path) -> None:
    """What the lake lost with the restoring is new to it: kept keys must not swallow it."""
    folder, copy = folder_and_older_copy(tmp_path)
    shutil.copy(folder / FILE, copy / FILE)

    with structlog.testing.capture_logs() as caught:
        ingest = Ingest.start(copy)
    assert words_of(caught) == {"kept_keys_do_not_fit_the_lake"}
    assert ingest.push(an_event("a"), an_event("b")) == [KNOWN, NEW]
    ingest.retire()


def test_a_lake_that_went_another_way_is_read(tmp_path: Path) -> None:
    """A copy that has come as far by other usage has another tally, and is found out."""
    folder, copy = folder_and_older_copy(tmp_path)
    (copy / FILE).unlink()
    kept_folder(copy, "c")
    shutil.copy(folder / FILE, copy / FILE)

    with structlog.testing.capture_logs() as caught:
        ingest = Ingest.start(copy)
    assert words_of(caught) == {"kept_keys_do_not_fit_the_lake"}
    assert ingest.push(an_event("b")) == [NEW]
    assert ingest.push(an_event("c")) == [KNOWN]
    ingest.stop()


def test_an_erasure_ends_what_was_kept(tmp_path: Path) -> None:
    """Rows that were taken out of the lake are not known from before."""
    folder = kept_folder(tmp_path / "house", "a")
    ingest = Ingest.start(folder)
    ingest.lake.erase((USAGE, REVISION, QUARANTINE), {"service": "nexadesk"})
    ingest.stop()

    with structlog.testing.capture_logs() as caught:
        ingest = Ingest.start(folder)
    assert words_of(caught) == {"kept_keys_do_not_fit_the_lake"}
    assert not (folder / FILE).exists()
    assert ingest.push(an_event("a")) == [NEW]
    ingest.stop()


def test_nothing_of_erased_usage_is_kept(tmp_path: Path) -> None:
    """Where usage was erased while the index knew it, the file goes, and the next start reads."""
    folder = kept_folder(tmp_path / "house", "a")
    ingest = Ingest.start(folder)
    ingest.lake.erase((USAGE, REVISION, QUARANTINE), {"service": "nexadesk"})
    ingest.push(an_event("b"))
    ingest.retire()
    assert not (folder / FILE).exists()

    Ingest.start(folder).retire()
    assert (folder / FILE).exists()


def test_a_full_disk_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that can't be kept are told, and those kept before stay: they still fit."""
    folder = kept_folder(tmp_path / "house", "a")
    before = (folder / FILE).read_bytes()
    ingest = Ingest.start(folder)
    ingest.push(an_event("b"))

    def full(*_asked: object, **_named: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as caught:
        patched.setattr(np, "savez", full)
        ingest.retire()

    assert words_of(caught) == {"keys_not_kept"}
    assert (folder / FILE).read_bytes() == before
    assert [path.name for path in folder.glob("keys*")] == [FILE]
    assert started_without(folder)[0] == [KNOWN, CONFLICT, NEW]


def test_the_standing_tells_rows_and_digests(tmp_path: Path) -> None:
    """A lake's standing is its mark, its rows, the exact sum of their digests, and what went."""
    ingest = Ingest.start(tmp_path)
    assert standing_of(ingest.lake) == Standing(0, 0, 0, (0, 0))
    ingest.push(an_event("a"), an_event("b"))
    ingest.flusher.flush()
    total = sum(ingest.lake.scan(USAGE).collect()["content_digest"].to_list())

    assert standing_of(ingest.lake) == Standing(1, 2, total, (0, 0))
    ingest.lake.erase((USAGE,), {"service": "nexadesk"})
    assert standing_of(ingest.lake) == Standing(1, 2, total, (2, total))
    ingest.stop()


def test_an_index_has_all_its_segments() -> None:
    """Runs that are not what an index gave are refused."""
    with pytest.raises(ValueError, match="16 segments, not 1"):
        KeyIndex(7, [Run(np.empty(0, np.uint64), np.empty(0, np.uint16), np.empty(0, np.uint32))])


def test_gathering_leaves_every_key_known() -> None:
    """Recent keys, those on their way and those in segments are all in the sixteen runs."""
    index = KeyIndex(7)
    hashes = [epoch * 2**40 + epoch for epoch in range(1, 120_001)]
    for start in range(0, len(hashes), 30_000):
        for each in hashes[start : start + 30_000]:
            index.add(each, each % 97, 5)
        index.settle()

    runs = index.gathered()

    assert sum(map(len, runs)) == len(index) == len(hashes)
    found = KeyIndex(7, runs).older(hashes)
    assert found == index.older(hashes)
    assert found is not None
    assert -1 not in found
