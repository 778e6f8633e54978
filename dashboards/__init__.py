"""Money meets cost: COGS, gross profit and gross margin.

The door gives pure functions only; pages are in `routes`, imports in `costs`.
"""

from dashboards.focus import FocusCosts, cogs_cad, focus_costs
from dashboards.focus_text import RowFault
from dashboards.margin import Margin, foreign_lines, margin_rows, margin_total

__all__ = [
    "FocusCosts",
    "Margin",
    "RowFault",
    "cogs_cad",
    "focus_costs",
    "foreign_lines",
    "margin_rows",
    "margin_total",
]
