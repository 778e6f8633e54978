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

    @classmethod
    def parse(cls, text: str) -> "Watermark":
        """Read the text of a watermark; ValueError when it is not one."""
        pairs = (part.split(":") for part in text.split(",") if part)
        return cls(tuple((int(shard), int(mark)) for shard, mark in pairs))

    def includes(self) -> pl.Expr:
        """Return the filter on frames of USAGE that keeps what this watermark covers."""
        seen = pl.lit(value=False)
        for shard, mark in self.marks:
            seen |= (pl.col("shard") == shard) & (pl.col("inbox_id") <= mark)
        return seen
