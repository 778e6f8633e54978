"""Pages of rows and the margin table are of the time asked for, and keep it in their links."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import pytest
from fastapi.testclient import TestClient

from tests.dashboards.html_reading import Page
from tests.dashboards.reports.test_as_of import (
    AFTER,
    BEFORE,
    LATE_CENTS,
    LATE_COST,
    WHOSE,
    client,
)

__all__ = ["client"]
ROWS = {"/rated_lines": "rated_lines", "/costs": "costs"}
TABLE = "/margin/table"


def at(client: TestClient, path: str, as_of: str | datetime | None, query: str = WHOSE) -> Any:  # noqa: ANN401 - JSON
    when = quote_plus(as_of.isoformat() if isinstance(as_of, datetime) else as_of or "")
    answer = client.get(f"/dashboards{path}?{query}" + (f"&as_of={when}" if when else ""))
    assert answer.status_code == 200, answer.text
    return answer


def amount(client: TestClient, path: str, as_of: str | datetime | None) -> Decimal:
    found = at(client, f"{path}.json", as_of).json()
    if path == TABLE:
        return Decimal(found["total"]["revenue_cents"])
    column = "amount_cents" if path == "/rated_lines" else "cogs_cad"
    return sum((Decimal(str(row[column])) for row in found[ROWS[path]]), Decimal(0))


@pytest.mark.parametrize(
    ("path", "late"), [("/rated_lines", LATE_CENTS), ("/costs", LATE_COST), (TABLE, LATE_CENTS)]
)
def test_rows_of_then_lack_what_came_later(
    client: TestClient, path: str, late: int | Decimal
) -> None:
    """Before it came the late row is not there; after it, as closed, and now, it is."""
    before, after, closed, now = (amount(client, path, when)
                                  for when in (BEFORE, AFTER, "close", None))  # fmt: skip

    assert after == closed == now
    assert now - before == late


@pytest.mark.parametrize("path", [*ROWS, TABLE])
def test_pages_of_rows_say_and_keep_their_time(client: TestClient, path: str) -> None:
    """Each says of when it is; its files, filters and other pages of rows keep the time."""
    page = at(client, path, BEFORE)
    links = [link for link in Page(page.text).links if "?" in link]
    kept = f"as_of={quote_plus(BEFORE.isoformat())}"
    wanted = ("/rated_lines?", "/costs?") if path == TABLE else ("/margin/table?", "/trace/")

    assert "Figures are those known" in page.text
    hidden = {"type": "hidden", "name": "as_of", "value": BEFORE.isoformat()}
    assert ("input", hidden) in Page(page.text).elements
    for part in (f"{path}.csv?", f"{path}.json?", *wanted):
        found = [link for link in links if part in link]
        assert found, part
        assert all(kept in link for link in found), part
    assert at(client, f"{path}.csv", BEFORE).text != at(client, f"{path}.csv", None).text
    assert "as_of" not in at(client, path, None).text
    assert client.get(f"/dashboards{path}?as_of=then").status_code == 400


@pytest.mark.parametrize("path", ROWS)
def test_rows_no_close_keeps_say_so(client: TestClient, path: str) -> None:
    """A close keeps figures, no rows: as closed the rows are those of now, and the page says it."""
    assert "A close keeps nothing of this page" in at(client, path, "close").text
    assert "as they were closed" in at(client, TABLE, "close").text
