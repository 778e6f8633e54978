"""A bill run closes each period once, at the price of its time, and explains every line."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

import rating.bill_run
from catalog.store import services
from fusion_billing.billing import bill_services
from fusion_billing.clock import TestClock
from fusion_billing.house import House, opened_house
from fusion_billing.settings import Settings
from rating.bill_run import BillReport
from rating.draft_store import drafts_waiting, park, unpark_all
from rating.rated_line_store import ship_rated_lines
from storage.lake_tables import RATED_LINE
from storage.tables import invoice_draft
from tests.fusion_billing.conftest import Roof, open_roof
from tests.fusion_billing.makers import a_push, a_service, open_account

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def bill(roof: Roof, at: datetime = FEBRUARY, **options: object) -> BillReport:
    """Run the bill for nexadesk."""
    (report,) = bill_services(roof.house, at=at, **options)  # type: ignore[arg-type]
    return report


def rated_cents(house: House) -> list[int]:
    """Return the cents of every rated line in the lake, sorted."""
    return sorted(house.lake.scan(RATED_LINE).collect()["amount_cents"])


def drafts_count(house: House) -> int:
    """Return the number of drafts in the state."""
    with house.state.read() as connection:
        return connection.execute(
            sa.select(sa.func.count()).select_from(invoice_draft)
        ).scalar_one()


def test_a_month_becomes_one_draft(roof: Roof) -> None:
    """Fee and usage of the month that ended are one draft whose cents add up."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 150)})

    (draft,) = bill(roof).drafts

    assert [line.amount_cents for line in draft.lines] == [5_000, 150]
    assert (draft.amount_cents, draft.closing_at) == (5_150, FEBRUARY)
    assert rated_cents(roof.house) == [150, 5_000]


def test_a_second_run_bills_nothing(roof: Roof) -> None:
    """Repeating a run makes no draft and no line."""
    open_account(roof)
    bill(roof)

    assert bill(roof).drafts == ()
    assert drafts_count(roof.house) == 1
    assert rated_cents(roof.house) == [5_000]


def test_two_runs_at_once_bill_once(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that did not see another's drafts still adds nothing to them."""
    open_account(roof)
    monkeypatch.setattr(rating.bill_run, "billed_of", lambda *_: {})

    first, second = bill(roof), bill(roof)

    assert (len(first.drafts), len(second.drafts)) == (1, 0)
    assert rated_cents(roof.house) == [5_000]


def test_an_open_period_is_not_billed(roof: Roof) -> None:
    """Nothing is due before the period's end, nor within the grace after it."""
    open_account(roof)

    assert bill(roof, FEBRUARY - timedelta(microseconds=1)).drafts == ()
    assert bill(roof, FEBRUARY, grace=HOUR).drafts == ()
    assert len(bill(roof, FEBRUARY + HOUR, grace=HOUR).drafts) == 1


def test_a_dry_run_keeps_nothing(roof: Roof) -> None:
    """A dry run shows the drafts and leaves no trace of them."""
    open_account(roof)

    assert len(bill(roof, dry_run=True).drafts) == 1
    assert drafts_count(roof.house) == 0
    assert rated_cents(roof.house) == []


def test_missed_months_are_caught_up(roof: Roof) -> None:
    """A service that slept for three months bills each of them."""
    open_account(roof)

    closings = [draft.closing_at for draft in bill(roof, FEBRUARY + timedelta(days=70)).drafts]

    assert [closing.month for closing in closings] == [2, 3, 4]


def test_a_changed_price_never_changes_a_finished_period(roof: Roof) -> None:
    """A price raised after the period's end, but before the run, is for the next period."""
    charge_id = open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    roof.clock.advance(FEBRUARY + timedelta(minutes=5))
    changed = {"plan": {"charges": [{
        "id": charge_id, "charge_model": "standard", "properties": {"amount": "9"},
    }]}}  # fmt: skip
    answer = roof.client.put("/api/v1/plans/team", json=changed, headers=roof.headers)
    assert answer.status_code == 200, answer.text

    (draft,) = bill(roof, FEBRUARY + HOUR).drafts

    assert draft.amount_cents == 5_100


def test_a_termination_closes_the_period(roof: Roof) -> None:
    """A subscription that ends is billed for its days and its usage, and never again."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    roof.clock.advance(datetime(2026, 1, 11, 4, 0, tzinfo=UTC))
    roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)

    (draft,) = bill(roof).drafts

    fee, usage = (line.amount_cents for line in draft.lines)
    assert usage == 100
    assert fee == round(Decimal(5_000) * 10 / 31)
    assert bill(roof, FEBRUARY + timedelta(days=60)).drafts == ()


def test_a_crash_before_the_lake_is_made_good(roof: Roof, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rated lines that did not reach the lake are shipped later, exactly once."""
    open_account(roof)
    with monkeypatch.context() as patched:
        patched.setattr(rating.bill_run, "ship_rated_lines", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bill(roof)
    assert rated_cents(roof.house) == []

    ship_rated_lines(roof.house.state, roof.house.lake)
    ship_rated_lines(roof.house.state, roof.house.lake)

    assert rated_cents(roof.house) == [5_000]


def test_a_line_explains_its_cents(roof: Roof) -> None:
    """The steps of a line add up to its amount, and it pins what it was computed from."""
    open_account(roof, amount="0.0333")
    roof.post("/events", {"event": a_push("1", 7)})
    report = bill(roof)

    line = roof.house.lake.scan(RATED_LINE).collect().filter(kind="charge").row(0, named=True)

    steps = json.loads(line["explanation"])["steps"]
    assert sum(Decimal(step["amount"]) for step in steps) * 100 == line["amount_cents"] == 23
    assert line["amount_precise"] == "0.2331"
    assert line["watermark"] == report.watermark == "0:1"
    assert len(line["inputs_digest"]) == 64


def test_parked_drafts_wait_until_they_are_let_go(roof: Roof) -> None:
    """A parked draft is not sent by itself; let go, it waits again, without its problem."""
    open_account(roof)
    (draft,) = bill(roof).drafts
    with roof.house.state.write() as connection:
        park(connection, [draft.id], "no province")
        assert drafts_waiting(connection, 10) == []

        assert unpark_all(connection) == 1
        assert drafts_waiting(connection, 10) == [draft]
        assert unpark_all(connection) == 0


def test_bills_survive_a_restart(tmp_path: Path, clock: TestClock) -> None:
    """Drafts are kept: after a restart the same period is not billed again."""
    settings = Settings(data_dir=tmp_path)
    with opened_house(settings, clock) as house:
        with house.state.write() as connection:
            services.add_service(connection, a_service(clock()))
        with open_roof(house, clock) as roof:
            open_account(roof)
            bill(roof)

    with opened_house(settings, clock) as again:
        (report,) = bill_services(again, at=FEBRUARY)

        assert report.drafts == ()
        assert rated_cents(again) == [5_000]
