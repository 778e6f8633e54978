"""A batch of costs too large for memory, on disk meanwhile in parts that can be judged alone."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from dashboards.costs.charges import UNNAMED_SCHEMA, with_keys
from dashboards.costs.revisions import summed_days, told_days
from storage.lake import Lake

# About so many bytes of a file make one part: some 50,000 rows of it.
BYTES_PER_PART = 24 * 1024 * 1024
PREFIX = "costs-being-read-"
LEFT_BEHIND_SECONDS = 86_400
NO_ROWS = pl.DataFrame(schema=UNNAMED_SCHEMA)


class StagedFrames:
    """Frames in a folder, read again one by one in the order in which they were added."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.height = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Write one more frame."""
        count = sum(1 for _ in self._folder.iterdir())
        frame.write_parquet(self._folder / f"{count:06}.parquet", compression="lz4")
        self.height += frame.height

    @property
    def files(self) -> list[Path]:
        """Return the files of the frames, in their order."""
        return sorted(self._folder.iterdir())

    def __iter__(self) -> Iterator[pl.DataFrame]:
        for path in self.files:
            yield pl.read_parquet(path)


class StagedCosts:
    """Priced rows of one batch, in parts: all rows of one day and key are in the same one."""

    def __init__(self, folder: Path, parts_count: int) -> None:
        self._folder = folder
        self.parts_count = parts_count
        self._parts = [StagedFrames(folder / f"part-{part:04}") for part in range(parts_count)]
        self._days: pl.DataFrame | None = None
        self.height = 0

    def add(self, priced: pl.DataFrame) -> None:
        """Write priced rows, the next of the batch."""
        named = pl.coalesce("source_key", "digest")
        parted = priced.with_columns(part=part_of_key(named, self.parts_count))
        for (part,), rows in parted.partition_by(
            "part", as_dict=True, include_key=False, maintain_order=True
        ).items():
            self._parts[part].add(rows)
        days = told_days(priced)
        self._days = days if self._days is None else summed_days(pl.concat([self._days, days]))
        self.height += priced.height

    def days(self) -> pl.DataFrame:
        """Return the days of the batch."""
        return told_days(NO_ROWS) if self._days is None else self._days

    def parts(self) -> Iterator[pl.DataFrame]:
        """Give each part as rows of the cost table, with their keys; parts may be empty."""
        for part in self._parts:
            yield with_keys(pl.concat([NO_ROWS, *part]))

    def fresh(self) -> StagedFrames:
        """Return a place for what of the batch is new."""
        shutil.rmtree(self._folder / "fresh", ignore_errors=True)
        return StagedFrames(self._folder / "fresh")


def part_of_key(key: pl.Expr, parts_count: int) -> pl.Expr:
    """Return the part a row is in, of so many: by its day and key without its place among equals.

    A digest has no such place yet, and is in the part of the keys that are made of it.
    """
    whole = pl.col("day").cast(pl.String), key.str.replace(r"-[0-9]+$", "")
    text = pl.concat_str(whole, ignore_nulls=True)
    return (text.hash() % parts_count).cast(pl.Int64)


def parts_of_bytes(size: int) -> int:
    """Return how many parts a file of some bytes is judged in."""
    return size // BYTES_PER_PART + 1


@contextmanager
def staging_folder(lake: Lake) -> Iterator[Path]:
    """Give a folder beside the lake's data that is gone afterwards.

    What a killed process left there a day ago and before goes too.
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=lake.folder) as name:
        folder = Path(name)
        for other in lake.folder.glob(f"{PREFIX}*"):
            if folder.stat().st_mtime - other.stat().st_mtime > LEFT_BEHIND_SECONDS:
                shutil.rmtree(other, ignore_errors=True)
        yield folder
