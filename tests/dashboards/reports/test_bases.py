"""Revenue on each basis: the same pages, other sources, every cent tied to the ledger."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from dashboards.margin.bases import NOT_DEFERRED, NOT_READ
from dashboards.margin.invoiced import OTHER_INVOICED
from storage.feed_tables import odoo_move
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.state import State
from tests.dashboards.html_reading import Page
from tests.dashboards.invoicing import (
    ADDED_CENTS,
    CREDITED_CENTS,
    EDITED,
    FLAT_CENTS,
    REMOVED,
    TAKEN_OFF_CENTS,
    Posted,
    posted_lines,
    seed_invoices,
)
from tests.dashboards.recurring import seed_recurring
from tests.dashboards.seed import open_seeded, rated_frame, seeded_app

House = tuple[TestClient, Lake, State]
WINDOW = "from=2026-07&to=2026-11"
NEXADESK = "service=nexadesk"
PAGES = {
    "": "", "/margin": "", "/margin/service": NEXADESK, "/margin/customers": "",
    "/margin/customer": f"{NEXADESK}&account=acct-01", "/margin/negative": "",
    "/margin/metrics": "", "/margin/metric": f"{NEXADESK}&metric=ai_replies",
    "/margin/days": "", "/bridge": WINDOW,
}  # fmt: skip
OWN_PAGES = {"/revenue": "month=2026-10", "/mrr": "", "/invoiced": "", "/margin/days": ""}
every_page = pytest.mark.parametrize(("path", "query"), PAGES.items())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The seeded months with Odoo's posted lines and the plan fees of subscriptions."""
    lake, state = open_seeded(tmp_path_factory.mktemp("bases"))
    seed_invoices(lake, state)
    seed_recurring(state)
    with TestClient(seeded_app(lake, state)) as client:
        yield client, lake, state
    lake.close()
    state.close()


@pytest.fixture
def posted(house: House) -> TestClient:
    return house[0]


def json_at(client: TestClient, path: str, query: str) -> dict[str, Any]:
    answer = client.get(f"/dashboards{path}.json?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rows_of(client: TestClient, path: str, table: str, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json_at(client, path, query)["tables"][table]["rows"]
    return rows


def in_window(line: Posted) -> bool:
    return line.currency == "CAD" and line.day.isoformat()[:7] <= "2026-11"


def dollars(cents: int) -> Decimal:
    return Decimal(cents) / 100


def grouped(key: str) -> dict[str | None, Decimal]:
    """Return the posted CAD cents of the window by service, account, plan, metric or day."""
    rated = {row["id"]: row for row in rated_frame().iter_rows(named=True)}
    sums: defaultdict[str | None, int] = defaultdict(int)
    for line in filter(in_window, posted_lines()):
        own = rated.get(line.rated_line_id or "")
        of = {
            "service": line.service,
            "account": line.account,
            "plan": "pro" if own or line.plan or line.reversed_id else None,
            "metric": own["metric_code"] if own else OTHER_INVOICED,
            "month": f"{line.day:%Y-%m}",
            "day": line.day.isoformat(),
        }
        sums[of[key]] += line.cents
    return {name: dollars(cents) for name, cents in sums.items()}


def revenue_of(rows: list[dict[str, Any]], key: str) -> dict[str | None, Decimal]:
    found: defaultdict[str | None, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row.get(key)] += Decimal(row["revenue_cad"])
    return {name: amount for name, amount in found.items() if amount}


def test_invoiced_revenue_is_what_odoo_posted(posted: TestClient) -> None:
    """By service, account, metric, plan, month and day it is the posted lines, to the cent."""
    query = f"basis=invoiced&{WINDOW}"
    by_service = revenue_of(rows_of(posted, "/margin", "services", query), "service")
    names = {"NexaCloud": "nexacloud", "NexaDesk": "nexadesk", "NexaVoice": "nexavoice"}
    accounts = rows_of(posted, "/margin/customers", "customers", query)
    metrics = rows_of(posted, "/margin/metrics", "metrics", query)
    months = rows_of(posted, "", "months", query)
    days = rows_of(posted, "/margin/days", "days", "basis=invoiced&month=2026-11")

    assert {names[str(name)]: each for name, each in by_service.items()} == grouped("service")
    assert revenue_of(accounts, "account_id") == grouped("account")
    labels = {"Fees and costs of no metric": None, "Other invoiced": OTHER_INVOICED}
    assert {labels.get(str(name), name): each for name, each in
            revenue_of(metrics, "metric").items()} == grouped("metric")  # fmt: skip
    assert revenue_of(months, "month") == grouped("month")
    assert revenue_of(days, "day") == {
        day: each for day, each in grouped("day").items() if str(day) > "2026-11"
    }


def test_plans_and_other_lines_are_all_there(posted: TestClient) -> None:
    """Lines of no plan have a row beside the plans; all rows are the service's revenue."""
    query = f"basis=invoiced&{WINDOW}&{NEXADESK}"
    plans = revenue_of(rows_of(posted, "/margin/service", "plans", query), "plan")
    other = sum(line.cents for line in posted_lines()
                if in_window(line) and line.plan is None and not line.reversed_id)  # fmt: skip

    assert plans["No single plan"] == dollars(other) == dollars(FLAT_CENTS)
    assert sum(plans.values()) == grouped("service")["nexadesk"]


def test_costs_stay_what_they_are(posted: TestClient) -> None:
    """COGS and units are the same on every basis; only revenue and what follows from it differ."""
    of_metrics = ("/margin/metrics", "metrics", ("quantity", "unit_cost_cad"))
    for path, table, keys in (("/margin", "services", ("cogs_cad",)), of_metrics):
        every = [rows_of(posted, path, table, f"basis={basis}&month=2026-10")
                 for basis in ("rated", "invoiced")]  # fmt: skip
        rated, invoiced = (
            {(row.get("service"), row.get("metric")): [row[key] for key in keys] for row in rows}
            for rows in every
        )
        assert rated.items() <= invoiced.items()


@every_page
def test_every_margin_page_has_the_switch(posted: TestClient, path: str, query: str) -> None:
    """Each margin page and each of its files answers on the basis asked for, and says so."""
    address = f"/dashboards{path}"
    page = Page(posted.get(f"{address}?{query}&basis=invoiced").text)

    assert any(tag == "select" and has["name"] == "basis" for tag, has in page.elements)
    assert "what Odoo has posted" in page.source
    assert json_at(posted, path, f"{query}&basis=invoiced")["revenue_basis"] == "invoiced"
    for form in ("csv", "xlsx"):
        one, other = (posted.get(f"{address}.{form}?{query}&basis={basis}").content
                      for basis in ("rated", "invoiced"))  # fmt: skip
        assert one != other


@every_page
def test_recognised_revenue_is_not_a_number(posted: TestClient, path: str, query: str) -> None:
    """Recognised revenue is n/a with its reason on each page and file, never 0."""
    found = json_at(posted, path, f"{query}&basis=recognised")

    assert found["not_applicable"] == NOT_DEFERRED
    assert found["tables"] == {}
    assert "not read" in posted.get(f"/dashboards{path}?{query}&basis=recognised").text


def test_the_plain_table_has_the_switch(posted: TestClient) -> None:
    """The plain table is on the basis asked for too, n/a with its reason where that is unknown."""
    rows = json_at(posted, "/margin/table", "basis=invoiced&by=month&to=2026-11")
    none = json_at(posted, "/margin/table", "basis=recognised")

    cents = {row["month"]: row["revenue_cents"] for row in rows["rows"] if row["revenue_cents"]}
    assert {month: dollars(each) for month, each in cents.items()} == grouped("month")
    assert (none["rows"], none["not_applicable"]) == ([], NOT_DEFERRED)
    page = Page(posted.get("/dashboards/margin/table?basis=invoiced").text)
    assert page.open_tags == []
    assert any("/dashboards/invoiced?" in link for link in page.links)


@pytest.mark.parametrize("basis", ["rated", "invoiced"])
@every_page
def test_every_margin_page_ties_to_the_ledger(
    posted: TestClient, path: str, query: str, basis: str
) -> None:
    """The foot of each page shows both totals and their difference, or n/a with its reason."""
    ours, theirs, difference = rows_of(posted, path, "tie_out", f"{query}&basis={basis}")

    if "metric=" in query:
        assert (theirs["amount_cad"], difference["amount_cad"]) == (None, None)
        assert "metric" in theirs["amount_cad_reason"]
    else:
        assert ours["amount_cad"] == theirs["amount_cad"] != "0.0"
        assert difference["amount_cad"] == "0.0"


def test_the_tie_out_is_the_posted_total(posted: TestClient) -> None:
    """Odoo's side is the sum of its posted moves' heads, read apart from the lines."""
    ours, theirs, _ = rows_of(posted, "/margin", "tie_out", WINDOW)

    total = sum(line.cents for line in posted_lines() if in_window(line))
    assert Decimal(ours["amount_cad"]) == Decimal(theirs["amount_cad"]) == dollars(total)
    assert "Odoo as last read 2 Dec 2026, 09:00 EST" in posted.get("/dashboards").text


def test_a_difference_to_the_ledger_is_shown(house: House) -> None:
    """Where Odoo's head has a cent more than the lines here, the foot shows that cent."""
    client, _, state = house
    change = odoo_move.update().where(odoo_move.c.move_id == 9002)
    try:
        with state.write() as connection:
            connection.execute(change.values(untaxed_cents=FLAT_CENTS + 1))
            connection.execute(sa.text("UPDATE odoo_move_mark SET polled_at = polled_at + 1"))
        *_, difference = rows_of(client, "/margin/customers", "tie_out", "month=2026-11")
        page = client.get("/dashboards/margin/customers?month=2026-11")
    finally:
        with state.write() as connection:
            connection.execute(change.values(untaxed_cents=FLAT_CENTS))
            connection.execute(sa.text("UPDATE odoo_move_mark SET polled_at = polled_at - 1"))

    assert difference["amount_cad"] == "0.01"
    assert ["Difference", "▼ 0.01"] in [row[:2] for row in Page(page.text).cells]


def test_without_odoo_what_was_invoiced_is_not_known(client: TestClient) -> None:
    """Where no Odoo was read, invoiced revenue, its bridge and the foot are n/a with the reason."""
    assert json_at(client, "/margin", "basis=invoiced")["not_applicable"] == NOT_READ
    assert json_at(client, "/revenue", "")["not_applicable"] == NOT_READ
    assert json_at(client, "/invoiced", "")["not_applicable"] == NOT_READ
    for row in rows_of(client, "/margin", "tie_out", ""):
        assert (row["amount_cad"], row["amount_cad_reason"]) == (None, NOT_READ)


def test_the_bridge_leads_from_one_page_to_the_other(posted: TestClient) -> None:
    """Its ends are the margin pages' revenue, its bars what people did, all to the cent."""
    rows = rows_of(posted, "/revenue", "revenue", "month=2026-11")
    bars = {row["bar"]: Decimal(row["amount_cad"]) for row in rows}
    rated = revenue_of(rows_of(posted, "/margin", "services", "month=2026-11"), "service")
    first, *between, last = bars.values()

    assert first == sum(rated.values())
    assert last == grouped("month")["2026-11"]
    assert first + sum(between) == last
    assert bars["Credit notes"] == -dollars(CREDITED_CENTS)
    assert bars["Billed by Odoo alone"] == dollars(FLAT_CENTS)
    assert bars["Added by hand"] == dollars(ADDED_CENTS)


def test_the_bridge_of_months_billed_and_paid_shows_each_change(posted: TestClient) -> None:
    """Over all months timing cancels out, and what was changed by hand has its own bar."""
    rows = rows_of(posted, "/revenue", "revenue", "from=2026-06&to=2026-11&service=nexadesk")
    bars = {row["bar"]: Decimal(row["amount_cad"]) for row in rows}
    removed = rated_frame().filter(id=REMOVED)["amount_cents"].item()
    edited = rated_frame().filter(id=EDITED)["amount_cents"].item()

    assert edited > TAKEN_OFF_CENTS
    assert bars["Edited by hand"] == -dollars(TAKEN_OFF_CENTS)
    assert bars["Rounding"] == Decimal("0.01")
    assert bars["Rated in other months"] == bars["Invoiced in other months"] == 0
    # The seeded draft of all months is November's; where it waits or was sent decides the word.
    assert removed > 0
    services = rows_of(posted, "/revenue", "services", "from=2026-06&to=2026-11")
    assert sum(Decimal(row["difference_cad"]) for row in services) == sum(
        Decimal(row["invoiced_cad"]) - Decimal(row["rated_cad"]) for row in services
    )


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("path", "query"), OWN_PAGES.items())
def test_each_new_page_is_whole(posted: TestClient, path: str, query: str, language: str) -> None:
    """Each page is well formed, can be heard, leads somewhere and is a file of each form."""
    page = Page(posted.get(f"/dashboards{path}?{query}&lang={language}&basis=invoiced").text)
    tags = [tag for tag, _ in page.elements]

    assert page.open_tags == []
    assert ("html", {"lang": f"{language}-CA"}) in page.elements
    assert tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption") > 0
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")
    for link in sorted({link for link in page.links if link.startswith("/")})[:60]:
        assert posted.get(link).status_code == 200, link
    for form in ("csv", "json", "xlsx"):
        assert len(posted.get(f"/dashboards{path}.{form}?{query}").content) > 100


def test_a_page_says_what_of_it_is_as_closed(posted: TestClient) -> None:
    """As closed, an invoiced page says what is of then; a page no close keeps says that."""
    said = json_at(posted, "/margin", "basis=invoiced&as_of=close")["notices"]
    kept = json_at(posted, "/mrr", "as_of=close")["notices"]

    assert "what Odoo was seen to have posted by then" in said[0]
    assert kept[0].startswith("A close keeps nothing of this page")


def test_mrr_adds_up_on_the_page(posted: TestClient) -> None:
    """Of each row, each service and the total: opening and movements are the closing."""
    tables = json_at(posted, "/mrr", "from=2026-04&to=2026-11")["tables"]
    moves = ("opening_cad", "new_cad", "expansion_cad", "contraction_cad", "churn_cad",
             "reactivation_cad")  # fmt: skip
    rows = [*tables["mrr"]["rows"], tables["mrr"]["total"], *tables["services"]["rows"]]

    for row in rows:
        assert sum(Decimal(row[name]) for name in moves) == Decimal(row["closing_cad"])
    by_month = {(row["month"], row["service"]): row for row in tables["mrr"]["rows"]}
    assert by_month["2026-08", "NexaDesk"]["churn_cad"] == "-299.0"
    assert by_month["2026-10", "NexaDesk"]["reactivation_cad"] == "299.0"
    assert by_month["2026-09", "NexaCloud"]["expansion_cad"] == "250.0"
    assert by_month["2026-04", "NexaCloud"]["growth_reason"] == "no opening"
    assert Decimal(tables["mrr"]["total"]["closing_cad"]) == 8 * (549 + 299 + 100)


def test_a_line_behind_a_figure_names_what_it_bills(posted: TestClient) -> None:
    """Posted lines lead to their rated lines; those of nobody say other invoiced; text is inert."""
    rows = rows_of(posted, "/invoiced", "invoiced", f"month=2026-11&{NEXADESK}&account=acct-01")
    page = Page(posted.get(f"/dashboards/invoiced?month=2026-11&{NEXADESK}&account=acct-01").text)

    assert [row["metric"] for row in rows].count("Other invoiced") == 2
    assert sum(Decimal(row["untaxed"]) for row in rows) == dollars(
        sum(line.cents for line in posted_lines()
            if (line.account, line.service, f"{line.day:%Y-%m}") == ("acct-01", "nexadesk",
                                                                     "2026-11"))
    )  # fmt: skip
    assert any("/rated_lines/line-1-0-4-use" in link for link in page.links)


def test_the_rated_lines_are_untouched(house: House) -> None:
    """Reading any basis writes nothing: the rated lines are what they were."""
    _, lake, _ = house

    assert lake.scan(RATED_LINE).collect().height == rated_frame().height
