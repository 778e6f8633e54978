"""Keeps mart.margin_daily at what its sources say: months whose digest changed, changed days only.

A month's digest is forgotten before its rows are replaced and told again after, so that a crash
in between makes readers compute the month themselves, and the next refresh repeat it.
"""

from datetime import date, datetime

import polars as pl
import sqlalchemy as sa

from dashboards.margin import DAILY_KEYS, MEASURES
from dashboards.mart.month_parts import month_daily
from dashboards.mart.sources import MonthSources, rules_of, sources_by_month
from dashboards.mart.stored import stored_digests, stored_parts
from storage.lake import Lake
from storage.lake_replacement import DayReplacement, erasures_count, replace_days_once
from storage.lake_tables import INSTANT, MARGIN_DAILY
from storage.margin_tables import margin_month
from storage.state import State

STREAM = "margin_daily"
COLUMNS = (*DAILY_KEYS, *MEASURES)
NO_SOURCES = MonthSources((), (), "")


def refresh_margin(lake: Lake, state: State, *, at: datetime) -> int:
    """Bring the mart to what its sources say; return how many days changed.

    StaleMarkError when another process refreshed meanwhile: the next call looks again.
    """
    sources, stored = sources_by_month(lake, rules_of(state)), stored_digests(state)
    days_count = 0
    for month in sorted(sources.keys() | stored.keys(), reverse=True):
        wanted = sources.get(month, NO_SOURCES)
        if stored.get(month) != wanted.digest:
            days_count += _refresh_month(lake, state, month, wanted, at)
    return days_count


def _refresh_month(
    lake: Lake, state: State, month: date, sources: MonthSources, at: datetime
) -> int:
    after, erasures = lake.mark(STREAM), erasures_count(lake)
    fresh = month_daily(lake, state, month, sources).select(COLUMNS).collect()
    known = stored_parts(lake, month).select(COLUMNS).collect()
    days = changed_days(known, fresh)
    _remember(state, month, None, at)
    if days:
        frame = fresh.filter(pl.col("day").is_in(days)).with_columns(
            shard=pl.lit(0, pl.Int64), computed_at=pl.lit(at, INSTANT)
        )
        replace_days_once(
            lake, DayReplacement(STREAM, after, after + 1, MARGIN_DAILY, 0, days, frame, erasures)
        )
    _remember(state, month, sources.digest or None, at)
    return len(days)


def changed_days(known: pl.DataFrame, fresh: pl.DataFrame) -> list[date]:
    """Return the days whose rows differ in anything."""
    columns = list(COLUMNS)
    gone = known.join(fresh, on=columns, how="anti", nulls_equal=True)
    new = fresh.join(known, on=columns, how="anti", nulls_equal=True)
    return sorted(set(gone["day"]) | set(new["day"]))


def _remember(state: State, month: date, digest: str | None, at: datetime) -> None:
    key = month.isoformat()
    with state.write() as connection:
        connection.execute(sa.delete(margin_month).where(margin_month.c.month == key))
        if digest is not None:
            connection.execute(
                margin_month.insert().values(month=key, sources_digest=digest, refreshed_at=at)
            )
