"""One month's parts, computed from rated lines and attributed costs or read from the mart."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from dashboards.margin import CURRENCY, daily_parts, monthly_parts
from dashboards.mart.attributed import attributed
from dashboards.mart.cube import ACCOUNT_MONTH
from dashboards.mart.sources import MonthSources, zones
from dashboards.mart.stored import stored_parts
from storage.lake import Lake
from storage.lake_tables import COST, RATED_LINE
from storage.state import State


@dataclass(frozen=True, slots=True)
class MonthParts:
    """One month's parts, what they leave out, and how fresh their sources are.

    `costs_known_at` is when the last of the month's cost rows became known; None for always.
    """

    digest: str
    parts: pl.DataFrame
    foreign: pl.DataFrame
    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None
    costs_known_at: datetime | None


def month_daily(
    lake: Lake,
    state: State,
    month: date,
    sources: MonthSources,
    known_at: datetime | None = None,
) -> pl.LazyFrame:
    """Return one month's parts by day, computed from rated lines and attributed costs."""
    rated = _rated(lake, month, sources, known_at)
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    costs = attributed(lake, state, first=month, last=last, as_of=known_at)
    return daily_parts(rated, costs, zones(state))


def _rated(
    lake: Lake, month: date, sources: MonthSources, known_at: datetime | None
) -> pl.LazyFrame:
    rated = lake.scan_files(RATED_LINE, sources.rated).filter(pl.col("month") == month)
    return rated if known_at is None else rated.filter(pl.col("rated_at") <= known_at)


def month_parts(
    lake: Lake,
    state: State,
    month: date,
    sources: MonthSources,
    *,
    is_stored: bool,
    known_at: datetime | None = None,
) -> MonthParts:
    """Return one month's parts as they are now, or as they were known at a time.

    `is_stored`: the mart has them, from the same sources.
    """
    daily = (
        stored_parts(lake, month)
        if is_stored
        else month_daily(lake, state, month, sources, known_at)
    )
    rated = _rated(lake, month, sources, known_at)
    costs = lake.scan_files(COST, sources.costs).filter(pl.col("month") == month)
    if known_at is not None:
        costs = costs.filter(pl.col("recorded_at").fill_null(known_at) <= known_at)
    foreign = rated.filter(pl.col("currency") != CURRENCY)
    newest = rated.select("rated_at", "watermark").sort("rated_at").tail(1)
    found, lines, counted, reach = pl.collect_all(
        [
            monthly_parts(daily),
            newest,
            foreign.group_by(*ACCOUNT_MONTH, "currency").agg(lines_count=pl.len()),
            costs.select(pl.col("charge_period_end", "recorded_at").max()),
        ]
    )
    rated_at, watermark = lines.row(0) if lines.height else (None, None)
    return MonthParts(sources.digest, found, counted, rated_at, watermark, *reach.row(0))
