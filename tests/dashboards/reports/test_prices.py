"""The price list says what a unit should cost, which price holds, and how far bills are off."""

from collections.abc import Iterator
from datetime import UTC, date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook  # type: ignore[import-untyped]

from dashboards.reports.prices import standing
from tests.dashboards.documents import COMING, LISTED, MINUTES, OLD, OVERRIDE, seed_documents
from tests.dashboards.html_reading import Page
from tests.dashboards.seed import NOW, cost_frame, open_seeded, seeded_app

PATH = "/dashboards/cogs/prices"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give the seeded house with four prices and two days of usage."""
    lake, state = open_seeded(tmp_path_factory.mktemp("priced"))
    seed_documents(lake, state)
    with TestClient(seeded_app(lake, state)) as opened:
        yield opened
    lake.close()
    state.close()


def test_an_override_stands_in_for_the_list() -> None:
    """Of prices of one metric the override holds from its first day on, the list before it."""
    every = [LISTED, OVERRIDE, OLD, COMING]
    november = OVERRIDE.valid_from

    assert [standing(price, every, november) for price in every] == [
        "replaced by an override", "in force", "ended", "later",
    ]  # fmt: skip
    assert standing(LISTED, every, november - timedelta(days=1)) == "in force"


def test_the_list_shows_every_price(client: TestClient) -> None:
    """The list tells each price exactly, with its dates, its kind and whether it holds."""
    rows = client.get(f"{PATH}.json").json()["tables"]["prices"]["rows"]

    told = {(row["metric"], row["unit_price"], row["kind"], row["standing"]) for row in rows}
    assert told == {
        ("minutes", "0.0187", "list price", "replaced by an override"),
        ("minutes", "0.02", "override", "in force"),
        ("ai_replies", "0.0215", "list price", "ended"),
        ("tokens", "0.0000034", "list price", "later"),
    }
    assert {row["valid_until"] for row in rows} == {"no end", "2026-01-01"}


def test_estimates_stand_beside_bills(client: TestClient) -> None:
    """Of November, estimate is usage times the price in force; the bill is the provider's rows."""
    found = client.get(f"{PATH}.json?month=2026-11").json()["tables"]["days"]
    costs = cost_frame()
    billed = costs.filter(costs["month"] == date(2026, 11, 1))["cogs_cad"].sum()

    rows = {row["day"]: row for row in found["rows"]}
    for day, minutes in MINUTES.items():
        assert Decimal(rows[day.isoformat()]["estimate_cad"]) == minutes * OVERRIDE.unit_price
    first = rows["2026-11-01"]
    assert Decimal(first["actual_cad"]) == billed
    assert Decimal(first["difference_cad"]) == billed - 20
    assert rows["2026-11-02"]["actual_cad"] is None
    assert Decimal(found["total"]["difference_cad"]) == billed - 20


def test_the_list_of_then(client: TestClient) -> None:
    """As of a time before the prices were written the list is empty, and says of when it is."""
    before = (NOW - timedelta(days=1)).astimezone(UTC).isoformat().replace("+00:00", "Z")

    assert client.get(f"{PATH}.json?as_of={before}").json()["tables"]["prices"]["rows"] == []
    assert "Figures are those known" in client.get(f"{PATH}?as_of={before}").text


def test_every_form_and_language(client: TestClient) -> None:
    """The page has its files in each form, its prices are numbers in a workbook; French reads."""
    page = Page(client.get(PATH).text)
    french = client.get(f"{PATH}?lang=fr").text
    sheet = load_workbook(BytesIO(client.get(f"{PATH}.xlsx").content))["1 prices"]

    assert page.rows("Example Cloud")
    assert page.strangers() == []
    assert "Liste de prix" in french
    assert "dérogation" in french
    assert client.get(f"{PATH}.csv").text.startswith("provider,")
    header = [cell.value for cell in sheet[1]]
    place = next(number for number, name in enumerate(header) if name == "Unit price")
    assert isinstance(sheet[2][place].value, float)


def test_a_bad_time_is_refused(client: TestClient) -> None:
    """A time that can't be read is told with the ways to write it, never taken as now."""
    for text in ("soon", "2026-13-01", "2026-11-01T00:00:00", "9999-12-31"):
        found = client.get(f"{PATH}?as_of={text}")

        assert found.status_code == 400, text
        assert "as_of is now, close" in found.text
