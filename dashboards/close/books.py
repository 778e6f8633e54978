"""All closes of a service: what they kept, what is pending, the months as closed. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from dashboards.close.figures import (
    NO_FIGURES,
    OWNERS,
    figures_less,
    figures_of_months,
    figures_summed,
)
from dashboards.close.month_close import MonthClose, next_open_month
from dashboards.margin import MEASURES, MONTHLY_KEYS


@dataclass(frozen=True)
class Books:
    """The closes of one service whose figures count, in order, with the figures of each."""

    service: str
    closes: tuple[MonthClose, ...]
    figures: Mapping[date, pl.DataFrame]

    @property
    def months(self) -> list[date]:
        """Return the closed months, in order."""
        return [close.month for close in self.closes]

    @property
    def open_month(self) -> date | None:
        """Return the month that takes the pending adjustments; None when none is closed."""
        return next_open_month(list(self.closes))

    def without(self, month: date) -> "Books":
        """Return the books as if a month were not closed."""
        closes = tuple(close for close in self.closes if close.month != month)
        return Books(
            self.service, closes, {each.month: self.figures[each.month] for each in closes}
        )

    def kept(self) -> pl.DataFrame:
        """Return the figures of all closes together."""
        return figures_summed(self.figures[month] for month in self.months)

    def pending(self, parts: pl.DataFrame) -> pl.DataFrame:
        """Return what closed months are now less what all closes kept: the next month takes it."""
        return figures_less(figures_of_months(parts, self.service, self.months), self.kept())

    def to_keep(self, parts: pl.DataFrame, month: date) -> pl.DataFrame:
        """Return what a close of a month keeps: its figures, and what is pending before it."""
        own = figures_of_months(parts, self.service, [month])
        return figures_summed([own, self.without(month).pending(parts)])

    def taken_later(self, month: date) -> pl.DataFrame:
        """Return the adjustments of a month that the closes of later months kept."""
        later = [self.figures[each] for each in self.months if each > month]
        return of_month(figures_summed(later), month)


def of_month(figures: pl.DataFrame, month: date) -> pl.DataFrame:
    """Return the figures whose revenue and cost are a month's own."""
    return figures.filter(pl.col("of_month") == month)


def parts_as_closed(parts: pl.DataFrame, every: Iterable[Books]) -> pl.DataFrame:
    """Return the cube's parts with closed months as they were closed.

    Adjustments taken by a close stand in its month, pending ones in the next open month: the
    parts of each service sum to what they did.
    """
    found = []
    for books in every:
        if not books.closes:
            continue
        is_closed = (pl.col("service") == books.service) & pl.col("month").is_in(books.months)
        told = [(month, books.figures[month]) for month in books.months]
        told.append((books.open_month or books.months[-1], books.pending(parts)))
        found += [_as_parts(figures, books.service, month) for month, figures in told]
        parts = parts.filter(~is_closed.fill_null(value=False))
    every_part = pl.concat([parts, *(frame.select(parts.columns) for frame in found)])
    return every_part.group_by(MONTHLY_KEYS).agg(pl.col(name).sum() for name in MEASURES)


def _as_parts(figures: pl.DataFrame, service: str, month: date) -> pl.DataFrame:
    rows = pl.concat([NO_FIGURES, figures])
    return rows.select(
        *OWNERS, *MEASURES, month=pl.lit(month, pl.Date), service=pl.lit(service, pl.String)
    )
