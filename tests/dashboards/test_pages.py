"""The pages show the figures, lead to their rows and trust no text."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import Depends, FastAPI, HTTPException
from fastapi.testclient import TestClient

from catalog.money import decimal_text
from dashboards.formats import percent, plain_money
from dashboards.margin import margin_parts, margin_total
from dashboards.margin_page import GROUPINGS, SORTS
from dashboards.routes import router
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.state import open_state
from tests.dashboards.html_reading import Page
from tests.dashboards.seed import MONTHS, cost_frame, rated_frame, seeded_app

PAGES = [
    "/dashboards/margin/table",
    "/dashboards/margin/table?by=account&sort=gross_profit",
    "/dashboards/margin/table?by=all&month=2026-11",
    "/dashboards/rated_lines?service=nexadesk&month=2026-11",
    "/dashboards/rated_lines/line-0-0-0-use",
    "/dashboards/costs?unallocated=1",
    "/dashboards/drafts",
    "/dashboards/drafts/draft-nexadesk-acct-01",
    "/dashboards/rated_lines/none",
]


def page_at(client: TestClient, address: str, status: int = 200) -> Page:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


def test_the_totals_are_on_the_page(client: TestClient) -> None:
    """The page's total row is the exact total of the lake, rounded once."""
    total = margin_total(margin_parts(rated_frame().lazy(), cost_frame().lazy()))

    row = page_at(client, "/dashboards/margin/table").rows("Total")[0]

    assert row == [
        "Total", plain_money(total.revenue), plain_money(total.cogs_cad),
        plain_money(total.gross_profit), percent(total.gross_margin),
    ]  # fmt: skip


def test_the_table_says_of_which_months_it_is(client: TestClient) -> None:
    """The caption names how many rows there are, and the months their figures are of."""
    page = client.get("/dashboards/margin/table?by=account&service=nexavoice").text

    assert "rows, Jun 2026 to Nov 2026, in CAD." in page


def test_a_loss_is_told_in_words_and_sign(client: TestClient) -> None:
    """A negative margin carries a minus sign and the word loss, not a colour alone."""
    page = page_at(client, "/dashboards/margin/table?by=account&service=nexavoice")
    loser = next(row for row in page.cells if "Tidewater Marine" in " ".join(row))

    assert loser[-2].startswith("-")
    assert "loss" in loser[-1]


def test_no_revenue_says_so(client: TestClient) -> None:
    """Cost without revenue shows n/a and its reason, never 0 %."""
    page = page_at(client, "/dashboards/margin/table?by=account&service=nexavoice&account=acct-08")

    assert "n/a" in page.rows("Total")[0][-1]
    assert ("abbr", {"title": "no revenue"}) in page.elements


def test_foreign_lines_are_a_visible_notice(client: TestClient) -> None:
    """Lines in another currency are counted on the page, with a link to them."""
    page = page_at(client, "/dashboards/margin/table")

    assert "2 rated lines in USD not added" in page.source
    assert "/dashboards/rated_lines?currency=USD" in page.links


@pytest.mark.parametrize("address", PAGES)
def test_every_page_is_closed_and_safe(client: TestClient, address: str) -> None:
    """Every page is well formed, loads nothing from elsewhere and has no inline code."""
    answer = client.get(address)
    page = Page(answer.text)

    assert page.open_tags == []
    assert page.strangers() == []


@pytest.mark.parametrize("address", PAGES)
def test_every_page_can_be_heard(client: TestClient, address: str) -> None:
    """Every page names its language and has one heading; every table has caption and scopes."""
    page = Page(client.get(address).text)
    tags = [tag for tag, _ in page.elements]

    assert ("html", {"lang": "en-CA"}) in page.elements
    assert tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption")
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")


@pytest.mark.parametrize("address", PAGES)
def test_money_is_never_stored(client: TestClient, address: str) -> None:
    """No page may be kept by a cache, framed or run a foreign script."""
    headers = client.get(address).headers

    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("address", PAGES)
def test_every_link_leads_somewhere(client: TestClient, address: str) -> None:
    """Every link of every page is answered."""
    for link in sorted(set(Page(client.get(address).text).links)):
        if link.startswith("/"):
            assert client.get(link.partition("#")[0]).status_code == 200, link


def test_a_figure_leads_to_its_rows(client: TestClient) -> None:
    """The lines behind a revenue figure add up to it, and its costs to its COGS."""
    page = page_at(client, "/dashboards/margin/table?by=account&service=nexadesk")
    by_address = "service=nexadesk&account=acct-03"
    row = next(row for row in page.cells if "Prairie Sky Co-operative" in " ".join(row))

    assert f"/dashboards/rated_lines?{by_address}" in page.links
    lines = client.get(f"/dashboards/rated_lines.json?{by_address}").json()["rated_lines"]
    costs = client.get(f"/dashboards/costs.json?{by_address}").json()["costs"]
    cents = sum(line["amount_cents"] for line in lines)
    assert row[2] == plain_money(Decimal(cents) / 100)
    assert row[3] == plain_money(sum((Decimal(cost["cogs_cad"]) for cost in costs), Decimal(0)))


def test_a_shared_cost_leads_to_shared_costs(client: TestClient) -> None:
    """The row that names no account leads to exactly the costs that name none."""
    page = page_at(client, "/dashboards/margin/table?by=account&service=nexadesk")

    assert "/dashboards/costs?service=nexadesk&shared=1" in page.links
    costs = client.get("/dashboards/costs.json?service=nexadesk&shared=1").json()["costs"]
    assert [cost["account_id"] for cost in costs] == [None] * len(MONTHS)


def test_a_line_explains_itself(client: TestClient) -> None:
    """A rated line's page has its steps, their sum, and what it was computed from."""
    page = page_at(client, "/dashboards/rated_lines/line-0-0-0-use")

    assert [row[0] for row in page.cells[1:]] == [
        "1. included quota", "2. every unit", "3. rounded half-up to cents", "Steps together",
    ]  # fmt: skip
    assert page.cells[-1][-1] == "7.14"
    for pinned in ("usage_0:48213", "pro, version 3", "tokens, version 2", "6c696e652d30"):
        assert pinned in page.source


def test_names_from_customers_are_text(client: TestClient) -> None:
    """A name that is a script is shown as text on every page and runs nowhere."""
    for address in (
        "/dashboards/margin/table?by=account",
        "/dashboards/drafts",
        "/dashboards/costs",
    ):
        page = page_at(client, address)
        assert "&lt;script&gt;" in page.source
        assert "<script>" not in page.source
        assert page.strangers() == []


@pytest.mark.parametrize("hostile", ["%3Cscript%3Ealert(1)%3C/script%3E", "%22onfocus=x", "..%2F"])
def test_words_of_the_address_are_text(client: TestClient, hostile: str) -> None:
    """Whatever the address says comes back as text or not at all."""
    for path in (
        "margin/table?account=",
        "rated_lines?service=",
        "costs?account=",
        "drafts?status=",
    ):
        page = Page(client.get(f"/dashboards/{path}{hostile}").text)
        assert page.strangers() == []
        assert not any("onfocus" in attributes for _, attributes in page.elements)


@pytest.mark.parametrize("kind", ["rated_lines", "drafts", "static"])
def test_an_unknown_id_is_a_page(client: TestClient, kind: str) -> None:
    """An id that nothing has is a page of status 404, with a way back."""
    page = page_at(client, f"/dashboards/{kind}/no-such-thing", status=404)

    assert "no-such-thing" in page.source
    assert "/dashboards" in page.links


@pytest.mark.parametrize(
    "query",
    ["month=2026-13", "from=soon", "page=0", "page=x", "page=-1", "page=٣", "account=" + "a" * 256],
)
def test_an_unreadable_address_is_a_page(client: TestClient, query: str) -> None:
    """An address that can't be read is a page of status 400 that says what to write."""
    for path in ("margin/table", "rated_lines", "costs"):
        page_at(client, f"/dashboards/{path}?{query}", status=400)


def test_every_grouping_and_order_is_a_page(client: TestClient) -> None:
    """Each grouping and each order is a page whose total is the same."""
    totals = {
        tuple(page_at(client, f"/dashboards/margin/table?by={by}&sort={sort}").rows("Total")[0])
        for by in GROUPINGS
        for sort in SORTS[:: len(GROUPINGS)]
    }

    assert len(totals) == 1


def test_a_later_page_has_the_other_rows(client: TestClient) -> None:
    """Two pages of a table share no row and the total stays that of all."""
    one, two = (
        page_at(client, f"/dashboards/margin/table?by=all&page={number}") for number in (1, 2)
    )
    first, second = (
        {tuple(row) for row in page.cells if len(row) == 7 and row[0] != "Service"
         and row[2].endswith("2026")}
        for page in (one, two)
    )  # fmt: skip

    assert (len(first), first & second) == (100, set())
    assert one.rows("Total") == two.rows("Total")


def test_drafts_tell_what_became_of_them(client: TestClient) -> None:
    """A sent draft names its Odoo move, a parked one its problem."""
    sent = page_at(client, "/dashboards/drafts?status=sent")
    parked = page_at(client, "/dashboards/drafts?status=parked&service=nexadesk")

    assert all(row[5].startswith("move ") for row in sent.cells[1:-1])
    assert [row[5] for row in parked.cells[1:-1]] == ["Odoo: the partner is archived"]


def test_a_draft_adds_up(client: TestClient) -> None:
    """A draft's lines add up to its amount on its page, and lead to their rated lines."""
    page = page_at(client, "/dashboards/drafts/draft-nexadesk-acct-01")

    assert "do not add up" not in page.source
    assert page.rows("Total")[0][-1] in page.source
    assert "/dashboards/rated_lines/line-1-0-5-use" in page.links


def test_empty_houses_say_what_to_do(tmp_path: Path) -> None:
    """Before there is any figure each page names the command that brings one."""
    lake, state = Lake(tmp_path / "lake"), open_state("", tmp_path)
    client = TestClient(seeded_app(lake, state))

    for path, command in [
        ("/margin/table", "fusion-billing import costs FILE"),
        ("/rated_lines", "fusion-billing bill"),
        ("/costs", "fusion-billing import costs FILE"),
        ("/drafts", "fusion-billing bill"),
    ]:
        assert command in page_at(client, f"/dashboards{path}").source
    lake.append_unless(RATED_LINE, rated_frame(), column="id", value="none")
    assert "No cost file yet" in page_at(client, "/dashboards/margin/table").source
    lake.close()
    state.close()


def test_the_router_can_be_guarded(client: TestClient) -> None:
    """A guard given where the router is included stands before every page."""

    def nobody() -> None:
        raise HTTPException(status_code=401)

    app = FastAPI()
    app.include_router(router, dependencies=[Depends(nobody)])

    assert TestClient(app).get("/dashboards/margin/table").status_code == 401


def test_behind_a_path_the_links_carry_it(client: TestClient) -> None:
    """Served below a path of a proxy, every link and file is below it too."""
    app = client.app
    assert isinstance(app, FastAPI)
    page = Page(TestClient(app, root_path="/billing").get("/billing/dashboards/margin/table").text)

    assert all(link.startswith(("/billing/dashboards", "#")) for link in page.links)


def test_the_page_says_as_of_when(client: TestClient) -> None:
    """The page tells the moment it is of, in Toronto, and how fresh its sources are."""
    page = page_at(client, "/dashboards/margin/table")
    moment = datetime(2026, 12, 2, 14, 30, tzinfo=UTC)

    assert ("time", {"datetime": moment.isoformat()}) in page.elements
    assert "2 Dec 2026, 09:30 EST" in page.source
    assert "usage_0:48213" in page.source


def test_the_exact_cogs_is_at_hand(client: TestClient) -> None:
    """The rounded COGS of a row carries its exact value."""
    page = page_at(client, "/dashboards/margin/table")
    total = margin_total(margin_parts(rated_frame().lazy(), cost_frame().lazy()))
    titles = {decimal_text(Decimal(title.removeprefix("exact: ")))
              for tag, attributes in page.elements if tag == "a"
              for title in [attributes.get("title") or ""] if title}  # fmt: skip

    assert decimal_text(total.cogs_cad) in titles
