"""The pages of the close: closed and safe, in two languages, whose figures add up."""

import ast
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

import dashboards.close
from dashboards.close.close_store import decisions
from dashboards.close.closing import decide
from dashboards.close.figures import DamagedFigures
from dashboards.close.french import FRENCH_OF_CLOSE
from dashboards.close.month_close import Signed, Step
from dashboards.close.month_tables import ITEM_NAMES, STATE_NAMES
from dashboards.reports.french import FRENCH
from storage.close_tables import month_close_figures
from storage.lake_tables import COST
from tests.dashboards.html_reading import Page
from tests.dashboards.seed import NOW, cost_frame, open_seeded, seeded_app

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
ROOM = Path(dashboards.close.__file__).parent
VOICE = "service=nexavoice"
PAGES = {
    "/close": "",
    "/close/2026-09": VOICE,
    "/close/2026-10": VOICE,
    "/close/2026-11": "service=nexadesk",
}
every_page = pytest.mark.parametrize(("path", "query"), PAGES.items())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    """Give a house with September closed, October soft closed, and a cost of September since."""
    lake, state = open_seeded(tmp_path_factory.mktemp("closes"))
    app = seeded_app(lake, state)
    sources = app.state.close_sources
    decide(sources, "nexavoice", SEPTEMBER, Step.FINAL, Signed("Ann", "quarter"), NOW)
    decide(sources, "nexavoice", OCTOBER, Step.SOFT, Signed("Ann"), NOW)
    late = cost_frame("late")
    late = late.filter((late["month"] == SEPTEMBER) & (late["service"] == "nexavoice")).head(1)
    assert lake.append_unless(COST, late, column="import_id", value="late")
    yield app
    lake.close()
    state.close()


@pytest.fixture(scope="module")
def client(house: FastAPI) -> TestClient:
    """Give a reader of the house's pages."""
    return TestClient(house)


@every_page
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_closed_safe_and_heard(
    client: TestClient, path: str, query: str, language: str
) -> None:
    """Each page is well formed and not stored, runs no script, names its tables and language."""
    answer = client.get(f"/dashboards{path}?{query}&lang={language}")
    page = Page(answer.text)
    tags = [tag for tag, _ in page.elements]
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]

    assert (answer.status_code, page.open_tags) == (200, [])
    assert answer.headers["cache-control"] == "no-store"
    assert page.strangers() == []
    assert ("html", {"lang": f"{language}-CA"}) in page.elements
    assert tags.count("h1") == 1
    assert len(ids) == len(set(ids))
    assert all(attributes.get("scope") for tag, attributes in page.elements if tag == "th")


@every_page
def test_every_link_and_file_is_answered(client: TestClient, path: str, query: str) -> None:
    """Whatever a page links to is there, its files and the kept figures included."""
    links = set(Page(client.get(f"/dashboards{path}?{query}").text).links)

    assert {f"/dashboards{path}.{form}" for form in ("csv", "json", "xlsx")} <= {
        link.partition("?")[0] for link in links
    }
    for link in sorted(links):
        if link.startswith("/"):
            assert client.get(link).status_code == 200, link


def test_the_totals_lead_from_kept_to_now(client: TestClient) -> None:
    """Kept figures of September and its changes since are September as it is now, exactly."""
    tables = client.get(f"/dashboards/close/2026-09.json?{VOICE}").json()["tables"]
    profits = [Decimal(row["gross_profit_cad"]) for row in tables["totals"]["rows"]]
    own, before, kept, held, pending, now = profits

    assert own + before == kept
    assert own + held + pending == now
    assert pending != 0
    changed = sum(Decimal(row["gross_profit_cad"]) for row in tables["adjustments"]["rows"])
    assert changed == pending == Decimal(tables["adjustments"]["total"]["gross_profit_cad"])
    figures = tables["figures"]
    assert sum(Decimal(row["gross_profit_cad"]) for row in figures["rows"]) == kept


def test_reports_as_closed_move_the_change_to_the_next_open_month(client: TestClient) -> None:
    """As closed, September lacks the late cost and November has it; all months sum to the same."""
    shown = {}
    for as_of in ("now", "close"):
        for month in ("2026-09", "2026-11", ""):
            months = f"month={month}" if month else "from=2026-06&to=2026-11"
            query = f"{months}&{VOICE}&as_of={as_of}"
            rows = client.get(f"/dashboards/margin.json?{query}").json()["tables"]["services"]
            shown[as_of, month] = Decimal(rows["total"]["cogs_cad"])

    late = shown["now", "2026-09"] - shown["close", "2026-09"]
    assert late > 0
    assert shown["close", "2026-11"] - shown["now", "2026-11"] == late
    assert shown["close", ""] == shown["now", ""]
    notices = client.get("/dashboards/cogs.json?as_of=close").json()["notices"]
    assert "as they were closed" in notices[0]


def test_an_unknown_month_or_service_is_a_page(client: TestClient) -> None:
    """An address that names no month or nobody's figures is a page that says so."""
    for path, status in (
        ("/close/september", 400), ("/close/2026-13", 400), ("/close/2026-09?service=none", 404),
        ("/close/2026-09.exe", 404), ("/close/2026-11/figures.ndjson?service=nexadesk", 404),
    ):  # fmt: skip
        assert client.get(f"/dashboards{path}").status_code == status, path


def test_kept_figures_that_were_changed_are_told(tmp_path: Path) -> None:
    """Figures changed behind our back in the database are refused by name, not shown."""
    lake, state = open_seeded(tmp_path)
    app = seeded_app(lake, state)
    decide(app.state.close_sources, "nexavoice", OCTOBER, Step.FINAL, Signed("Ann"), NOW)
    with state.write() as connection:
        connection.execute(month_close_figures.update().values(body="{}\n"))

    with pytest.raises(DamagedFigures, match="backup"):
        TestClient(app).get("/dashboards/close")
    with state.read() as connection:
        assert len(decisions(connection)) == 1
    lake.close()
    state.close()


def test_every_sentence_has_its_french() -> None:
    """Whatever the close says in English it can say in French."""
    said = set(ITEM_NAMES.values()) | set(STATE_NAMES.values())
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                said |= _said(node)

    assert len(said) > 80
    assert said - FRENCH.keys() - FRENCH_OF_CLOSE.keys() == set()
    assert FRENCH_OF_CLOSE.keys() & FRENCH.keys() == set()


def _said(call: ast.Call) -> set[str]:
    """Return the sentences of a call of say(…), or of an item of the checklist."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "say":
        words: list[ast.expr] = call.args[:1]
    elif isinstance(call.func, ast.Name) and call.func.id == "Item":
        words = [
            *call.args[2:3],
            *call.args[4:],
            *(each.value for each in call.keywords if each.arg),
        ]
    else:
        return set()
    found = (node for word in words for node in ast.walk(word) if isinstance(node, ast.Constant))
    return {node.value for node in found if isinstance(node.value, str)}
