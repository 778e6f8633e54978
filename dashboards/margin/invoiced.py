"""Invoiced revenue: Odoo's posted lines less credit notes, before tax, in CAD, by invoice date.

A line is our own when it names a rated line that we know: then plan and metric are that line's.
Any other line is kept as "other invoiced", never dropped. Pure polars; knows no lake and no page.
"""

import polars as pl

from catalog.money import ZERO
from dashboards.margin.daily import DAILY_KEYS, MEASURES
from dashboards.margin.figures import COUNTED, CURRENCY
from storage.lake_tables import QUANTITY

# Stands where a metric's code does; a metric that is really called this would share its row.
OTHER_INVOICED = "(other invoiced)"
A_MOVE = ("odoo_database", "move_id")


def known_lines(lines: pl.LazyFrame, rated: pl.LazyFrame) -> pl.LazyFrame:
    """Return posted lines with `is_ours`, and with plan and metric by which revenue is grouped.

    A credit note made in Odoo has the plan of the invoice that it reverses.
    """
    ours = rated.select(
        "plan_code", "metric_code", rated_line_id="id", is_ours=pl.lit(value=True)
    ).unique("rated_line_id", keep="any")
    named = (
        lines.filter(pl.col("line_id").is_not_null())
        .join(ours, on="rated_line_id", how="left", suffix="_rated")
        .with_columns(pl.col("is_ours").fill_null(value=False))
    )
    priced = rated.filter(pl.col("metric_code").is_not_null()).select(
        "service", "metric_code", is_priced=pl.lit(value=True)
    )
    found = named.join(priced.unique(), on=["service", "metric_code"], how="left").join(
        _reversed_plans(lines), on=["odoo_database", "reversed_move_id"], how="left"
    )
    is_ours, is_priced = pl.col("is_ours"), pl.col("is_priced").fill_null(value=False)
    other = pl.when(is_priced).then("metric_code").otherwise(pl.lit(OTHER_INVOICED))
    return found.with_columns(
        plan_code=pl.when(is_ours)
        .then("plan_code_rated")
        .otherwise(pl.coalesce("plan_code", "plan_code_reversed")),
        metric_code=pl.when(is_ours).then("metric_code_rated").otherwise(other),
    ).drop("plan_code_rated", "metric_code_rated", "is_priced", "plan_code_reversed")


def invoiced_daily(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the known lines' CAD revenue as parts by day; units and costs are not theirs."""
    nothing, nobody = pl.lit(ZERO, QUANTITY), pl.lit(None, pl.String)
    rows = lines.filter(pl.col("currency") == CURRENCY).select(
        "month", "service", "account_id", "plan_code", "metric_code",
        day="invoice_date", provider=nobody, provider_service=nobody,
        revenue_cents="untaxed_cents", cogs_cad=nothing, estimated_cogs_cad=nothing,
        quantity=nothing, quantity_included=nothing,
        lines_count=pl.lit(1, COUNTED), costs_count=pl.lit(0, COUNTED),
    )  # fmt: skip
    return rows.group_by(DAILY_KEYS).agg(pl.col(name).sum() for name in MEASURES)


def cents_of(rows: pl.DataFrame, column: str) -> int:
    """Return the sum of a column of cents, 0 of no row."""
    return int(rows.select(pl.col(column).sum()).item())


def with_other_revenue(parts: pl.DataFrame, revenue: pl.DataFrame) -> pl.DataFrame:
    """Return parts with other revenue in the place of their own; costs and units stay."""
    keys = [name for name in DAILY_KEYS if name in parts.columns]
    bare = parts.with_columns(revenue_cents=pl.lit(0, pl.Int64), lines_count=pl.lit(0, COUNTED))
    every = pl.concat([bare, revenue.select(parts.columns)])
    sums = every.group_by(keys).agg(pl.col(name).sum() for name in MEASURES)
    return sums.filter(pl.any_horizontal(pl.col(name) != 0 for name in MEASURES))


def _reversed_plans(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Return the plan of each move whose lines have one only."""
    plans = lines.group_by(A_MOVE).agg(pl.col("plan_code").drop_nulls().unique())
    return plans.filter(pl.col("plan_code").list.len() == 1).select(
        "odoo_database",
        reversed_move_id="move_id",
        plan_code_reversed=pl.col("plan_code").list.first(),
    )
