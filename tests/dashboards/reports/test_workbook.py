"""A workbook opens as numbers and dates, and its text can't become a formula."""

import io
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from fastapi.testclient import TestClient

from dashboards.links import Links
from dashboards.mart.reading import read_cube
from dashboards.reports.asked import Asked
from dashboards.reports.files import report_csv, report_workbook
from dashboards.reports.filters import Filters
from dashboards.reports.report import Cell, Column, Kind, Report, Row, Table
from storage.lake import Lake
from storage.state import open_state
from tests.dashboards.seed import NOW

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheet_of(content: bytes, number: int) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return ET.fromstring(book.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314 - our own file


def texts_of(content: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        shared = ET.fromstring(book.read("xl/sharedStrings.xml"))  # noqa: S314 - our own file
    return ["".join(item.itertext()) for item in shared]


def asked_of(folder: Path, lake: Lake) -> Asked:
    state = open_state("", folder)
    return Asked(read_cube(lake, state), state, Filters(), Links("/dashboards"), NOW)


def test_figures_are_numbers(client: TestClient) -> None:
    """Every amount of a workbook is a number that equals the JSON's to fifteen digits."""
    content = client.get("/dashboards/margin/customers.xlsx").content
    cells = [
        cell for cell in sheet_of(content, 1).iter(f"{MAIN}c") if cell.get("r", "").startswith("C")
    ][1:]
    tables = client.get("/dashboards/margin/customers.json").json()["tables"]
    rows = [*tables["customers"]["rows"], tables["customers"]["total"]]

    assert all(cell.get("t", "n") == "n" for cell in cells)
    for cell, row in zip(cells, rows, strict=True):
        assert float(cell.findtext(f"{MAIN}v") or "x") == float(row["revenue_cad"])


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "<b>&"])
def test_text_is_no_formula(tmp_path: Path, lake: Lake, text: str) -> None:
    """Text that a spreadsheet would compute is kept as text in workbooks and CSV files."""
    table = Table("t", text, text, [Column("who", text), Column("x", "x", Kind.MONEY)],
                  [Row([Cell(text), Cell(Decimal("1.5"))])])  # fmt: skip
    report = Report("report", text, text, [table])

    content = report_workbook(asked_of(tmp_path, lake), report)

    sheets = [sheet_of(content, number) for number in (1, 2)]
    assert not any(list(sheet.iter(f"{MAIN}f")) for sheet in sheets)
    assert texts_of(content).count(text) >= 1
    first = report_csv(report).splitlines()[1]
    assert not re.match(r"[=+\-@]", first)


def test_dates_are_dates(tmp_path: Path, lake: Lake) -> None:
    """A month is a date cell, and what is n/a says why."""
    table = Table(
        "t", "t", "t", [Column("month", "Month", Kind.MONTH), Column("x", "x", Kind.RATIO)],
        [Row([Cell(date(2026, 11, 1)), Cell(None, reason="no revenue")])],
    )  # fmt: skip

    content = report_workbook(asked_of(tmp_path, lake), Report("report", "t", "", [table]))

    values = [cell.findtext(f"{MAIN}v") for cell in sheet_of(content, 1).iter(f"{MAIN}c")]
    assert values[2] == "46327"
    assert "n/a: no revenue" in texts_of(content)


def test_a_workbook_tells_what_it_is(client: TestClient) -> None:
    """The last sheet has months, moment, filters, watermark and digest."""
    texts = texts_of(client.get("/dashboards/margin/negative.xlsx?service=nexavoice").content)

    for told in ("November 2026", "?service=nexavoice", "usage_0:48213", "2 Dec 2026, 09:30 EST"):
        assert told in texts
