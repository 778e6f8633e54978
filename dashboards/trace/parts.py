"""The parts of a figure, read from the lake: rated lines with their invoice, and costs."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl

from dashboards.costs.attributed import attributed_costs, ruled_costs, traced_costs
from dashboards.costs.cost_store import costs_in_effect
from dashboards.margin import CURRENCY, with_owners
from dashboards.pages import NotFoundPage
from dashboards.rated_lines import lines_known
from dashboards.trace.figure import Figure
from odoo_bridge.change_feed.invoice_lines import invoiced_lines
from storage.lake import Lake
from storage.lake_tables import INVOICE_LINE, RATED_LINE
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
REMEMBERED_ROWS_MAX = 200
# What a rule divides at once, as its page is asked for.
DIVIDED_KEYS = ("rule_id", "day", "provider", "provider_service")


def line_parts(lake: Lake, figure: Figure) -> pl.DataFrame:
    """Return the rated lines whose amounts are the figure's revenue, with what Odoo invoiced.

    `invoiced_cents` is null for a line on no posted invoice.
    """
    # What is posted does not change the margin pages' figures: it is a question of its own.
    posted = tuple(lake.files(INVOICE_LINE))
    return _remembered(figure, ("line parts", posted), lambda: _line_parts(lake, figure))


def cost_parts(lake: Lake, state: State, figure: Figure) -> pl.DataFrame:
    """Return the costs that the figure's COGS is made of: rows, divided parts and estimates."""
    return _remembered(figure, "cost parts", lambda: _cost_parts(lake, state, figure))


def _remembered(figure: Figure, what: object, answer: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return the parts of a figure, computed once for each state of the figures if they are few."""
    question = (what, tuple(figure.wanted.items()), figure.months, figure.asked.filters.known_at)
    return figure.asked.cube.remembered(
        question, answer, is_small=lambda parts: parts.height <= REMEMBERED_ROWS_MAX
    )


def _line_parts(lake: Lake, figure: Figure) -> pl.DataFrame:
    nobody = {"provider": pl.lit(None, pl.String), "provider_service": pl.lit(None, pl.String)}
    lines = figure.of(_rated(lake, figure).with_columns(**nobody))
    counted = lines.filter(pl.col("currency") == CURRENCY).select(LINE_COLUMNS)
    posted = invoiced_lines(lake, figure.asked.filters.known_at)
    billed = posted.filter(pl.col("rated_line_id").is_not_null()).sort("move_id")
    by_line = billed.group_by("rated_line_id").agg(
        move_name=pl.col("move_name").first(),
        moves_count=pl.col("move_id").n_unique(),
        invoiced_cents=pl.col("untaxed_cents").sum(),
    )
    found = counted.join(by_line, left_on="id", right_on="rated_line_id", how="left")
    return found.sort(LINE_ORDER, descending=[True, *[False] * 4]).collect()


def _cost_parts(lake: Lake, state: State, figure: Figure) -> pl.DataFrame:
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
    days = (
        costs_in_effect(lake, as_of).filter(of_bill).select(pl.col("day").unique()).collect()["day"]
    )
    first, last = days.min(), days.max()
    if not (isinstance(first, date) and isinstance(last, date)):
        raise NotFoundPage("No cost row in effect is of this bill.")
    rows = ruled_costs(lake, state, first=first, last=last, as_of=as_of).filter(of_bill)
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
    lines = invoiced_lines(lake, as_of).filter(met).sort("move_id", "line_id").collect()
    ids = lines["rated_line_id"].drop_nulls().unique().to_list()
    rated = lake.scan(RATED_LINE).filter(pl.col("id").is_in(ids))
    known = rated.select("id", "amount_cents").collect()
    return lines.join(known, left_on="rated_line_id", right_on="id", how="left")
