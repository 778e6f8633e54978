"""The key index: what a key takes, what a look-up takes, and how long a start with N keys takes."""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.figures import Figure, compared
from benchmarks.machine import memory_megabytes
from benchmarks.workload import MONTH_END, MONTH_START, SEED, a_month_of_usage
from ingest.flush import stream_of
from ingest.keys.kept_keys import KeptKeys
from ingest.keys.key_index import KEY_BITS, KeyIndex
from ingest.keys.known_keys import load_lake_keys
from storage.inbox import open_inbox
from storage.lake import Lake
from storage.lake_tables import USAGE
from storage.spare_memory import give_back_memory

LOOKED_UP = 50_000
KNOWN_SHARE = 100
KEYS_PER_LOAD = 2_000_000
PYTHON_SET_MAX = 10_000_000
KEY_COLUMNS = (
    "service", "subscription_id", "transaction_id", "content_digest", "received_at",
)  # fmt: skip
SHARD = 0

Hashes = npt.NDArray[np.uint64]


def key_index_figures(folder: Path, keys_count: int) -> Iterator[Figure | str]:
    """Yield keys/s of loading, look-up and start, and bytes a key."""
    hashes = drawn_hashes(keys_count)
    before = memory_megabytes()
    index = loaded_index(hashes)
    assert len(index) == keys_count
    grown = memory_megabytes() - before
    yield (
        f"the index of {keys_count:,} keys takes {index.bytes_count / keys_count:.1f} bytes a key; "
        f"the process grew by {grown:,.0f} MB to {memory_megabytes():,.0f} MB"
    )
    yield compared(
        f"key index, load {keys_count:,} keys from arrays",
        "keys",
        keys_count,
        partial(loaded_index, hashes),
        {"numpy sort of the hashes (limit)": partial(np.sort, hashes)},
    )
    yield from _look_ups(index, hashes)
    yield from _start(folder, keys_count)


def drawn_hashes(keys_count: int) -> Hashes:
    """Return hashes as the index makes them of keys, all different."""
    # Multiplying by an odd number permutes the 56 bits, so nothing is drawn twice.
    places = np.arange(keys_count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return places & np.uint64((1 << KEY_BITS) - 1)


def loaded_index(hashes: Hashes) -> KeyIndex:
    """Return an index that holds these keys, loaded in the steps of a start."""
    index = KeyIndex(SEED)
    parts = (hashes[at : at + KEYS_PER_LOAD] for at in range(0, len(hashes), KEYS_PER_LOAD))
    second = int(MONTH_END.timestamp())
    index.load((part, part, np.full(len(part), second, np.uint32)) for part in parts)
    give_back_memory()
    return index


def _look_ups(index: KeyIndex, hashes: Hashes) -> Iterator[Figure | str]:
    """Compare one look-up of 50,000 keys, one in a hundred of them known."""
    asked = np.random.default_rng(SEED).integers(0, 1 << KEY_BITS, LOOKED_UP, np.uint64)
    known = min(LOOKED_UP // KNOWN_SHARE, len(hashes))
    asked[:known] = hashes[:known]
    numbers = asked.tolist()
    ordered = np.sort(hashes)
    others = {"numpy search in one sorted array (limit)": partial(_search, ordered, asked)}
    what = f"key index, look up {LOOKED_UP:,} in {len(hashes):,}"
    if len(hashes) <= PYTHON_SET_MAX:
        python_set = set(hashes.tolist())
        entries = sys.getsizeof(python_set) + sum(map(sys.getsizeof, python_set))
        yield f"a Python set of the same hashes takes {entries / len(hashes):.0f} bytes a key"
        others["a Python set of the hashes"] = partial(_in_set, python_set, numbers)
        assert _known(index, numbers) == _in_set(python_set, numbers)
    assert _known(index, numbers) == _search(ordered, asked)
    yield compared(what, "keys", LOOKED_UP, partial(_known, index, numbers), others)


def _known(index: KeyIndex, numbers: list[int]) -> int:
    return sum(held >= 0 for held in index.older(numbers) or ())


def _search(ordered: Hashes, asked: Hashes) -> int:
    places = np.minimum(ordered.searchsorted(asked), len(ordered) - 1)
    return int((ordered[places] == asked).sum())


def _in_set(python_set: set[int], numbers: list[int]) -> int:
    return sum(number in python_set for number in numbers)


def _start(folder: Path, keys_count: int) -> Iterator[Figure]:
    """Compare a start with a lake of so many events with reading its columns alone."""
    lake = Lake(folder / "known_lake")
    for start in range(0, keys_count, KEYS_PER_LOAD):
        usage = a_month_of_usage(min(KEYS_PER_LOAD, keys_count - start)).with_columns(
            transaction_id=pl.concat_str(pl.lit(f"{start}-"), "transaction_id")
        )
        mark = lake.mark(stream_of(SHARD))
        lake.append_once(stream_of(SHARD), mark, mark + usage.height, {USAGE: usage})
    inbox = open_inbox("", folder)
    inbox.start_beyond(SHARD, lake.mark(stream_of(SHARD)))
    keys = KeptKeys(folder, lake, inbox, MONTH_START, worth_keeping=1)
    keys.open()
    keys.keep()
    inbox.close()
    lake.close()
    held: list[int] = []
    yield compared(
        f"start: open a lake of {keys_count:,} events and know their keys",
        "keys",
        keys_count,
        lambda: held.append(_start_once(folder / "known_lake")),
        {
            "from what the last stop kept": lambda: held.append(_start_kept(folder)),
            "polars read of the same columns (limit)": partial(_read_once, folder / "known_lake"),
        },
    )
    assert set(held) == {keys_count}


def _start_once(folder: Path) -> int:
    lake, index = Lake(folder), KeyIndex(SEED)
    load_lake_keys(index, lake, shard=SHARD, since=MONTH_START)
    lake.close()
    return len(index)


def _start_kept(folder: Path) -> int:
    lake, inbox = Lake(folder / "known_lake"), open_inbox("", folder)
    index = KeptKeys(folder, lake, inbox, MONTH_START).open()
    inbox.close()
    lake.close()
    return len(index)


def _read_once(folder: Path) -> None:
    lake = Lake(folder)
    lake.scan(USAGE).select(KEY_COLUMNS).collect()
    lake.close()
