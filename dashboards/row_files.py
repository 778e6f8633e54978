"""Rated lines and cost rows as CSV and JSON: every column, exact."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from catalog.money import amount_of_cents, decimal_text
from dashboards.csv_text import Cell, csv_text
from dashboards.explanation import number_from
from dashboards.rated_lines import Row
from dashboards.scope import month_param
from storage.lake_tables import COST, RATED_LINE, LakeTable

LEFT_OUT = ("explanation",)


def lines_csv(rows: Sequence[Row]) -> str:
    """Return rated lines as CSV; `amount` is amount_cents in units of the currency."""
    header = [*_columns(RATED_LINE), "amount"]
    return csv_text(header, ([_cell(row, name) for name in header] for row in map(_line, rows)))


def costs_csv(rows: Sequence[Row]) -> str:
    """Return cost rows as CSV."""
    header = _columns(COST)
    return csv_text(header, ([_cell(row, name) for name in header] for row in rows))


def rows_json(rows: Sequence[Row]) -> list[dict[str, object]]:
    """Return rows whose decimals and times are text, so that no reader rounds them."""
    return [{name: _json_value(name, value) for name, value in row.items()} for row in rows]


def _columns(table: LakeTable) -> list[str]:
    return [name for name in table.polars_schema if name not in LEFT_OUT]


def _line(row: Mapping[str, Any]) -> Row:
    precise = number_from(row["amount_precise"])
    return {
        **row,
        "amount_precise": row["amount_precise"] if precise is None else precise,
        "amount": amount_of_cents(row["amount_cents"], row["currency"]),
    }


def _cell(row: Mapping[str, Any], name: str) -> Cell:
    value: Cell = row[name]
    return month_param(row[name]) if name == "month" else value


def _json_value(name: str, value: object) -> object:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return month_param(value) if name == "month" else value.isoformat()
    return value
