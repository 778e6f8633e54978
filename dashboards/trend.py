"""Margins month by month: the columns of the trend chart, its table and the margin matrix.

Arranges exact sums for the eye; draws nothing and formats only the words of the chart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

import polars as pl

from dashboards import formats
from dashboards.charts import SLOTS_ROOMY_MAX, Segment, Slot
from dashboards.margin import Margin, regrouped

MONTHS_SHOWN_MAX = 24
SERVICES_SHOWN_MAX = 5
OTHER = "Other services"
NOTHING = Margin(0, Decimal(0))
Label: TypeAlias = Callable[[str | None], str]
Cells: TypeAlias = dict[tuple[str | None, date], Margin]


@dataclass(frozen=True, slots=True)
class Trend:
    """Months in order, services in the order of the legend, and their margins."""

    months: tuple[date, ...]
    services: tuple[str | None, ...]
    cells: Cells
    by_month: dict[date, Margin]
    is_cut: bool

    def margin(self, service: str | None, month: date) -> Margin:
        """Return the margin of one service in one month, nothing where there is none."""
        return self.cells.get((service, month), NOTHING)


def trend_of(parts: pl.DataFrame) -> Trend:
    """Return the newest 24 months of the parts; services come with the largest first."""
    by_month = {month: margin for (month,), margin in margins_by(parts, "month").items()}
    months = months_between(min(by_month), max(by_month)) if by_month else ()
    cells: Cells = {
        (service, month): margin
        for (service, month), margin in margins_by(parts, "service", "month").items()
    }
    by_service = margins_by(parts, "service")
    services = sorted(
        (service for (service,) in by_service),
        key=lambda service: (
            service is None, -by_service[(service,)].revenue_cents, service or ""
        ),
    )  # fmt: skip
    shown = months[-MONTHS_SHOWN_MAX:]
    return Trend(shown, tuple(services), cells, by_month, is_cut=len(shown) < len(months))


def margins_by(parts: pl.DataFrame, *keys: str) -> dict[tuple[Any, ...], Margin]:
    """Return the margin of each group of parts."""
    grouped = regrouped(parts, keys).select(*keys, "revenue_cents", "cogs_cad")
    return {row[:-2]: Margin(*row[-2:]) for row in grouped.iter_rows()}


def months_between(first: date, last: date) -> tuple[date, ...]:
    """Return every first day of a month from first to last, both included."""
    start, end = first.year * 12 + first.month - 1, last.year * 12 + last.month - 1
    return tuple(date(place // 12, place % 12 + 1, 1) for place in range(start, end + 1))


def legend_of(trend: Trend, label: Label) -> list[str]:
    """Return the words of the legend; services after the fifth share the last one."""
    words = [label(service) for service in trend.services[:SERVICES_SHOWN_MAX]]
    return [*words, OTHER] if len(trend.services) > SERVICES_SHOWN_MAX else words


def slots_of(trend: Trend, label: Label) -> list[Slot]:
    """Return the chart's columns."""
    return [
        _slot(trend, month, label, has_year=place == 0 or month.month == 1)
        for place, month in enumerate(trend.months)
    ]


def trend_words(trend: Trend) -> str:
    """Return the chart in one sentence for those who can't see it."""
    if not trend.months:
        return "No month has revenue or cost."
    first, last = trend.months[0], trend.months[-1]
    said = [
        f"{formats.month(month)}: revenue {formats.money(margin.revenue)}, COGS "
        f"{formats.money(margin.cogs_cad)}, gross margin {formats.percent(margin.gross_margin)}"
        for month in dict.fromkeys((first, last))
        for margin in [trend.by_month.get(month, NOTHING)]
    ]
    return f"Columns by month, revenue beside COGS, stacked by service. {'; '.join(said)}."


def _slot(trend: Trend, month: date, label: Label, *, has_year: bool) -> Slot:
    total = trend.by_month.get(month, NOTHING)
    return Slot(
        label=formats.short_month(month),
        year=str(month.year) if has_year else "",
        figure=_figure(total, is_dense=len(trend.months) > SLOTS_ROOMY_MAX),
        is_negative=total.gross_profit < 0,
        revenue=tuple(_segments(trend, month, label, "revenue", _revenue)),
        cogs=tuple(_segments(trend, month, label, "COGS", _cogs)),
    )


def _figure(total: Margin, *, is_dense: bool) -> str:
    if total == NOTHING:
        return ""
    shown = formats.whole_percent if is_dense else formats.percent
    words = shown(total.gross_margin)
    return f"▼ {words}" if total.gross_profit < 0 else words


def _segments(
    trend: Trend, month: date, label: Label, measure: str, amount: Callable[[Margin], Decimal]
) -> Sequence[Segment]:
    sums: dict[int, Decimal] = {}
    for place, service in enumerate(trend.services):
        series = min(place, SERVICES_SHOWN_MAX)
        sums[series] = sums.get(series, Decimal(0)) + amount(trend.margin(service, month))
    words = legend_of(trend, label)
    return [
        Segment(
            series, total, f"{words[series]}, {formats.month(month)}: {measure} "
            f"{formats.money(total)}",
        )
        for series, total in sums.items()
        if total
    ]  # fmt: skip


def _revenue(margin: Margin) -> Decimal:
    return margin.revenue


def _cogs(margin: Margin) -> Decimal:
    return margin.cogs_cad
