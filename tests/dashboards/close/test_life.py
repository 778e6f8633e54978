"""A month's life over the roof: closed, changed by what comes late, taken up, reopened."""

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboards.close.closing import ChecklistFailed, decide
from dashboards.close.month_close import CloseRefused, MonthClose, Signed, Step
from dashboards.costs.importing import import_costs
from fusion_billing.billing import bill_services
from fusion_billing.cli import app
from fusion_billing.closes import close_sources
from tests.fusion_billing.conftest import Roof, fresh_roof
from tests.fusion_billing.makers import a_push, open_account

JANUARY, FEBRUARY_MONTH = date(2026, 1, 1), date(2026, 2, 1)
FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = Signed("Ann")
CODE = "nexadesk"


def bill(roof: Roof, at: datetime) -> None:
    roof.clock.advance(max(at, roof.clock()))
    bill_services(roof.house, at=at)


def cost(roof: Roof, day: str, amount: str, until: str, provider: str = "Example AI") -> None:
    """Import a provider's bill of some days for the account acme."""
    head = ("ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BillingCurrency,EffectiveCost,"
            "BilledCost,ProviderName,x_fc_service,x_fc_account")  # fmt: skip
    row = f"{day}T00:00:00Z,{until}T00:00:00Z,Usage,CAD,{amount},{amount},{provider},nexadesk,acme"
    done = import_costs(roof.house.lake, f"{head}\n{row}\n".encode(), {}, at=roof.clock())
    assert not done.errors


def close(roof: Roof, month: date, step: Step = Step.FINAL, signed: Signed = ANN) -> MonthClose:
    return decide(close_sources(roof.house), CODE, month, step, signed, roof.clock())


def totals(roof: Roof, month: str) -> dict[str, Decimal]:
    """Return the gross profit of each row of a month's totals, as its page's file says."""
    answer = roof.client.get(f"/dashboards/close/{month}.json?service={CODE}")
    assert answer.status_code == 200, answer.text
    rows = answer.json()["tables"]["totals"]["rows"]
    return {row["figures"]: Decimal(row["gross_profit_cad"]) for row in rows}


def margin(roof: Roof, month: str, as_of: str) -> Decimal:
    answer = roof.client.get(f"/dashboards/margin.json?month={month}&as_of={as_of}").json()
    (row,) = [row for row in answer["tables"]["services"]["rows"] if row["service"] == "NexaDesk"]
    return Decimal(row["gross_profit_cad"])


def billed_january(roof: Roof) -> None:
    """Bill January: 50 for the plan, 1 for usage, and 20 of cost."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    bill(roof, FEBRUARY)
    cost(roof, "2026-01-02", "20", "2026-02-01")


def test_a_closed_month_lives_on_in_the_next(tmp_path: Path) -> None:
    """Late usage and cost leave a closed month as it was; the next takes what changed."""
    with fresh_roof(tmp_path) as roof:
        billed_january(roof)
        january = close(roof, JANUARY)
        assert january.kept is not None
        assert (january.kept.revenue_cents, january.kept.cogs_cad) == (5_100, Decimal(20))
        kept = roof.client.get(f"/dashboards/close/2026-01/figures.ndjson?service={CODE}").content

        roof.post("/events", {"event": a_push("2", 250)})
        cost(roof, "2026-01-20", "4.5", "2026-02-01")
        bill(roof, MARCH)
        cost(roof, "2026-02-02", "11", "2026-03-01")

        told = totals(roof, "2026-01")
        assert told["Kept by the close"] == 31
        assert told["Since then, for Feb 2026"] == Decimal(-2)
        assert told["Jan 2026 itself, as it is now"] == 29
        assert [margin(roof, "2026-01", as_of) for as_of in ("now", "close")] == [29, 31]
        assert [margin(roof, "2026-02", as_of) for as_of in ("now", "close")] == [39, 37]

        february = close(roof, FEBRUARY_MONTH)
        assert february.kept is not None
        assert (february.kept.revenue_cents, february.kept.cogs_cad) == (5_250, Decimal("15.5"))
        told = totals(roof, "2026-01")
        assert told["Since then, held by later closes"] == Decimal(-2)
        assert told["Since then, for Mar 2026"] == 0
        assert margin(roof, "2026-02", "close") == 37
        again = roof.client.get(f"/dashboards/close/2026-01/figures.ndjson?service={CODE}").content
        assert again == kept
        assert hashlib.sha256(kept).hexdigest() == january.kept.figures_digest


def test_reopened_months_are_closed_anew(tmp_path: Path) -> None:
    """The last close can be taken back with a reason; closed again it holds what is so then."""
    with fresh_roof(tmp_path) as roof:
        billed_january(roof)
        close(roof, JANUARY, Step.SOFT)
        close(roof, JANUARY)
        cost(roof, "2026-01-20", "4.5", "2026-02-01")
        with pytest.raises(CloseRefused, match="--reason"):
            close(roof, JANUARY, Step.REOPEN)
        reopened = close(roof, JANUARY, Step.REOPEN, Signed("Bo", "a bill was missing"))
        page = roof.client.get("/dashboards/close/2026-01").text
        assert "Reopened by Bo: a bill was missing" in page
        assert margin(roof, "2026-01", "close") == Decimal("26.5")
        again = close(roof, JANUARY)

        assert (reopened.kept, reopened.revision) == (None, 3)
        assert again.revision == 4
        assert again.kept is not None
        assert again.kept.cogs_cad == Decimal("24.5")
        told = totals(roof, "2026-01")
        assert told["Since then, for Feb 2026"] == 0


def test_a_failing_checklist_is_forced_with_a_reason(tmp_path: Path) -> None:
    """A period not billed and a provider missing refuse the close; a reason passes, and is kept."""
    with fresh_roof(tmp_path) as roof:
        billed_january(roof)
        roof.clock.advance(MARCH + HOUR)
        with pytest.raises(ChecklistFailed) as refused:
            close(roof, FEBRUARY_MONTH)
        assert "acme-team" in str(refused.value)
        assert "Example AI" in str(refused.value)

        forced = close(roof, FEBRUARY_MONTH, signed=Signed("Bo", "audit", is_forced=True))

        failed = {item.key for item in forced.checklist if item.status == "FAIL"}
        assert (forced.is_forced, forced.reason, failed) == (True, "audit", {"billing", "costs"})
        page = roof.client.get("/dashboards/close/2026-02").text
        assert "Closed against its checklist by Bo: audit" in page


def test_a_month_is_not_closed_before_it_is_over(tmp_path: Path) -> None:
    """In the service's timezone the month has to be over, and the service known."""
    with fresh_roof(tmp_path) as roof:
        roof.clock.advance(FEBRUARY - HOUR)
        with pytest.raises(CloseRefused, match="not over"):
            close(roof, JANUARY)


def test_the_command_closes_and_lists(tmp_path: Path) -> None:
    """The command shows the checklist, refuses, closes, lists and reopens like the pages say."""
    with fresh_roof(tmp_path) as roof:
        billed_january(roof)

    def run(*words: str, code: int = 0) -> Any:  # noqa: ANN401 - JSON
        done = CliRunner().invoke(
            app, ["close", *words, "--json", "--data-dir", str(tmp_path)], catch_exceptions=True
        )
        assert done.exit_code == code, (done.output, done.exception)
        return json.loads(done.stdout) if done.stdout else None

    checked = run("2026-01", "--service", CODE)
    assert {item["status"] for item in checked["checklist"]} <= {"OK", "WARN"}
    run("2026-02", "--service", CODE, code=1)
    run("2026-01", "--service", CODE, "--final", code=1)
    closed = run("2026-01", "--service", CODE, "--final", "--author", "Ann")
    assert (closed["state"], closed["kept"]["revenue_cents"]) == ("closed", 5_100)
    run("2026-01", "--service", CODE, "--soft", "--author", "Ann", code=1)
    run("2026-01", "--service", CODE, "--reopen", "--author", "Bo", "--reason", "a bill came")
    (listed,) = run("list")
    assert (listed["state"], listed["author"], listed["revision"]) == ("reopened", "Bo", 2)
