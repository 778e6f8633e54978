"""Documents of a trace are of the time asked for; a trace of a close says what changed since."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote_plus

import polars as pl
import pytest
from fastapi.testclient import TestClient

from dashboards.close.closing import decide
from dashboards.close.month_close import Signed, Step
from dashboards.costs.cost_store import append_costs
from dashboards.costs.rule_store import add_rule
from storage.lake_tables import RATED_LINE
from tests.dashboards.costs.charge_rows import a_batch, a_charge
from tests.dashboards.documents import DIVISION, THIRDS
from tests.dashboards.html_reading import Page
from tests.dashboards.seed import MONTHS, NOW, open_seeded, rated_frame, seeded_app

RULED = NOW - timedelta(hours=9)
CLOSED_AT = NOW - timedelta(hours=6)
LATE = NOW - timedelta(hours=4)
BEFORE, AFTER = LATE - timedelta(hours=1), LATE + timedelta(hours=1)
LATE_COST, LATE_CENTS = Decimal("9.75"), 12_345
DAY = date(2026, 11, 1)
DESK = "month=2026-11&service=nexadesk"
BILL = "/trace/bill?provider=Example+Cloud&invoice=INV-1"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give a house with a rule and a closed month, of which a cost and a line came late."""
    lake, state = open_seeded(tmp_path_factory.mktemp("traced_then"))
    with state.write() as connection:
        add_rule(connection, THIRDS, RULED)
    early, late = (
        a_charge(cost, day=DAY, service="nexadesk", provider_service="Compute", invoice_id="INV-1")
        for cost in (LATE_COST * 2, LATE_COST)
    )
    append_costs(lake, a_batch(early, source="first", at=RULED), at=RULED)
    app = seeded_app(lake, state)
    signed = Signed("Ann", "drafts wait", is_forced=True)
    decide(app.state.close_sources, "nexadesk", MONTHS[-1], Step.FINAL, signed, CLOSED_AT)
    append_costs(lake, a_batch(late, source="second", at=LATE), at=LATE)
    line = rated_frame().filter(pl.col("id") == "line-1-0-5-use").with_columns(
        id=pl.lit("late"), amount_cents=pl.lit(LATE_CENTS, pl.Int64),
        rated_at=pl.lit(LATE, RATED_LINE.polars_schema["rated_at"]),
    )  # fmt: skip
    lake.append_unless(RATED_LINE, line, column="id", value="late")
    with TestClient(app) as opened:
        yield opened
    lake.close()
    state.close()


def told(client: TestClient, address: str, as_of: str | datetime) -> Any:  # noqa: ANN401 - JSON
    path, _, query = address.partition("?")
    when = quote_plus(as_of if isinstance(as_of, str) else as_of.isoformat())
    answer = client.get(f"/dashboards{path}.json?{query}&as_of={when}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def total(client: TestClient, address: str, table: str, as_of: str | datetime) -> Decimal:
    return Decimal(told(client, address, as_of)["tables"][table]["total"]["cogs_cad"])


def test_a_bill_of_then_lacks_the_row_that_came_later(client: TestClient) -> None:
    """Before its second row came a bill is its first; its categories and owners are the same."""
    for as_of, cost in ((BEFORE, LATE_COST * 2), (AFTER, LATE_COST * 3), ("now", LATE_COST * 3)):
        sums = {table: total(client, BILL, table, as_of) for table in ("charged", "owners", "rows")}
        assert sums == dict.fromkeys(sums, cost), as_of
    notices = told(client, BILL, BEFORE)["notices"]
    assert notices[0].startswith("Figures are those known")


def test_a_division_of_then_is_of_the_rows_and_rules_known_then(client: TestClient) -> None:
    """A rule divides what was there; before somebody wrote the rule there is no division."""
    address = f"/trace/division?{DIVISION}"
    sums = {as_of: total(client, address, "parts", as_of) for as_of in (BEFORE, AFTER, "now")}
    unruled = quote_plus((RULED - timedelta(hours=1)).isoformat())

    assert sums[AFTER] == sums["now"] == sums[BEFORE] + LATE_COST
    assert all(total(client, address, "rows", as_of) == found for as_of, found in sums.items())
    assert client.get(f"/dashboards{address}&as_of={unruled}").status_code == 404


@pytest.mark.parametrize(("what", "late"),
                         [("cogs", LATE_COST), ("revenue", Decimal(LATE_CENTS) / 100)])  # fmt: skip
def test_a_trace_of_a_close_shows_what_changed_since(
    client: TestClient, what: str, late: Decimal
) -> None:
    """As closed the figure is the kept one, its parts those of now; what came is the difference."""
    address = f"/trace/{what}?{DESK}"
    closed, then, now = (told(client, address, as_of)["tables"]
                         for as_of in ("close", CLOSED_AT, "now"))  # fmt: skip
    differences = [Decimal(tables["tie"]["total"]["amount_cad"]) for tables in (closed, then, now)]

    assert differences == [-late, 0, 0]
    assert closed["parts"]["total"] == now["parts"]["total"]
    assert closed["tie"]["rows"][0] == then["tie"]["rows"][0]
    page = client.get(f"/dashboards{address}&as_of=close&lang=fr").text
    assert "Le chiffre est celui de la clôture; ses parts sont celles" in page


def test_documents_keep_the_time_of_their_figure(client: TestClient) -> None:
    """From a figure of then down to its bills, its divisions and back, the time stays."""
    kept = f"as_of={quote_plus(BEFORE.isoformat())}"
    seen: set[str] = set()
    for part in ("trace/cogs?", "trace/bill?", "trace/division?"):
        start = f"/dashboards/trace/cogs?{DESK}&{kept}" if part == "trace/cogs?" else next(
            link for link in sorted(seen) if part in link and kept in link
        )  # fmt: skip
        seen |= set(Page(client.get(start).text).links)
    traces = [link for link in seen if "/trace/" in link and "#" not in link]

    assert traces
    assert [link for link in traces if kept not in link] == []
