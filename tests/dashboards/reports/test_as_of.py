"""As of a time a page shows what was known then, and its traces add up to that."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from fastapi.testclient import TestClient

from dashboards.costs.cost_store import append_costs
from storage.lake_tables import RATED_LINE
from tests.dashboards.costs.charge_rows import a_batch, a_charge
from tests.dashboards.seed import MONTHS, NOW, open_seeded, rated_frame, seeded_app

LATE = NOW - timedelta(hours=4)
BEFORE, AFTER = LATE - timedelta(hours=1), LATE + timedelta(hours=1)
LATE_CENTS, LATE_COST = 12_345, Decimal("7.25")
WHOSE = "month=2026-11&service=nexadesk&account=acct-01"
PAGES = ("", "/margin", "/margin/customers", "/margin/service", "/margin/customer", "/margin/days",
         "/margin/negative", "/margin/metrics", "/cogs", "/cogs/unattributed", "/cogs/prices",
         "/bridge", "/revenue", "/mrr", "/invoiced")  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give the seeded house, where a line and a cost came late on one morning."""
    lake, state = open_seeded(tmp_path_factory.mktemp("of_a_time"))
    line = rated_frame().filter(pl.col("id") == "line-1-0-5-use").with_columns(
        id=pl.lit("late"), amount_cents=pl.lit(LATE_CENTS, pl.Int64),
        rated_at=pl.lit(LATE, RATED_LINE.polars_schema["rated_at"]),
    )  # fmt: skip
    lake.append_unless(RATED_LINE, line, column="id", value="late")
    cost = a_charge(LATE_COST, day=MONTHS[-1], service="nexadesk", account_id="acct-01")
    append_costs(lake, a_batch(cost, at=LATE), at=LATE)
    with TestClient(seeded_app(lake, state)) as opened:
        yield opened
    lake.close()
    state.close()


def told(client: TestClient, path: str, at: datetime | None, query: str = WHOSE) -> Any:  # noqa: ANN401 - JSON
    when = f"&as_of={at.isoformat()}" if at else ""
    return client.get(f"/dashboards{path}.json?{query}{when}").json()["tables"]


def sums(client: TestClient, at: datetime | None) -> tuple[Decimal, Decimal]:
    total = told(client, "/margin", at)["services"]["total"]
    return Decimal(total["revenue_cad"]), Decimal(total["cogs_cad"])


def test_what_came_later_is_left_out(client: TestClient) -> None:
    """Before it came the late line and cost are not there; after it, and now, they are."""
    before, after, now = (sums(client, at) for at in (BEFORE, AFTER, None))

    assert after == now
    assert now[0] - before[0] == Decimal(LATE_CENTS) / 100
    assert now[1] - before[1] == LATE_COST


@pytest.mark.parametrize("what", ["revenue", "cogs"])
@pytest.mark.parametrize("at", [BEFORE, AFTER, None])
def test_a_trace_is_of_the_same_time(client: TestClient, what: str, at: datetime | None) -> None:
    """The parts of a figure of then are the rows known then: nothing is between them."""
    found = told(client, f"/trace/{what}", at)
    figure = sums(client, at)[what == "cogs"]
    amounts = [Decimal(row[f"{what}_cad"]) for row in found["parts"]["rows"]]

    assert sum(amounts) == figure
    assert Decimal(found["tie"]["total"]["amount_cad"]) == 0


def test_a_day_is_its_end_in_toronto(client: TestClient) -> None:
    """A day alone means all of it, where the books are kept."""
    day = LATE.date()

    assert (
        told(client, "/margin", None, f"{WHOSE}&as_of={day}")["services"]
        == told(client, "/margin", None)["services"]
    )
    yesterday = told(client, "/margin", None, f"{WHOSE}&as_of={day - timedelta(days=1)}")
    assert Decimal(yesterday["services"]["total"]["revenue_cad"]) == sums(client, BEFORE)[0]


@pytest.mark.parametrize("lang", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_says_of_when_it_is(client: TestClient, path: str, lang: str) -> None:
    """A page as of a time, or as closed, says what is of then and what is of now."""
    narrowed = f"month=2026-11&service=nexadesk&account=acct-01&metric=ai_replies&lang={lang}"
    query = narrowed if path.startswith("/margin/") else f"month=2026-11&lang={lang}"
    then, nothing = {
        "en": ("Figures are those known", "keeps nothing of this"),
        "fr": ("Les chiffres sont ceux connus", "ne conserve rien de"),
    }[lang]
    closed = {"en": "as they were closed", "fr": "tels que clos"}[lang]

    of_time = client.get(f"/dashboards{path}?{query}&as_of={BEFORE.isoformat()}")
    of_close = client.get(f"/dashboards{path}?{query}&as_of=close")

    assert (of_time.status_code, of_close.status_code) == (200, 200)
    assert then in of_time.text
    assert nothing in of_close.text or closed in of_close.text
