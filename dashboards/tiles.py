"""The headline figures of the margin page, each with its last movement and its line.

Arranges exact sums into words; draws nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import polars as pl

from dashboards import formats
from dashboards.margin import Margin, margin_total, negative_accounts, negative_accounts_by_month
from dashboards.trend import NOTHING, Trend


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure, how it moved in the last month, and its line over all months."""

    label: str
    figure: str
    movement: str
    series: tuple[Decimal | None, ...]
    is_negative: bool
    link: str


def tiles_of(parts: pl.DataFrame, trend: Trend, links: Mapping[str, str]) -> list[Tile]:
    """Return the five headline figures; `links` lead from a figure's name to its rows."""
    total = margin_total(parts)
    months = [trend.by_month.get(month, NOTHING) for month in trend.months]
    return [
        _money_tile("Revenue", total.revenue, trend, [of.revenue for of in months], links),
        _money_tile("COGS", total.cogs_cad, trend, [of.cogs_cad for of in months], links),
        _money_tile(
            "Gross profit", total.gross_profit, trend, [of.gross_profit for of in months], links
        ),
        _ratio_tile(total, trend, [of.gross_margin for of in months], links),
        _accounts_tile(parts, trend, links),
    ]


def _money_tile(
    label: str, amount: Decimal, trend: Trend, series: Sequence[Decimal], links: Mapping[str, str]
) -> Tile:
    movement = _movement(trend.months, series)
    return Tile(label, formats.money(amount), movement, tuple(series), amount < 0, links[label])


def _ratio_tile(
    total: Margin, trend: Trend, ratios: Sequence[Decimal | None], links: Mapping[str, str]
) -> Tile:
    figure, movement = formats.percent(total.gross_margin), _ratio_movement(trend.months, ratios)
    is_negative = total.gross_profit < 0
    return Tile("Gross margin", figure, movement, tuple(ratios), is_negative, links["Gross margin"])


def _accounts_tile(parts: pl.DataFrame, trend: Trend, links: Mapping[str, str]) -> Tile:
    label, losing = "Negative-margin accounts", negative_accounts(parts)
    counted = negative_accounts_by_month(parts)
    by_month = [counted.get(month, 0) for month in trend.months]
    movement = f"{formats.month(trend.months[-1])}: {by_month[-1]}" if by_month else ""
    series = tuple(Decimal(number) for number in by_month)
    return Tile(label, formats.count(losing), movement, series, losing > 0, links[label])


def _movement(months: tuple[date, ...], series: Sequence[Decimal]) -> str:
    if not months:
        return ""
    latest = f"{formats.month(months[-1])}: {formats.money(series[-1])}"
    *_, before, now = (Decimal(0), Decimal(0), *series)
    if before <= 0:
        return latest
    change = (now - before) / before
    words = formats.percent(abs(change))
    return f"{latest}, {_arrow(change)} {words} on {formats.short_month(months[-2])}"


def _ratio_movement(months: tuple[date, ...], ratios: Sequence[Decimal | None]) -> str:
    if not months:
        return ""
    latest = f"{formats.month(months[-1])}: {formats.percent(ratios[-1])}"
    known: tuple[Decimal | None, ...] = (None, None, *ratios)
    before, now = known[-2:]
    if before is None or now is None:
        return latest
    change = now - before
    points = formats.percent(abs(change)).removesuffix("%")
    return f"{latest}, {_arrow(change)} {points} points on {formats.short_month(months[-2])}"


def _arrow(change: Decimal) -> str:
    if not change:
        return "unchanged,"
    return "▲ up" if change > 0 else "▼ down"
