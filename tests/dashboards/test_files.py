"""CSV and JSON open as numbers, foot, and hold no formula."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from dashboards import rated_lines
from dashboards.csv_text import cell_text, csv_text
from tests.dashboards.seed import cost_frame, rated_frame


def rows_at(client: TestClient, address: str) -> list[dict[str, str]]:
    answer = client.get(address)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("by", ["service", "account", "month", "all"])
def test_the_margin_file_foots(client: TestClient, by: str) -> None:
    """However it is grouped, the file's rows add up to exactly the total of the JSON."""
    rows = rows_at(client, f"/dashboards/margin/table.csv?by={by}")
    total = client.get(f"/dashboards/margin/table.json?by={by}").json()["total"]

    for name in ("cogs_cad", "gross_profit_cad"):
        assert sum(Decimal(row[name]) for row in rows) == Decimal(total[name])
    revenue = sum(Decimal(row["revenue_cad"]) for row in rows)
    assert revenue * 100 == total["revenue_cents"]


def test_json_has_no_binary_fraction(client: TestClient) -> None:
    """Exact decimals are text in JSON, and what has no value is null with its reason."""
    answer = client.get("/dashboards/margin/table.json?by=service").json()
    unallocated = answer["rows"][-1]

    assert unallocated["service"] is None
    assert isinstance(unallocated["cogs_cad"], str)
    assert (unallocated["gross_margin"], unallocated["gross_margin_reason"]) == (None, "no revenue")
    assert answer["lines_not_added"] == {"USD": 2}


def test_rated_lines_as_csv(client: TestClient) -> None:
    """The file has every line of the scope, and its amounts are its cents."""
    rows = rows_at(client, "/dashboards/rated_lines.csv?service=nexadesk&currency=CAD")
    wanted = [
        line["amount_cents"]
        for line in rated_frame().to_dicts()
        if (line["service"], line["currency"]) == ("nexadesk", "CAD")
    ]

    assert sum(int(row["amount_cents"]) for row in rows) == sum(wanted)
    assert sum(Decimal(row["amount"]) for row in rows) * 100 == sum(wanted)


def test_costs_as_csv(client: TestClient) -> None:
    """The file has every cost row, exact."""
    rows = rows_at(client, "/dashboards/costs.csv")

    assert len(rows) == cost_frame().height
    assert sum(Decimal(row["cogs_cad"]) for row in rows) == cost_frame()["cogs_cad"].sum()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "\n=x"])
def test_text_is_no_formula(text: str) -> None:
    """Text a spreadsheet would compute is written as text."""
    assert cell_text(text) == f"'{text}"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (Decimal("-0.000000000001"), "-0.000000000001"),
        (Decimal("1E+3"), "1000.0"),
        (-5, "-5"),
        (None, ""),
        ("Boréal, inc.", "Boréal, inc."),
        (date(2026, 10, 1), "2026-10-01"),
        (datetime(2026, 10, 1, tzinfo=UTC), "2026-10-01T00:00:00+00:00"),
    ],
)
def test_numbers_are_plain(cell: Decimal | int | str | date | None, text: str) -> None:
    """A number is plain digits with its sign and a decimal point, never guarded."""
    assert cell_text(cell) == text


def test_cells_are_quoted() -> None:
    """A cell with commas, quotes or line ends stays one cell."""
    hostile = 'a,"b"\r\nc'

    assert list(csv.reader(io.StringIO(csv_text(["x"], [[hostile]]), newline=""))) == [
        ["x"], [hostile],
    ]  # fmt: skip


def test_a_file_has_a_limit(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than a file may have is a page that says to narrow it, not half a file."""
    monkeypatch.setattr(rated_lines, "ROWS_EXPORTED_MAX", 48)

    assert client.get("/dashboards/rated_lines.csv?service=nexadesk").status_code == 400
    assert (
        client.get("/dashboards/rated_lines.csv?account=acct-01&month=2026-10").status_code == 200
    )
