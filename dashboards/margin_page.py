"""What the margin page says: notices and the sorted table, made of exact sums.

Decides words and order; reads nothing and draws nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from dashboards import formats
from dashboards.margin import (
    KEYS,
    Margin,
    margin_total,
    months_without_cost,
    regrouped,
    with_margins,
)
from dashboards.scope import Scope

# An account id belongs to its service: two services' equal ids are two accounts.
GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "service": ("service",),
    "account": ("service", "account_id"),
    "month": ("month",),
    "all": KEYS,
}
MEASURES = ("revenue", "cogs", "gross_profit", "gross_margin")
SORTS = ("", *(f"{sign}{name}" for name in (*KEYS, *MEASURES) for sign in ("", "-")))
SORTED_COLUMNS = {"revenue": "revenue_cents", "cogs": "cogs_cad"}
ROWS_PER_PAGE = 100
MONTHS_NAMED_MAX = 6
HEAT_STEPS = 4


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of the table: its keys, its margin and the rows behind it."""

    keys: Mapping[str, Any]
    margin: Margin
    scope: Scope
    lines_count: int
    costs_count: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must know before believing the figures."""

    words: str
    currency: str = ""


def sorted_rows(parts: pl.DataFrame, by: str, sort: str) -> pl.DataFrame:
    """Return the table's rows with their margins; a null always comes last."""
    keys = GROUPINGS[by]
    rows = with_margins(regrouped(parts, keys))
    name = SORTED_COLUMNS.get(sort.removeprefix("-"), sort.removeprefix("-"))
    if name not in rows.columns:
        return rows
    is_descending = sort.startswith("-")
    return rows.sort(
        [name, *keys], descending=[is_descending, *[False] * len(keys)], nulls_last=True
    )


def table_rows(rows: pl.DataFrame, by: str, scope: Scope, page: int) -> list[TableRow]:
    """Return one page of the table."""
    start = (page - 1) * ROWS_PER_PAGE
    found = rows.slice(start, ROWS_PER_PAGE).iter_rows(named=True)
    return [_table_row(row, GROUPINGS[by], scope) for row in found]


def notices_of(
    parts: pl.DataFrame, foreign: Mapping[str, int], basis: str = "rated"
) -> list[Notice]:
    """Return what the figures leave out, and what would make them look too good."""
    notices = [
        Notice(
            f"{formats.count(lines)} {basis} {'line' if lines == 1 else 'lines'} in {currency} "
            "not added: only CAD revenue is in these figures, while COGS is of all.",
            currency,
        )
        for currency, lines in foreign.items()
    ]
    months = months_without_cost(parts)
    if months and parts["costs_count"].sum():
        notices.append(Notice(_without_cost(months)))
    return notices


def unallocated_words(parts: pl.DataFrame) -> str:
    """Say how much COGS names a service, and how much names an account."""
    total = margin_total(parts).cogs_cad
    if total <= 0:
        return ""
    with_service = margin_total(parts.filter(pl.col("service").is_not_null())).cogs_cad
    with_account = margin_total(parts.filter(pl.col("account_id").is_not_null())).cogs_cad
    return (
        f"{formats.percent(with_service / total)} of COGS names a service, "
        f"{formats.percent(with_account / total)} an account."
    )


def heat(gross_margin: Decimal) -> str:
    """Return the tint of a cell of the matrix: loss, or a quarter of the way to 100 %."""
    if gross_margin < 0:
        return "heat-loss"
    return f"heat-{min(int(gross_margin * HEAT_STEPS) + 1, HEAT_STEPS)}"


def range_words(scope: Scope, months: tuple[date, ...]) -> str:
    """Return the months the figures are of."""
    if not months:
        return "no month yet"
    first, last = scope.first_month or months[0], scope.last_month or months[-1]
    if first == last:
        return formats.month(first)
    return f"{formats.month(first)} to {formats.month(last)}"


def _table_row(row: dict[str, Any], keys: tuple[str, ...], scope: Scope) -> TableRow:
    found = {key: row[key] for key in keys}
    margin = Margin(row["revenue_cents"], row["cogs_cad"])
    return TableRow(found, margin, scope.of(found), row["lines_count"], row["costs_count"])


def _without_cost(months: list[date]) -> str:
    named = ", ".join(formats.month(month) for month in months[:MONTHS_NAMED_MAX])
    more = len(months) - MONTHS_NAMED_MAX
    words = f"{named} and {more} more" if more > 0 else named
    return f"No cost has been imported for {words}: gross margin is overstated there."
