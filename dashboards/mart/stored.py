"""The mart in the lake: which months it holds as their sources are now, and their rows."""

from datetime import date

import polars as pl
import sqlalchemy as sa

from storage.lake import Lake
from storage.lake_tables import MARGIN_DAILY
from storage.margin_tables import margin_month
from storage.state import State


def stored_digests(state: State) -> dict[date, str]:
    """Return the digest of the sources each month of the mart was computed from."""
    question = sa.select(margin_month.c.month, margin_month.c.sources_digest)
    with state.read() as connection:
        return {date.fromisoformat(month): digest for month, digest in connection.execute(question)}


def stored_parts(lake: Lake, month: date) -> pl.LazyFrame:
    """Return a month's rows of the mart."""
    return lake.scan(MARGIN_DAILY).filter(pl.col("month") == month)
