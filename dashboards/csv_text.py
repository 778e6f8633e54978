"""CSV that opens as numbers: one header row, plain decimals, text that can't become a formula.

Knows how a cell is written; not what it means.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from catalog.money import decimal_text

Cell: TypeAlias = str | int | Decimal | date | datetime | None
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return RFC 4180 text; a null is an empty cell."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(header)
    writer.writerows([cell_text(cell) for cell in row] for row in rows)
    return written.getvalue()


def cell_text(cell: Cell) -> str:
    """Return a cell's text; only numbers may start with a sign, other text gets a quote mark."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return decimal_text(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
