"""Quantities by day and account, read from the analysts' daily usage: what costs are divided by."""

from collections.abc import Collection
from datetime import date

import polars as pl
import sqlalchemy as sa

from dashboards.costs.attribution import USAGE_SCHEMA
from storage.lake import Lake
from storage.lake_tables import USAGE_DAILY
from storage.tables import subscription

SUBSCRIPTIONS_SCHEMA = {
    "service": pl.String(),
    "subscription_id": pl.String(),
    "account_id": pl.String(),
}


def used_quantities(
    lake: Lake,
    connection: sa.Connection,
    metric_codes: Collection[str],
    *,
    first: date,
    last: date,
) -> pl.DataFrame:
    """Return the quantity of each metric, account and day from `first` to `last` included.

    Sums where there are values, the day's last value of a gauge, else how many events counted.
    """
    quantity = pl.coalesce("value_sum", "value_last", "events_count").cast(USAGE_SCHEMA["quantity"])
    daily = (
        lake.scan(USAGE_DAILY)
        .filter(
            pl.col("metric_code").is_in(sorted(metric_codes)),
            pl.col("day").is_between(first, last),
            pl.col("month").is_between(first.replace(day=1), last),
        )
        .with_columns(quantity=quantity)
        .join(_owners(connection).lazy(), on=["service", "subscription_id"], how="left")
    )
    by = ["day", "service", "account_id", "metric_code"]
    return daily.group_by(by).agg(pl.col("quantity").sum()).sort(by, nulls_last=True).collect()


def _owners(connection: sa.Connection) -> pl.DataFrame:
    """Return whose each subscription is; an id that was used again belongs to its last owner."""
    columns = (
        subscription.c.service_code,
        subscription.c.external_id,
        subscription.c.account_external_id,
    )
    asked = sa.select(*columns).order_by(subscription.c.created_at, subscription.c.id)
    rows = [tuple(row) for row in connection.execute(asked)]
    found = pl.DataFrame(rows, schema=SUBSCRIPTIONS_SCHEMA, orient="row")
    return found.unique(["service", "subscription_id"], keep="last", maintain_order=True)
