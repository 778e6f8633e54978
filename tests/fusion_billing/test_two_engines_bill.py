"""What two engines count differently is not billed, and everybody is told."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

import rating.checked_quantities
from aggregation.quantity import Quantity, UsageWindow
from aggregation.second_engine import second_quantities
from fusion_billing.billing import bill_services
from ingest.watermark import Watermark
from rating.bill_run import BillReport
from storage.lake import Lake
from storage.lake_errors import LakeUnreachableError
from tests.fusion_billing.conftest import Roof
from tests.fusion_billing.makers import a_push, open_account

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def disagree(monkeypatch: pytest.MonkeyPatch, subscription: str, until: datetime = APRIL) -> None:
    """Let the second engine count one unit more of a subscription's windows that end by a time."""

    def one_more(
        lake: Lake, windows: Sequence[UsageWindow], watermark: Watermark
    ) -> dict[str, Quantity]:
        found = second_quantities(lake, windows, watermark)
        wrong = [
            each
            for each in windows
            if each.subscription_external_id == subscription and each.end <= until
        ]
        for each in wrong:
            found[each.key] = structs.replace(
                found[each.key], units=found[each.key].units + Decimal(1)
            )
        return found

    monkeypatch.setattr(rating.checked_quantities, "second_quantities", one_more)


def bill(roof: Roof, at: datetime) -> BillReport:
    (report,) = bill_services(roof.house, at=at)
    return report


def acme_amounts(report: BillReport) -> list[list[int]]:
    """Return the amounts of the lines of each draft of one subscription (cents)."""
    return [
        [line.amount_cents for line in draft.lines]
        for draft in report.drafts
        if draft.subscription_external_id == "acme-team"
    ]


def open_two(roof: Roof) -> None:
    open_account(roof)
    order: dict[str, Any] = {
        "external_customer_id": "bolt", "plan_code": "team", "external_id": "bolt-team",
    }  # fmt: skip
    roof.post("/subscriptions", {"subscription": order})
    roof.post("/events", {"event": a_push("1", 100)})
    roof.post("/events", {"event": a_push("1", 70, external_subscription_id="bolt-team")})


def test_a_disputed_period_is_blocked_and_others_are_billed(
    roof: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A planted error of one engine keeps its subscription's period back, and that one only."""
    open_two(roof)
    disagree(monkeypatch, "acme-team")
    report = bill(roof, FEBRUARY)

    assert [draft.subscription_external_id for draft in report.drafts] == ["bolt-team"]
    (blocked,) = report.blocked
    assert (blocked.subscription_external_id, blocked.closing_at) == ("acme-team", FEBRUARY)
    assert "units is 100.000000000000 by the first engine, 101" in blocked.problem
    assert "fusion_blocked_periods 1.0" in roof.client.get("/metrics").text


def test_a_period_is_billed_once_the_engines_agree(
    roof: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited, months behind it included, is billed in order by the next run that agrees."""
    open_two(roof)
    disagree(monkeypatch, "acme-team")
    assert len(bill(roof, MARCH).blocked) == 1
    monkeypatch.undo()
    report = bill(roof, MARCH + HOUR)

    assert [draft.closing_at for draft in report.drafts] == [FEBRUARY, MARCH]
    assert [draft.amount_cents for draft in report.drafts] == [5_100, 5_000]
    assert "fusion_blocked_periods 0.0" in roof.client.get("/metrics").text


def test_late_usage_is_disputed_too(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference to a billed period is billed only when both engines count the same."""
    open_two(roof)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("2", 50)})
    disagree(monkeypatch, "acme-team", until=FEBRUARY)
    first = bill(roof, MARCH)
    monkeypatch.undo()
    second = bill(roof, APRIL)

    assert [each.closing_at for each in first.blocked] == [FEBRUARY]
    assert acme_amounts(first) == []
    assert acme_amounts(second) == [[5_000, 50], [5_000]]


def test_differences_wait_with_a_blocked_draft(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """A difference for the next invoice makes no draft of its own when that invoice is blocked."""
    open_two(roof)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("2", 50)})
    disagree(monkeypatch, "acme-team")
    first = bill(roof, MARCH)
    monkeypatch.undo()
    second = bill(roof, MARCH + HOUR)

    assert [each.closing_at for each in first.blocked] == [MARCH]
    assert acme_amounts(first) == []
    assert acme_amounts(second) == [[5_000, 50]]


def test_a_lake_that_cannot_be_asked_blocks_nobody(
    roof: Roof, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with the lake ends the run at its first question; it is no dispute of a window."""
    open_two(roof)
    asked: list[int] = []

    def unreachable(lake: Lake, windows: Sequence[UsageWindow], watermark: Watermark) -> None:
        asked.append(len(windows))
        raise LakeUnreachableError("the catalogue does not answer")

    monkeypatch.setattr(rating.checked_quantities, "second_quantities", unreachable)
    with pytest.raises(LakeUnreachableError):
        bill(roof, FEBRUARY)
    assert asked == [2]


def test_usage_beyond_all_digits_blocks_itself_alone(roof: Roof) -> None:
    """A sum that no engine can hold keeps back its own period; the others are billed."""
    open_two(roof)
    most = "99999999999999999999999999.999999999999"
    for number in range(4):
        push = a_push(f"huge-{number}", timestamp=1_768_046_400 + number)
        roof.post("/events", {"event": push | {"properties": {"tokens": most}}})
    report = bill(roof, FEBRUARY)

    assert [draft.subscription_external_id for draft in report.drafts] == ["bolt-team"]
    assert [each.subscription_external_id for each in report.blocked] == ["acme-team"]
    assert "it can't be counted" in report.blocked[0].problem
