"""Rates to CAD in the state database: every telling is kept, the newest of a day counts."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from catalog.money import decimal_text
from dashboards.costs.fx import DatedRate, FxRates, newest_of_each_day, refuse_no_rate
from storage.cost_tables import fx_rate


def read_rates(connection: sa.Connection, as_of: datetime | None = None) -> FxRates:
    """Return the rates as they were known at a time."""
    asked = sa.select(fx_rate).order_by(fx_rate.c.revision)
    if as_of is not None:
        asked = asked.where(fx_rate.c.recorded_at <= as_of)
    told = (
        DatedRate(row.currency, date.fromisoformat(row.day), Decimal(row.rate), row.source)
        for row in connection.execute(asked)
    )
    return FxRates(dated=newest_of_each_day(told))


def add_rates(connection: sa.Connection, rates: Iterable[DatedRate], at: datetime) -> int:
    """Keep what is new of some rates; return how many. ValueError when one is no rate."""
    known = {(rate.currency, rate.day): rate for rate in read_rates(connection).dated}
    fresh = newest_of_each_day(rates)
    for rate in fresh:
        refuse_no_rate(rate.currency, rate.rate)
    changed = [rate for rate in fresh if known.get((rate.currency, rate.day)) != rate]
    revisions = _last_revisions(connection)
    if changed:
        connection.execute(
            fx_rate.insert(),
            [
                {
                    "currency": rate.currency,
                    "day": rate.day.isoformat(),
                    "revision": revisions.get((rate.currency, rate.day.isoformat()), 0) + 1,
                    "rate": decimal_text(rate.rate),
                    "source": rate.source,
                    "recorded_at": at,
                }
                for rate in changed
            ],
        )
    return len(changed)


def _last_revisions(connection: sa.Connection) -> dict[tuple[str, str], int]:
    key = (fx_rate.c.currency, fx_rate.c.day)
    asked = sa.select(*key, sa.func.max(fx_rate.c.revision)).group_by(*key)
    return {(currency, day): revision for currency, day, revision in connection.execute(asked)}
