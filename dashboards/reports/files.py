"""A report as CSV, JSON or workbook: the same tables, exact, without rounding for display."""

import hashlib
import io
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from catalog.money import decimal_text
from dashboards.csv_text import csv_text
from dashboards.reports.asked import Asked
from dashboards.reports.filters import range_words
from dashboards.reports.report import Cell, Kind, Report, Row, Table, Value
from dashboards.reports.words import Words
from dashboards.scope import month_param

FORMATS = {
    Kind.MONEY: "#,##0.00;[Red]-#,##0.00",
    Kind.UNIT_PRICE: "#,##0.00##########",
    Kind.RATIO: "0.0%;[Red]-0.0%",
    Kind.POINTS: "0.0;[Red]-0.0",
    Kind.QUANTITY: "#,##0.######",
    Kind.COUNT: "#,##0",
    Kind.MONTH: "yyyy-mm",
}
SHEET_NAME_MAX = 31
WIDTH_MIN, WIDTH_MAX = 12, 60


def report_csv(report: Report) -> str:
    """Return the report's first table; a value that has none is an empty cell."""
    if not report.tables:
        return csv_text([], [])
    table = report.tables[0]
    rows = ([_plain(cell.value) for cell in row.cells] for row in table.rows)
    return csv_text([column.key for column in table.columns], rows)


def report_json(asked: Asked, report: Report) -> dict[str, object]:
    """Return every table of the report; exact decimals are text, n/a is null with its reason."""
    return {
        "report": report.key,
        "title": report.title,
        "as_of": asked.at.isoformat(),
        "currency": "CAD",
        "revenue_basis": str(asked.filters.basis),
        "months": [month_param(month) for month in asked.window.months],
        "compared_months": [month_param(month) for month in asked.window.compared],
        "not_applicable": report.empty.words if report.empty else None,
        "notices": [notice.words for notice in report.notices],
        "tables": {table.key: _table_json(table) for table in report.tables},
    }


def report_workbook(asked: Asked, report: Report) -> bytes:
    """Return the report as XLSX: a sheet a table, numbers as numbers, text never a formula."""
    written = io.BytesIO()
    options = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False, "nan_inf_to_errors": False,
    }  # fmt: skip
    with xlsxwriter.Workbook(written, options) as workbook:
        workbook.set_properties({"title": report.title, "created": asked.at.replace(tzinfo=None)})
        formats = {kind: workbook.add_format({"num_format": text})
                   for kind, text in FORMATS.items()}  # fmt: skip
        bold = workbook.add_format({"bold": True})
        totals = {kind: workbook.add_format({"num_format": text, "bold": True, "top": 1})
                  for kind, text in FORMATS.items()}  # fmt: skip
        for place, table in enumerate(report.tables, start=1):
            sheet = workbook.add_worksheet(f"{place} {table.key}"[:SHEET_NAME_MAX])
            _write_table(sheet, table, formats, totals, bold)
        _write_notes(workbook.add_worksheet("Read me"), _notes(asked, report), bold)
    return written.getvalue()


def _table_json(table: Table) -> dict[str, object]:
    keys = [column.key for column in table.columns]
    return {
        "title": table.title,
        "rows": [_row_json(keys, row) for row in table.rows],
        "total": _row_json(keys, table.total) if table.total else None,
    }


def _row_json(keys: list[str], row: Row) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, cell in zip(keys, row.cells, strict=True):
        found[key] = _json(cell)
        if cell.value is None and cell.reason:
            found[f"{key}_reason"] = cell.reason
        if cell.small:
            found[f"{key}_id"] = cell.small
    return found


def _json(cell: Cell) -> object:
    value = cell.value
    if isinstance(value, Decimal):
        return decimal_text(value)
    return month_param(value) if isinstance(value, date) else value


def _plain(value: Value) -> str | int | Decimal | None:
    return month_param(value) if isinstance(value, date) else value


def _write_table(
    sheet: Worksheet, table: Table, formats: dict[Kind, Format], totals: dict[Kind, Format],
    bold: Format,
) -> None:  # fmt: skip
    kinds = [column.kind for column in table.columns]
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.label, bold)
        longest = max((len(str(row.cells[place].value)) for row in table.rows), default=0)
        sheet.set_column(place, place, min(max(WIDTH_MIN, len(column.label), longest), WIDTH_MAX))
    for line, row in enumerate(table.rows, start=1):
        _write_row(sheet, line, row, kinds, formats)
    sheet.freeze_panes(1, 1)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(kinds) - 1)
    if table.total:
        _write_row(sheet, len(table.rows) + 1, table.total, kinds, totals)


def _write_row(
    sheet: Worksheet, line: int, row: Row, kinds: list[Kind], formats: dict[Kind, Format]
) -> None:
    for place, cell in enumerate(row.cells):
        value, look = cell.value, formats.get(kinds[place])
        if isinstance(value, Decimal | int):
            # A spreadsheet's number is a binary fraction: 15 digits; CSV and JSON are exact.
            sheet.write_number(line, place, float(value), look)
        elif isinstance(value, date):
            sheet.write_datetime(line, place, datetime(value.year, value.month, 1), look)  # noqa: DTZ001 - a spreadsheet's dates know no timezone
        elif value is not None:
            sheet.write_string(line, place, value)
        elif cell.reason:
            sheet.write_string(line, place, f"n/a: {cell.reason}")


def _write_notes(sheet: Worksheet, notes: Iterator[tuple[str, str]], bold: Format) -> None:
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 100)
    for line, (label, words) in enumerate(notes):
        sheet.write_string(line, 0, label, bold)
        sheet.write_string(line, 1, words)


def _notes(asked: Asked, report: Report) -> Iterator[tuple[str, str]]:
    """Yield what a reader of the file must know, and the digest of the figures behind it."""
    words: Words = asked.words
    yield words.say("Report"), report.title
    yield words.say("Months"), range_words(asked.window.months, words)
    yield words.say("Compared with"), range_words(asked.window.compared, words)
    yield words.say("As of"), words.instant(asked.at)
    yield words.say("Filters"), asked.filters.query()
    yield words.say("Usage watermark"), asked.cube.watermark or ""
    yield words.say("Digest of the sources"), asked.cube.digest
    yield words.say("Digest of these figures"), _digest(report)
    for notice in report.notices:
        yield words.say("Notice"), notice.words
    for table in report.tables:
        yield table.title, table.caption


def _digest(report: Report) -> str:
    texts = [
        "\t".join(str(cell.value) for cell in row.cells)
        for table in report.tables
        for row in [*table.rows, *([table.total] if table.total else [])]
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()
