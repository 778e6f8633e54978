"""Every report answers as page and as files, adds up, and says what is missing."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from dashboards.margin import BARS
from dashboards.reports.words import ENGLISH
from tests.dashboards.html_reading import Page
from tests.dashboards.seed import SERVICES, cost_frame, rated_frame

VOICE = "service=nexavoice"
REPORTS = {
    "": "",
    "/margin": "open=nexadesk",
    "/margin/service": VOICE,
    "/margin/customers": "sort=-revenue",
    "/margin/customer": f"{VOICE}&account=acct-05",
    "/margin/negative": "",
    "/margin/metrics": "",
    "/margin/metric": f"{VOICE}&metric=minutes",
    "/bridge": "from=2026-07&to=2026-11",
    "/cogs": "",
    "/cogs/unattributed": "",
}
every_report = pytest.mark.parametrize(("path", "query"), REPORTS.items())
both_languages = pytest.mark.parametrize("language", ["en", "fr"])


def address(path: str, query: str, suffix: str = "") -> str:
    return f"/dashboards{path}{suffix}?{query}"


def page_at(client: TestClient, path: str, query: str = "", status: int = 200) -> Page:
    answer = client.get(address(path, query))
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def json_at(client: TestClient, path: str, query: str = "") -> dict[str, object]:
    answer = client.get(address(path, query, ".json"))
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def table_of(client: TestClient, path: str, key: str, query: str = "") -> list[dict[str, Any]]:
    tables = json_at(client, path, query)["tables"]
    assert isinstance(tables, dict)
    rows: list[dict[str, Any]] = tables[key]["rows"]
    return rows


@every_report
@both_languages
def test_every_report_is_closed_and_safe(
    client: TestClient, path: str, query: str, language: str
) -> None:
    """Every report is well formed, not stored, without inline code and without strangers."""
    answer = client.get(address(path, f"{query}&lang={language}"))
    page = Page(answer.text)

    assert page.open_tags == []
    assert page.strangers() == []
    assert answer.headers["cache-control"] == "no-store"
    assert "unsafe" not in answer.headers["content-security-policy"]


@every_report
@both_languages
def test_every_report_can_be_heard(
    client: TestClient, path: str, query: str, language: str
) -> None:
    """Every report names its language, has one heading; tables and charts are named."""
    page = page_at(client, path, f"{query}&lang={language}")
    tags = [tag for tag, _ in page.elements]
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]

    assert ("html", {"lang": f"{language}-CA"}) in page.elements
    assert tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption") > 0
    assert len(ids) == len(set(ids))
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")
    for tag, attributes in page.elements:
        if tag == "svg":
            assert attributes.get("aria-labelledby") or attributes.get("aria-label")


@every_report
def test_every_link_leads_somewhere(client: TestClient, path: str, query: str) -> None:
    """Every link of every report is answered; each is kept in its language."""
    for link in sorted(set(page_at(client, path, f"{query}&lang=fr").links)):
        if link.startswith("/") and "/rated_lines/" not in link:
            assert client.get(link).status_code == 200, link


@every_report
@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_every_report_is_a_file(client: TestClient, path: str, query: str, form: str) -> None:
    """The same address with a suffix is a file of the same figures, never stored."""
    answer = client.get(address(path, query, f".{form}"))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.content) > 100


def test_an_unknown_form_is_a_page(client: TestClient) -> None:
    """A suffix that no report has is a page of status 404 that names those there are."""
    assert ".xlsx" in page_at(client, "/margin.exe", status=404).source


def test_the_overview_names_the_loser_and_why(client: TestClient) -> None:
    """The overview says before any table who loses money, how much, and why in a sentence."""
    source = page_at(client, "").source
    told, _, rest = source.partition("<table")

    assert "Tidewater Marine" in told
    assert "-$133.29" in told
    assert "3.8 times what it costs for others" in told
    assert "Breaks even at $0.06163 a unit." in told
    assert "St. Lawrence Foods" in told
    assert "is billed nothing" in told
    assert rest


def test_a_customer_billed_in_another_currency_is_not_judged(client: TestClient) -> None:
    """A customer whose revenue is not added is no loser, and the page says what is left out."""
    page = page_at(client, "/margin/negative")

    assert "Northern Lights Academy" not in page.source
    assert "2 rated lines in USD are not added" in page.source


def test_the_overview_is_of_the_last_closed_month(client: TestClient) -> None:
    """Without months in the address it is the newest month before the current one."""
    answer = json_at(client, "")

    assert answer["months"] == ["2026-11"]
    assert answer["compared_months"] == ["2026-10"]


def test_customers_foot(client: TestClient) -> None:
    """All customers, shared and unallocated cost together are the lake's own sums."""
    rows = table_of(client, "/margin/customers", "customers", "from=2026-06&to=2026-11")
    lines = rated_frame().filter(rated_frame()["currency"] == "CAD")["amount_cents"].to_list()

    assert sum(Decimal(row["revenue_cad"]) for row in rows) * 100 == sum(lines)
    costs = sum(Decimal(row["cogs_cad"]) for row in rows)
    assert costs == sum(cost_frame()["cogs_cad"].to_list())


@pytest.mark.parametrize(
    ("path", "key"), [("", "services"), ("/margin", "services"), ("/margin/customers", "customers")]
)
def test_every_total_is_the_sum_of_its_rows(client: TestClient, path: str, key: str) -> None:
    """The total row of each table is exactly the sum of its rows."""
    tables = json_at(client, path)["tables"]
    assert isinstance(tables, dict)

    for name in ("revenue_cad", "cogs_cad", "gross_profit_cad"):
        rows = sum(Decimal(row[name]) for row in tables[key]["rows"])
        assert rows == Decimal(tables[key]["total"][name])


def test_the_bridge_foots(client: TestClient) -> None:
    """The bars of the bridge lead from the earlier to the later gross profit exactly."""
    first, *bars, last = table_of(client, "/bridge", "bridge")
    moved = sum(Decimal(bar["amount_cad"]) for bar in bars)

    assert len(bars) == len(BARS)
    assert Decimal(first["amount_cad"]) + moved == Decimal(last["amount_cad"])


def test_no_revenue_is_no_margin(client: TestClient) -> None:
    """A cost without revenue has no gross margin: null in files, n/a and why on pages."""
    row = table_of(client, "", "services")[-1]

    assert row["service"] == "Unallocated"
    assert row["gross_margin"] is None
    assert row["gross_margin_reason"] == "no revenue"
    assert "n/a no revenue" in " ".join(page_at(client, "").rows("Unallocated")[0])


@pytest.mark.parametrize("basis", ["invoiced", "recognised"])
def test_an_unknown_basis_says_so(client: TestClient, basis: str) -> None:
    """Revenue on a basis that is not known is n/a with its reason, on pages and in files."""
    answer = json_at(client, "", f"basis={basis}")

    assert answer["tables"] == {}
    assert "not known here" in str(answer["not_applicable"])
    assert str(answer["not_applicable"]) in page_at(client, "", f"basis={basis}").source.replace(
        "&#39;", "'"
    )


def test_filters_stay_in_the_address(client: TestClient) -> None:
    """A narrowed report's links and files keep what was chosen."""
    page = page_at(client, "/margin/customers", f"{VOICE}&month=2026-09&lang=fr")

    assert any(
        link.startswith("/dashboards/margin/customers.xlsx?") and "month=2026-09" in link
        and "lang=fr" in link for link in page.links
    )  # fmt: skip
    assert ("option", {"value": "nexavoice", "selected": None}) in page.elements


def test_the_matrix_opens_into_metrics(client: TestClient) -> None:
    """A service opened in the address shows its metrics below it."""
    assert page_at(client, "/margin").rows("ai_replies") == []
    assert len(page_at(client, "/margin", "open=nexadesk").rows("ai_replies")) == 1


def test_an_account_belongs_to_its_service(client: TestClient) -> None:
    """A customer's page has the figures of one service only."""
    months = [
        table_of(client, "/margin/customer", "months", f"service={service}&account=acct-05")
        for service in SERVICES
    ]

    assert len({rows[0]["revenue_cad"] for rows in months}) == len(SERVICES)


@pytest.mark.parametrize(
    "query", ["compare=never", "basis=x", "lang=de", "from=2026-11&to=2026-10", "month=x", "page=0"]
)
def test_an_unreadable_address_is_a_page(client: TestClient, query: str) -> None:
    """An address that can't be read is a page of status 400 that says what to write."""
    page_at(client, "", query, status=400)


@pytest.mark.parametrize("path", ["/margin/service", "/margin/customer", "/margin/metric"])
def test_a_page_of_nobody_says_what_it_needs(client: TestClient, path: str) -> None:
    """A page of one service, customer or metric without its name is status 400."""
    assert "is needed here" in page_at(client, path, status=400).source


def test_nothing_in_these_months(client: TestClient) -> None:
    """Months without any figure say so and lead back."""
    page = page_at(client, "", "month=2020-01")

    assert "Nothing here" in page.source
    assert "/dashboards" in page.links


def test_an_open_month_is_told(client: TestClient) -> None:
    """A month that is not over is told: its costs come before its revenue."""
    assert "Dec 2026 is not over" in page_at(client, "", "from=2026-11&to=2026-12").source


def test_the_csv_is_the_first_table(client: TestClient) -> None:
    """The CSV file has one header and the rows of the report's first table, exact."""
    text = client.get(address("/margin/negative", "", ".csv")).text
    rows = list(csv.DictReader(io.StringIO(text)))

    assert [row["account"] for row in rows] == ["Tidewater Marine", "St. Lawrence Foods"]
    assert ENGLISH.money(Decimal(rows[0]["gross_profit_cad"])) == "-$133.29"
