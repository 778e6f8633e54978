"""Money meets cost: COGS, gross profit and gross margin.

The door gives pure functions only; pages are in `routes`, imports in `costs.importing`.
"""

from dashboards.costs.charges import ReadCosts, cogs_cad
from dashboards.costs.faults import RowFault
from dashboards.costs.focus import focus_costs
from dashboards.margin import Margin, foreign_lines, margin_rows, margin_total

__all__ = [
    "Margin",
    "ReadCosts",
    "RowFault",
    "cogs_cad",
    "focus_costs",
    "foreign_lines",
    "margin_rows",
    "margin_total",
]
