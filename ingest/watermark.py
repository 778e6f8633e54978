"""A watermark: what had been taken in. A computation pins one and can be repeated for ever."""

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
