"""Cost rows behind a COGS figure, read from the lake."""

from datetime import datetime
from decimal import Decimal

import polars as pl

from dashboards.costs.cost_store import costs_in_effect
from dashboards.rated_lines import ROWS_PER_PAGE, Row, RowPage, exported
from dashboards.scope import Scope, in_scope
from storage.lake import Lake

ORDER = ("month", "charge_period_start", "import_id", "row_number")


def cost_page(lake: Lake, scope: Scope, page: int, as_of: datetime | None = None) -> RowPage:
    """Return one page of the cost rows in scope, the newest first; the total is COGS in CAD.

    They are those in effect now, or as known at a time.
    """
    costs = in_scope(costs_in_effect(lake, as_of), scope)
    count, cogs = costs.select(pl.len(), pl.col("cogs_cad").sum()).collect().row(0)
    ordered = costs.sort(ORDER, descending=[True, True, False, False])
    rows = ordered.slice((page - 1) * ROWS_PER_PAGE, ROWS_PER_PAGE).collect()
    return RowPage(rows.to_dicts(), page, int(count), {"CAD": cogs or Decimal(0)})


def exported_costs(lake: Lake, scope: Scope, as_of: datetime | None = None) -> list[Row]:
    """Return every cost row in scope; ScopeFault over the limit."""
    return exported(in_scope(costs_in_effect(lake, as_of), scope).sort(ORDER))
