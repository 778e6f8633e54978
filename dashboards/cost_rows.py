"""Cost rows behind a COGS figure, read from the lake."""

from datetime import datetime, timedelta

import polars as pl

from catalog.money import ZERO
from dashboards.close.month_close import month_after
from dashboards.costs.cost_store import costs_in_effect
from dashboards.rated_lines import ROWS_PER_PAGE, Row, RowPage, exported
from dashboards.scope import Scope, in_scope
from storage.lake import Lake

ORDER = ("month", "charge_period_start", "import_id", "row_number")


def cost_page(lake: Lake, scope: Scope, page: int, as_of: datetime | None = None) -> RowPage:
    """Return one page of the cost rows in scope, the newest first; the total is COGS in CAD.

    They are those in effect now, or as known at a time.
    """
    costs = _costs(lake, scope, as_of)
    # Apart from the rows: of all of them but one column is read, of a page's every column.
    count, cogs = costs.select(pl.len(), pl.col("cogs_cad").sum()).collect().row(0)
    ordered = costs.sort(ORDER, descending=[True, True, False, False])
    rows = ordered.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE).collect()
    return RowPage(rows.to_dicts(), page, int(count), {"CAD": cogs or ZERO})


def exported_costs(lake: Lake, scope: Scope, as_of: datetime | None = None) -> list[Row]:
    """Return every cost row in scope; ScopeFault over the limit."""
    return exported(_costs(lake, scope, as_of).sort(ORDER))


def _costs(lake: Lake, scope: Scope, as_of: datetime | None) -> pl.LazyFrame:
    last = scope.last_month and month_after(scope.last_month) - timedelta(days=1)
    return in_scope(costs_in_effect(lake, as_of, first=scope.first_month, last=last), scope)
