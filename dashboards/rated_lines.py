"""Rated lines behind a figure, and one line with all it was computed from, read from the lake."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from dashboards.scope import Scope, ScopeFault, in_scope
from storage.lake import Lake
from storage.lake_tables import RATED_LINE

ROWS_PER_PAGE = 100
ROWS_EXPORTED_MAX = 200_000
NEWEST_FIRST = ("month", "service", "account_id", "period_start", "id")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page of rows, how many there are, and the sum of all of them by currency."""

    rows: list[Row]
    page: int
    count: int
    totals: Mapping[str, Any]

    @property
    def pages_count(self) -> int:
        """Return the number of pages, at least one."""
        return max(1, -(-self.count // ROWS_PER_PAGE))


def rated_line_page(
    lake: Lake, scope: Scope, currency: str | None, page: int, as_of: datetime | None = None
) -> RowPage:
    """Return one page of the lines in scope, of now or known at a time, the newest month first."""
    lines = _lines(lake, scope, currency, as_of)
    totals = lines.group_by("currency").agg(
        count=pl.len(), amount_cents=pl.col("amount_cents").sum()
    )
    found = totals.sort("currency").collect()
    ordered = lines.drop("explanation").sort(NEWEST_FIRST, descending=[True, *[False] * 4])
    rows = ordered.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE).collect()
    return RowPage(
        rows=rows.to_dicts(),
        page=page,
        count=int(found["count"].sum() or 0),
        totals=dict(found.select("currency", "amount_cents").iter_rows()),
    )


def exported_lines(
    lake: Lake, scope: Scope, currency: str | None, as_of: datetime | None = None
) -> list[Row]:
    """Return every line in scope without its explanation; ScopeFault over the limit."""
    lines = _lines(lake, scope, currency, as_of).drop("explanation").sort(NEWEST_FIRST)
    return exported(lines)


def lines_known(lake: Lake, as_of: datetime | None) -> pl.LazyFrame:
    """Return the rated lines of now, or those that had been rated at a time."""
    lines = lake.scan(RATED_LINE)
    return lines if as_of is None else lines.filter(pl.col("rated_at") <= as_of)


def exported(rows: pl.LazyFrame) -> list[Row]:
    """Return all rows of a frame; ScopeFault when they are too many for one file."""
    found = rows.head(ROWS_EXPORTED_MAX + 1).collect()
    if found.height > ROWS_EXPORTED_MAX:
        raise ScopeFault(f"more than {ROWS_EXPORTED_MAX:,} rows: choose a service or a month")
    return found.to_dicts()


def find_rated_line(lake: Lake, line_id: str) -> Row | None:
    """Return one line with every column, or None."""
    found = lake.scan(RATED_LINE).filter(pl.col("id") == line_id).head(1).collect()
    return found.row(0, named=True) if found.height else None


def _lines(lake: Lake, scope: Scope, currency: str | None, as_of: datetime | None) -> pl.LazyFrame:
    lines = in_scope(lines_known(lake, as_of), scope)
    return lines.filter(pl.col("currency") == currency) if currency else lines
