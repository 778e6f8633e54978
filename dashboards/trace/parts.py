"""The parts of a figure, read from the lake: rated lines with their invoice, and costs."""

from datetime import date, datetime
from typing import Any

import polars as pl

from dashboards.costs.attributed import attributed_costs, ruled_costs, traced_costs
from dashboards.margin import CURRENCY, with_owners
from dashboards.pages import NotFoundPage
from dashboards.rated_lines import lines_known
from dashboards.trace.figure import Figure
from odoo_bridge.change_feed.invoice_lines import invoiced_lines
from storage.lake import Lake
from storage.lake_tables import COST, RATED_LINE
from storage.state import State

LINE_COLUMNS = (
    *("month", "service", "account_id", "description", "kind", "metric_code", "plan_code"),
    *("quantity", "amount_cents", "id", "period_start"),
)
LINE_ORDER = ("month", "service", "account_id", "period_start", "id")
COST_ORDER = (
    *("day", "provider", "provider_service", "service", "account_id", "metric_code"),
    *("source", "source_key", "import_id", "row_number", "rule_id"),
)
NO_BILL = "No cost row in effect is of this bill."
# What a rule divides at once, as its page is asked for.
DIVIDED_KEYS = ("rule_id", "day", "provider", "provider_service")


def line_parts(lake: Lake, figure: Figure) -> pl.DataFrame:
    """Return the rated lines whose amounts are the figure's revenue, with what Odoo invoiced.

    `invoiced_cents` is null for a line on no posted invoice.
    """
    nobody = {"provider": pl.lit(None, pl.String), "provider_service": pl.lit(None, pl.String)}
    lines = figure.of(_rated(lake, figure).with_columns(**nobody))
    counted = lines.filter(pl.col("currency") == CURRENCY).select(LINE_COLUMNS).collect()
    is_billed = pl.col("rated_line_id").is_in(counted["id"].implode())
    posted = invoiced_lines(lake, figure.asked.filters.known_at, with_line=is_billed)
    by_line = (
        posted.filter(is_billed)
        .sort("move_id")
        .group_by("rated_line_id")
        .agg(
            move_name=pl.col("move_name").first(),
            moves_count=pl.col("move_id").n_unique(),
            invoiced_cents=pl.col("untaxed_cents").sum(),
        )
    )
    found = counted.join(by_line.collect(), left_on="id", right_on="rated_line_id", how="left")
    return found.sort(LINE_ORDER, descending=[True, *[False] * 4])


def cost_parts(lake: Lake, state: State, figure: Figure) -> pl.DataFrame:
    """Return the costs that the figure's COGS is made of: rows, divided parts and estimates."""
    first, last = figure.days
    costs = traced_costs(lake, state, first=first, last=last, as_of=figure.asked.filters.known_at)
    rated = _rated(lake, figure).filter(
        pl.col("month").is_in(list(figure.months)), pl.col("currency") == CURRENCY
    )
    dated = costs.lazy().with_columns(month=pl.col("day").dt.truncate("1mo"))
    return figure.of(with_owners(dated, rated)).sort(COST_ORDER, nulls_last=True).collect()


def _rated(lake: Lake, figure: Figure) -> pl.LazyFrame:
    """Return the rated lines as they were known at the time the figure is asked for."""
    return lines_known(lake, figure.asked.filters.known_at)


def divided_rows(
    lake: Lake, state: State, key: dict[str, Any], as_of: datetime | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the cost rows that a rule divides together on a day, and the parts it makes."""
    day = key["day"]
    same = [pl.col(name).eq_missing(pl.lit(key[name])) for name in DIVIDED_KEYS]
    rows = ruled_costs(lake, state, first=day, last=day, as_of=as_of).filter(same)
    parts = attributed_costs(lake, state, first=day, last=day, as_of=as_of).filter(same)
    return rows.sort(COST_ORDER, nulls_last=True), parts.collect()


def bill_rows(
    lake: Lake,
    state: State,
    provider: str,
    invoice: str | None,
    import_id: str | None,
    as_of: datetime | None = None,
) -> pl.DataFrame:
    """Return the cost rows of a provider's invoice, or of one file of it, each with its rule."""
    of_bill = [pl.col("provider") == provider]
    if invoice is not None:
        of_bill.append(pl.col("invoice_id") == invoice)
    if import_id is not None:
        of_bill.append(pl.col("import_id") == import_id)
    # Of all its revisions, for that asks less: which of them count is asked for its days alone.
    told = lake.scan(COST).filter(of_bill).select("month", "day").unique().collect()
    days = pl.concat([told["day"].drop_nulls(), told["month"], told["month"].dt.month_end()])
    first, last = days.min(), days.max()
    if not (isinstance(first, date) and isinstance(last, date)):
        raise NotFoundPage(NO_BILL)
    rows = ruled_costs(lake, state, first=first, last=last, as_of=as_of).filter(of_bill)
    if rows.is_empty():
        raise NotFoundPage(NO_BILL)
    return rows.sort(COST_ORDER, nulls_last=True)


def invoice_lines(
    lake: Lake,
    move_id: int | None,
    database: str | None,
    rated_line: str | None,
    as_of: datetime | None = None,
) -> pl.DataFrame:
    """Return the posted lines of an invoice in Odoo, or of one rated line, with rated amounts."""
    asked = {"move_id": move_id, "odoo_database": database, "rated_line_id": rated_line}
    met = [pl.col(name) == value for name, value in asked.items() if value is not None]
    posted = invoiced_lines(lake, as_of, with_line=pl.all_horizontal(met))
    lines = posted.filter(met).sort("move_id", "line_id").collect()
    ids = lines["rated_line_id"].drop_nulls().unique().to_list()
    rated = lake.scan(RATED_LINE).filter(pl.col("id").is_in(ids))
    known = rated.select("id", "amount_cents").collect()
    return lines.join(known, left_on="rated_line_id", right_on="id", how="left")
