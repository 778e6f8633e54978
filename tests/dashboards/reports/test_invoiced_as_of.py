"""What Odoo had posted at a time can be asked for again, and a closed month's never changes."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from dashboards.close.closing import decide
from dashboards.close.month_close import Signed, Step
from dashboards.reports.tie_out import NOT_THEN_IN_ODOO
from odoo_bridge.change_feed.line_mirror import MirroredLine, keep_lines
from storage.lake_tables import INVOICE_LINE
from tests.dashboards.invoicing import NOVEMBER, READ_AT, Posted, invoice_frame, seed_invoices
from tests.dashboards.seed import NOW, open_seeded, seeded_app

CLOSED_AT, LATE = NOW, NOW + timedelta(hours=2)
CREDITED = 4321
NOTE = Posted("nexadesk", "acct-01", 9100, date(2026, 11, 28), -CREDITED, move_type="out_refund")
WAITING = Posted("nexadesk", "acct-02", 9101, date(2026, 11, 27), 777)
DESK = "service=nexadesk&basis=invoiced"
PAGES = {
    "/margin": ("services", "revenue_cad"), "/margin/customers": ("customers", "revenue_cad"),
    "/invoiced": ("invoiced", "untaxed"), "/revenue": ("services", "invoiced_cad"),
}  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give a house that closed November, a line being on its way; then a credit note came."""
    lake, state = open_seeded(tmp_path_factory.mktemp("invoiced_then"))
    seed_invoices(lake, state)
    with state.write() as connection:
        keep_lines(connection, [on_the_way(WAITING)])
    app = seeded_app(lake, state)
    signed = Signed("Ann", "drafts wait", is_forced=True)
    decide(app.state.close_sources, "nexadesk", NOVEMBER, Step.FINAL, signed, CLOSED_AT)
    late = pl.lit(LATE, INVOICE_LINE.polars_schema["seen_at"])
    frame = invoice_frame([NOTE]).with_columns(seen_at=late)
    lake.append_unless(INVOICE_LINE, frame, column="move_name", value="INV/9100")
    with TestClient(app) as opened:
        yield opened
    lake.close()
    state.close()


def on_the_way(line: Posted) -> MirroredLine:
    row = invoice_frame([line]).drop("month").row(0, named=True)
    days = {name: row[name].isoformat() for name in ("invoice_date", "accounting_date")}
    return MirroredLine(**{**row, **days})


def told(client: TestClient, path: str, query: str) -> Any:  # noqa: ANN401 - JSON
    answer = client.get(f"/dashboards{path}.json?{DESK}&{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def total(client: TestClient, path: str, month: str, as_of: str | datetime) -> Decimal:
    table, column = PAGES[path]
    at = as_of if isinstance(as_of, str) else as_of.isoformat()
    tables = told(client, path, f"{month}&as_of={at}")["tables"]
    # Without a row a page has no table.
    return Decimal(tables[table]["total"][column] if table in tables else 0)


@pytest.mark.parametrize("path", PAGES)
def test_a_closed_month_keeps_what_was_invoiced(client: TestClient, path: str) -> None:
    """A credit note after the close changes November of now, never November as closed."""
    then, now, closed = (total(client, path, "month=2026-11", as_of)
                         for as_of in (CLOSED_AT, "now", "close"))  # fmt: skip

    assert closed == then
    assert now == closed - Decimal(CREDITED) / 100
    assert total(client, path, "month=2026-11", LATE) == now


@pytest.mark.parametrize("path", PAGES)
def test_what_came_after_the_close_stands_in_the_open_month(client: TestClient, path: str) -> None:
    """As closed, December has the credit note, and all months together are those of now."""
    december = {as_of: total(client, path, "month=2026-12", as_of) for as_of in ("now", "close")}
    every = {total(client, path, "from=2026-06&to=2026-12", as_of) for as_of in ("now", "close")}

    assert december["close"] == december["now"] - Decimal(CREDITED) / 100
    assert len(every) == 1


def test_a_close_waits_for_lines_on_their_way(client: TestClient) -> None:
    """What the feed had read before the close is in the closed month, in the lake or not."""
    rows = told(client, "/invoiced", "month=2026-11&as_of=close")["tables"]["invoiced"]["rows"]
    amounts = {row["invoice"]: Decimal(row["untaxed"]) for row in rows}

    assert amounts["INV/9101"] == Decimal("7.77")
    assert "INV/9100" not in amounts


def test_the_bridge_of_then_adds_up(client: TestClient) -> None:
    """As closed, and before Odoo was read, the bars lead from rated to invoiced to the cent."""
    for as_of in ("close", CLOSED_AT.isoformat(), (READ_AT - timedelta(days=1)).isoformat()):
        rows = told(client, "/revenue", f"month=2026-11&as_of={as_of}")["tables"]["revenue"]["rows"]
        first, *between, last = (Decimal(row["amount_cad"]) for row in rows)
        assert first + sum(between) == last
    assert last == 0 != first


@pytest.mark.parametrize("as_of", ["close", CLOSED_AT.isoformat()])
def test_figures_of_then_are_not_tied_to_a_total_of_now(client: TestClient, as_of: str) -> None:
    """Odoo's ledger total is known now only: of another time the tie-out says so, in French too."""
    here, theirs, difference = told(client, "/margin", f"month=2026-11&as_of={as_of}")["tables"][
        "tie_out"
    ]["rows"]
    page = client.get(f"/dashboards/margin?{DESK}&month=2026-11&as_of={as_of}&lang=fr").text

    assert here["amount_cad"] is not None
    for row in (theirs, difference):
        assert (row["amount_cad"], row["amount_cad_reason"]) == (None, NOT_THEN_IN_ODOO)
    assert "n&#39;est connu qu&#39;à ce jour" in page


def test_a_trace_shows_the_invoice_of_then(client: TestClient) -> None:
    """Before Odoo was read no rated line of a trace was on a posted invoice."""
    early = (READ_AT - timedelta(hours=1)).isoformat()
    parts = {
        as_of: told(client, "/trace/revenue", f"month=2026-10&as_of={as_of}")["tables"]["parts"]
        for as_of in (early, CLOSED_AT.isoformat())
    }

    assert all(row["invoiced_cad"] is None for row in parts[early]["rows"])
    assert any(row["invoiced_cad"] for row in parts[CLOSED_AT.isoformat()]["rows"])
    asked = f"/dashboards/trace/invoice.json?line=line-1-0-4-use&as_of={early}"
    assert client.get(asked).status_code == 404
