"""A watermark: what had been taken in. A computation pins one and can be repeated for ever."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True)
class Watermark:
    """The last inbox position of each shard that a computation may see."""

    marks: tuple[tuple[int, int], ...]

    def __str__(self) -> str:
        """Return the text kept with a rated line: "0:1234"."""
        return ",".join(f"{shard}:{mark}" for shard, mark in self.marks)

    def includes(self) -> pl.Expr:
        """Return the filter on frames of USAGE that keeps what this watermark covers."""
        seen = pl.lit(value=False)
        for shard, mark in self.marks:
            seen |= (pl.col("shard") == shard) & (pl.col("inbox_id") <= mark)
        return seen


def watermark_of_text(text: str) -> Watermark:
    """Return the watermark that was written as text; the empty text had taken in nothing."""
    pairs = (pair.split(":") for pair in text.split(",") if pair)
    return Watermark(tuple((int(shard), int(mark)) for shard, mark in pairs))


def oldest(watermarks: Iterable[Watermark]) -> Watermark:
    """Return what all of some watermarks cover: a shard that one of them lacks is not covered."""
    every = [dict(watermark.marks) for watermark in watermarks]
    shards = set.intersection(*(set(marks) for marks in every)) if every else set[int]()
    marks = ((shard, min(each[shard] for each in every)) for shard in sorted(shards))
    return Watermark(tuple(marks))
