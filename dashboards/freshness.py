"""How fresh the figures are and what there is to choose from, read from the lake."""

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from dashboards.margin import KEYS
from storage.lake import Lake
from storage.lake_tables import COST, RATED_LINE

ACCOUNTS_OFFERED_MAX = 500


@dataclass(frozen=True, slots=True)
class Freshness:
    """Up to when the lake knows what; None where there is nothing yet."""

    rated_at: datetime | None
    watermark: str | None
    costs_to: datetime | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters of a page offer."""

    services: tuple[str, ...]
    accounts: tuple[str, ...]
    months: tuple[date, ...]


def read_freshness(lake: Lake) -> Freshness:
    """Return when the last line was rated, from which usage, and how far costs reach."""
    lines = lake.scan(RATED_LINE).select("rated_at", "watermark")
    newest = lines.filter(pl.col("rated_at") == pl.col("rated_at").max()).head(1).collect()
    rated_at, watermark = newest.row(0) if newest.height else (None, None)
    costs_to = lake.scan(COST).select(pl.col("charge_period_end").max()).collect().item()
    return Freshness(rated_at, watermark, costs_to)


def read_choices(lake: Lake) -> Choices:
    """Return every service, account and month that has a rated line or a cost."""
    keys = [lake.scan(table).select(KEYS).unique() for table in (RATED_LINE, COST)]
    return choices_of(pl.concat(keys).collect())


def choices_of(rows: pl.DataFrame) -> Choices:
    """Return the distinct services, accounts (the first 500) and months of some rows."""
    services, accounts, months = (
        tuple(rows[key].drop_nulls().unique().sort().to_list()) for key in KEYS
    )
    return Choices(services, accounts[:ACCOUNTS_OFFERED_MAX], months)
