"""A figure's parts add up to it; each leads to its document, and each document back."""

import ast
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

import dashboards.trace
from dashboards.costs.rule_store import add_rule
from dashboards.costs.rules import CostRule, RuleKind, Target
from dashboards.margin import Margin
from dashboards.reports.french import FRENCH
from dashboards.reports.words import ENGLISH, Words
from dashboards.trace.french import FRENCH_OF_TRACE
from tests.dashboards.documents import BILL, DIVISION, INVOICE, LONG_AGO, THIRDS
from tests.dashboards.html_reading import Page
from tests.dashboards.invoicing import posted_lines, seed_invoices
from tests.dashboards.seed import MONTHS, NOW, cost_frame, open_seeded, rated_frame, seeded_app

HALF = CostRule(
    "half", RuleKind.FIXED, LONG_AGO, {"provider": "Example Cloud"},
    targets=(Target("nexacloud", "acct-01", Decimal("0.5")),), position=2,
)  # fmt: skip
HARD = "from=2026-06&to=2026-11"
REVENUES = (
    "month=2026-11",
    "month=2026-11&service=nexadesk",
    f"{HARD}&service=nexavoice&account=acct-05",
    f"{HARD}&service=nexacloud&metric=tokens&plan=pro",
    "month=2026-10&service=nexadesk&account=acct-02&no_metric=1",
    "month=2026-11&service=nexavoice&account=acct-08",
)
COGS = (
    "month=2026-11",
    f"{HARD}&service=nexadesk&account=acct-03",
    f"{HARD}&service=nexacloud&account=acct-01",
    f"{HARD}&service=nexadesk&metric=ai_replies&plan=pro",
    "month=2026-09&service=nexavoice&shared=1",
    f"{HARD}&unallocated=1",
    f"{HARD}&provider=Example+Cloud&provider_service=Compute&service=nexavoice",
    "month=2026-11&no_metric=1",
    "month=2026-11&service=nexadesk&basis=invoiced&as_of=close",
)
DOCUMENTS = (
    f"/trace/bill?{BILL}",
    f"/trace/division?{DIVISION}",
    f"/trace/invoice?{INVOICE}",
)
PAGES = (
    *(f"/trace/revenue?{query}" for query in REVENUES),
    *(f"/trace/cogs?{query}" for query in COGS),
    *DOCUMENTS,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give the seeded house with two rules that divide costs, and Odoo's posted lines."""
    lake, state = open_seeded(tmp_path_factory.mktemp("traced"))
    seed_invoices(lake, state)
    with state.write() as connection:
        for rule in (HALF, THIRDS):
            add_rule(connection, rule, NOW)
    with TestClient(seeded_app(lake, state)) as opened:
        yield opened
    lake.close()
    state.close()


def answer(client: TestClient, address: str, form: str = "") -> Any:  # noqa: ANN401 - JSON
    path, _, query = address.partition("?")
    found = client.get(f"/dashboards{path}{form}?{query}")
    assert found.status_code == 200, found.text
    return found.json() if form == ".json" else found.text


def table(client: TestClient, address: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = answer(client, address, ".json")["tables"][key]
    return found


def added(rows: list[Mapping[str, Any]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal(0))


def chosen(frame: pl.DataFrame, query: str) -> pl.DataFrame:
    """Return the seeded rows of an address, read without any code of the trace."""
    params = dict(pair.split("=") for pair in query.split("&"))
    first, last = params.get("from", params.get("month")), params.get("to", params.get("month"))
    month = pl.col("month").dt.strftime("%Y-%m")
    met = [month >= first, month <= last]
    for name, column in (("service", "service"), ("account", "account_id"),
                         ("metric", "metric_code"), ("plan", "plan_code")):  # fmt: skip
        if name in params:
            met.append(pl.col(column) == params[name])
    if "no_metric" in params:
        met.append(pl.col("metric_code").is_null())
    return frame.filter(met)


@pytest.mark.parametrize("query", REVENUES)
def test_rated_lines_add_up_to_the_revenue(client: TestClient, query: str) -> None:
    """The lines of a revenue figure are the seeded ones, and their sum is the figure."""
    expected = chosen(rated_frame().filter(pl.col("currency") == "CAD"), query)
    address = f"/trace/revenue?{query}"

    parts, tie = table(client, address, "parts"), table(client, address, "tie")

    total = Decimal(expected["amount_cents"].sum()) / 100
    assert added(parts["rows"], "revenue_cad") == Decimal(parts["total"]["revenue_cad"]) == total
    assert sorted(row["rated_line_id"] for row in parts["rows"]) == sorted(expected["id"])
    assert Decimal(tie["total"]["amount_cad"]) == 0


@pytest.mark.parametrize("query", COGS)
def test_costs_add_up_to_the_cogs(client: TestClient, query: str) -> None:
    """The costs of a COGS figure, divided ones too, add up to it exactly."""
    address = f"/trace/cogs?{query}"

    parts, tie = table(client, address, "parts"), table(client, address, "tie")

    assert parts["rows"]
    told = Decimal(tie["rows"][0]["amount_cad"])
    assert added(parts["rows"], "cogs_cad") == Decimal(parts["total"]["cogs_cad"]) == told
    assert Decimal(tie["total"]["amount_cad"]) == 0


def test_all_cogs_is_all_that_was_charged(client: TestClient) -> None:
    """Every figure of COGS together is the seeded cost, whatever rules make of it."""
    everything = table(client, f"/trace/cogs?{HARD}", "parts")

    assert added(everything["rows"], "cogs_cad") == cost_frame()["cogs_cad"].sum()


@pytest.mark.parametrize("month", MONTHS[-2:])
def test_owners_share_every_month_out(client: TestClient, month: date) -> None:
    """Traces of all services and of what is unallocated are together the month's trace."""
    of_month = f"month={month:%Y-%m}"
    parts = [f"service={service}" for service in ("nexacloud", "nexadesk", "nexavoice")]
    sums = [
        added(table(client, f"/trace/cogs?{of_month}&{part}", "parts")["rows"], "cogs_cad")
        for part in (*parts, "unallocated=1")
    ]

    whole = table(client, f"/trace/cogs?{of_month}", "parts")["rows"]
    assert sum(sums) == added(whole, "cogs_cad")


def test_a_bill_is_its_rows_and_their_owners(client: TestClient) -> None:
    """What a provider charged is, to the last digit, its rows and what their owners got."""
    tables = answer(client, DOCUMENTS[0], ".json")["tables"]
    costs = cost_frame()

    for key in ("charged", "owners", "rows"):
        assert added(tables[key]["rows"], "cogs_cad") == costs["cogs_cad"].sum(), key
    assert added(tables["charged"]["rows"], "billed_cost") == costs["billed_cost"].sum()


def test_a_division_is_whole(client: TestClient) -> None:
    """What a rule makes of a day's cost rows adds up to them."""
    tables = answer(client, DOCUMENTS[1], ".json")["tables"]

    assert len(tables["parts"]["rows"]) == 3
    assert added(tables["parts"]["rows"], "cogs_cad") == added(tables["rows"]["rows"], "cogs_cad")


def test_invoices_are_beside_their_rated_lines(client: TestClient) -> None:
    """A rated line tells what Odoo invoiced of it, by the mirror; else that nothing was."""
    billed: dict[str, int] = {}
    for line in posted_lines():
        if line.rated_line_id is not None and line.currency == "CAD":
            billed[line.rated_line_id] = billed.get(line.rated_line_id, 0) + line.cents
    rows = table(client, f"/trace/revenue?{HARD}", "parts")["rows"]

    for row in rows:
        invoiced, known = row["invoiced_cad"], billed.get(row["rated_line_id"])
        assert (None if invoiced is None else Decimal(invoiced) * 100) == known, row
        assert ("invoice_reason" in row) == (known is None)
    assert any(row["invoiced_cad"] for row in rows)


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_trace_is_closed_and_safe(client: TestClient, address: str, language: str) -> None:
    """Every trace is well formed, in its language, with captions, and loads nothing."""
    page = Page(answer(client, f"{address}&lang={language}"))
    tags = [tag for tag, _ in page.elements]

    assert page.open_tags == []
    assert not {"style", "iframe"} & set(tags)
    scripts = [each.get("src") or "inline" for tag, each in page.elements if tag == "script"]
    assert all(source.startswith("/") for source in scripts)
    assert ("html", {"lang": f"{language}-CA"}) in page.elements
    assert tags.count("h1") == 1
    assert tags.count("table") == tags.count("caption") > 0


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_every_trace_is_a_file(client: TestClient, form: str) -> None:
    """The files of a trace keep every parameter of its address."""
    address = "/trace/cogs?month=2026-11&unallocated=1"
    links = Page(answer(client, address)).links

    (link,) = [each for each in links if f"/trace/cogs.{form}?" in each]
    assert "unallocated=1" in link
    assert client.get(link).status_code == 200


def test_figures_lead_down_and_back(client: TestClient) -> None:
    """From a margin figure to line, explanation, invoice, cost row and bill, and back again."""
    customer = Page(answer(client, "/margin/customer?service=nexadesk&account=acct-01&lang=fr"))
    seen: set[str] = set()
    for start in ("/trace/revenue", "/trace/cogs"):
        (link, *_) = [each for each in customer.links if f"{start}?" in each]
        assert "lang=fr" in link
        seen |= set(Page(client.get(link).text).links)
    wanted = ("/rated_lines/", "/trace/division", "/trace/bill", "/margin/customer")
    assert [each for each in wanted if not any(each in link for link in seen)] == []

    bill = next(link for link in sorted(seen) if "/trace/bill" in link)
    assert any("/trace/cogs?" in link for link in Page(client.get(bill).text).links)
    line = next(link for link in sorted(seen) if "/rated_lines/" in link)
    back = [each for each in Page(client.get(line).text).links if "/trace/revenue?" in each]
    assert len(back) == 1
    assert Page(client.get(back[0]).text).open_tags == []


@pytest.mark.parametrize(
    ("path", "kind"), [("/margin", "revenue"), ("/margin/service?service=nexavoice", "cogs")]
)
def test_a_linked_figure_is_its_trace(client: TestClient, path: str, kind: str) -> None:
    """The amount that a link of a margin page shows is the amount that its trace adds up."""
    rows = table(client, path, "services" if kind == "revenue" else "months")["rows"]
    column = {"revenue": "revenue_cad", "cogs": "cogs_cad"}[kind]
    page = Page(answer(client, path))
    asked = [link for link in dict.fromkeys(page.links) if f"/trace/{kind}?" in link]
    sums = {
        client.get(link.replace(f"/{kind}?", f"/{kind}.json?")).json()["tables"]["parts"]["total"][
            column
        ]
        for link in asked
    }

    assert {row[column] for row in rows} - sums == set()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/trace/bill?provider=Nobody&file=x", 404),
        ("/trace/bill?provider=Example+Cloud", 400),
        ("/trace/bill", 400),
        ("/trace/division?rule=none&day=2026-11-01&provider=Example+Cloud", 404),
        ("/trace/division?rule=half&day=yesterday&provider=Example+Cloud", 400),
        ("/trace/invoice", 400),
        ("/trace/invoice?move=1e5", 400),
        ("/trace/invoice?move=999999", 404),
        ("/trace/cogs.exe?month=2026-11", 404),
        ("/trace/revenue?from=2026-11&to=2026-10", 400),
    ],
)
def test_senseless_addresses_are_pages(client: TestClient, address: str, status: int) -> None:
    """What is not there or can't be read is a page that says so."""
    assert client.get(f"/dashboards{address}").status_code == status


def test_every_sentence_has_its_french() -> None:
    """Whatever a trace says in English it can say in French."""
    said = {
        str(part.value)
        for path in Path(dashboards.trace.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "say"
        for part in ast.walk(node.args[0])
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    french = FRENCH | FRENCH_OF_TRACE

    assert len(said) > 60
    assert {text for text in said if text not in french} == set()
    assert FRENCH.keys() & FRENCH_OF_TRACE.keys() == set()
    amount = Margin(123456, Decimal(0)).revenue
    assert Words("fr").money(amount) != ENGLISH.money(amount)
