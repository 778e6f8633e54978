"""The key index kept at a stop, so that the next start need not read every row of the lake for it.

Derived, and believed only where the lake says the same: what the lake's tally counts beyond what
was kept must be exactly the rows beyond it. Else every row is read, as without it.
"""

import io
import json
import os
import secrets
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
import structlog

from ingest.flush import stream_of
from ingest.keys.key_index import KeyIndex, Run
from ingest.keys.known_keys import USAGE_TABLES, load_inbox_keys, load_lake_keys
from storage.inbox import Inbox
from storage.lake import Lake

FILE = "keys.npz"
FORMAT = 2
SHARD = 0
SEED_BITS = 64
OWNER_ONLY = 0o600
# Fewer are read from the lake in a tenth of a second.
KEYS_WORTH_KEEPING = 100_000
_log = structlog.get_logger(__name__)


class Standing(msgspec.Struct, frozen=True):
    """How far the lake is, with its tally of all rows ever appended and of those erased since."""

    mark: int
    rows_count: int
    total: int
    erased: tuple[int, int]


class About(msgspec.Struct, frozen=True):
    """What kept keys are of."""

    format: int
    seed: int
    since: datetime
    standing: Standing


class KeptKeys:
    """The key index of a data folder with one process: opened at a start, kept at a stop."""

    def __init__(
        self,
        folder: Path,
        lake: Lake,
        inbox: Inbox,
        since: datetime,
        worth_keeping: int = KEYS_WORTH_KEEPING,
    ) -> None:
        """Know where the keys lie; those used and received before `since` are not known."""
        self._path = folder / FILE
        self._lake = lake
        self._inbox = inbox
        self._since = since
        self._worth_keeping = worth_keeping
        self._index: KeyIndex | None = None
        self._kept_mark: int | None = None
        self._erased = (0, 0)

    def open(self) -> KeyIndex:
        """Return an index of all that lake and inbox hold now."""
        standing = standing_of(self._lake)
        index = self._from_kept(standing)
        if index is None:
            index = KeyIndex(secrets.randbits(SEED_BITS))
            load_lake_keys(index, self._lake, shard=SHARD, since=self._since)
        load_inbox_keys(index, self._inbox, shard=SHARD, mark=standing.mark)
        self._index = index
        self._erased = standing.erased
        return index

    def keep(self) -> None:
        """Keep the index for the next start, if the lake holds all that it knows.

        Where usage was erased meanwhile nothing of it stays, not even hashed. A disk that can't
        take the keys stops nobody: the next start reads the lake.
        """
        index, standing = self._index, standing_of(self._lake)
        if standing.erased != self._erased:
            self._path.unlink(missing_ok=True)
            return
        is_settled = standing.mark == self._inbox.last_id(SHARD)
        if index is None or not is_settled or self._kept_mark == standing.mark:
            return
        if len(index) < self._worth_keeping:
            return
        try:
            _write(self._path, About(FORMAT, index.seed, self._since, standing), index.gathered())
        except OSError as error:
            _log.warning("keys_not_kept", cause=str(error))

    def _from_kept(self, standing: Standing) -> KeyIndex | None:
        try:
            about, index = _read(self._path)
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - damaged bytes make a reader raise anything
            _log.warning("kept_keys_unreadable", cause=str(error))
            return None
        if about.format != FORMAT or about.since != self._since:
            return None
        if not _fits(about.standing, standing, _tally_after(self._lake, about.standing.mark)):
            _log.warning("kept_keys_do_not_fit_the_lake")
            self._path.unlink()
            return None
        mark = about.standing.mark
        load_lake_keys(index, self._lake, shard=SHARD, since=self._since, after=mark)
        self._kept_mark = mark
        return index


def standing_of(lake: Lake) -> Standing:
    """Return how far the lake is now."""
    mark = lake.mark(stream_of(SHARD))
    ((rows_count, total),) = lake.query(
        f"SELECT rows_count, tally::VARCHAR FROM lake.ops.mark_{stream_of(SHARD)}"  # noqa: S608 - its name
    ).rows()
    ((erased_count, erased_total),) = lake.query(
        "SELECT coalesce(sum(rows_count), 0)::VARCHAR, coalesce(sum(tally), 0)::VARCHAR "
        "FROM lake.ops.erased_tally WHERE shard = ?",
        [SHARD],
    ).rows()
    return Standing(mark, int(rows_count), int(total), (int(erased_count), int(erased_total)))


def _fits(kept: Standing, now: Standing, beyond: tuple[int, int]) -> bool:
    """Say whether the lake is the one that was kept, and the rows beyond it, and nothing else."""
    rows_count, total = beyond
    return (
        now == Standing(now.mark, kept.rows_count + rows_count, kept.total + total, kept.erased)
        and now.mark >= kept.mark
    )


def _tally_after(lake: Lake, mark: int) -> tuple[int, int]:
    """Return the number of rows beyond a mark, and the exact sum of their digests."""
    tallies = [
        lake.scan(table)
        .filter(pl.col("shard") == SHARD, pl.col("inbox_id") > mark)
        .select(pl.len(), pl.col("content_digest").cast(pl.Int128).sum().alias("total"))
        .collect()
        .row(0)
        for table in USAGE_TABLES
    ]
    return sum(count for count, _ in tallies), sum(int(total or 0) for _, total in tallies)


def _write(path: Path, about: About, runs: list[Run]) -> None:
    """Write beside the file, sync, and put it in its place: there is an old one or a new one."""
    # The tallies are wider than msgspec's JSON, which ends at 64 bits.
    words = json.dumps(msgspec.to_builtins(about)).encode()
    arrays: dict[str, Any] = {"about": np.frombuffer(words, np.uint8)}
    for number, run in enumerate(runs):
        arrays |= {
            f"words{number}": run.words,
            f"lows{number}": run.lows,
            f"received{number}": run.received,
        }
    written = path.with_suffix(".part")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, **arrays)
            file.flush()
            os.fsync(file.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def _read(path: Path) -> tuple[About, KeyIndex]:
    """Return what was written, no byte of it changed."""
    with zipfile.ZipFile(path) as file:
        about = msgspec.convert(json.loads(_array(file, "about").tobytes()), About)
        runs = [
            Run(*(_array(file, f"{part}{number}") for part in ("words", "lows", "received")))
            for number in range(sum(name.startswith("words") for name in file.namelist()))
        ]
    return about, KeyIndex(about.seed, runs)


def _array(file: zipfile.ZipFile, name: str) -> "np.ndarray[Any, Any]":
    """Return one array; its checksum is held against all its bytes first.

    `np.load` stops where the array says it ends, and would believe a shorter length.
    """
    return np.lib.format.read_array(io.BytesIO(file.read(f"{name}.npy")), allow_pickle=False)
