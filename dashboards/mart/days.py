"""Revenue and COGS of some months by local day, on a basis: what the months are the sums of."""

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from dashboards.margin import DAILY_KEYS, MEASURES, Basis
from dashboards.margin.invoiced import with_other_revenue
from dashboards.mart.invoiced import read_invoiced
from dashboards.mart.month_parts import month_daily
from dashboards.mart.sources import rules_of, sources_by_month
from dashboards.mart.stored import stored_digests, stored_parts
from storage.lake import Lake
from storage.lake_tables import MARGIN_DAILY
from storage.state import State

COLUMNS = (*DAILY_KEYS, *MEASURES)


def daily_on_basis(
    lake: Lake,
    state: State,
    months: Sequence[date],
    basis: Basis,
    known_at: datetime | None = None,
) -> pl.DataFrame:
    """Return the parts by day of some months, as now or as known at a time.

    A rated line is spread over its period's days.
    """
    sources, stored = sources_by_month(lake, rules_of(state)), stored_digests(state)
    found = [pl.DataFrame(schema={name: MARGIN_DAILY.polars_schema[name] for name in COLUMNS})]
    for month in months:
        own = sources.get(month)
        if own is not None:
            is_stored = known_at is None and stored.get(month) == own.digest
            rows = (
                stored_parts(lake, month)
                if is_stored
                else month_daily(lake, state, month, own, known_at)
            )
            found.append(rows.select(COLUMNS).collect())
    parts = pl.concat(found)
    if basis is not Basis.INVOICED:
        return parts
    invoiced = read_invoiced(lake, known_at).daily.filter(pl.col("month").is_in(list(months)))
    return with_other_revenue(parts, invoiced)
