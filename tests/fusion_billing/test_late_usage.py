"""Usage that comes, or is corrected, after its period was billed: the difference is billed once."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from fusion_billing.billing import bill_services
from rating.bill_run import BillReport
from rating.invoice_draft import InvoiceDraft
from rating.rated_line import LineKind
from storage.lake_tables import RATED_LINE
from storage.tables import billing_run, service
from tests.fusion_billing.conftest import Roof, fresh_roof
from tests.fusion_billing.makers import a_push, open_account

FEBRUARY = datetime(2026, 2, 1, 5, 0, tzinfo=UTC)
MARCH = datetime(2026, 3, 1, 5, 0, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
JANUARY_25 = 1_769_342_400
SIGNED = {"author": "Finance", "reason": "a test"}


def bill(roof: Roof, at: datetime) -> BillReport:
    """Run the bill for nexadesk."""
    roof.clock.advance(max(at, roof.clock()))
    (report,) = bill_services(roof.house, at=at)
    return report


def late_cents(draft: InvoiceDraft) -> list[int]:
    return [line.amount_cents for line in draft.lines if line.kind == LineKind.LATE_USAGE]


def use_own_drafts(roof: Roof) -> None:
    with roof.house.state.write() as connection:
        connection.execute(sa.update(service).values(late_usage="own_draft"))


def void(roof: Roof, transaction_id: str) -> None:
    selection = {"external_subscription_id": "acme-team", "transaction_id": transaction_id}
    order: dict[str, Any] = {"kind": "void", "selection": selection, **SIGNED}
    roof.post("/corrections", {"correction": order})


def test_late_usage_is_a_line_of_the_next_invoice(roof: Roof) -> None:
    """What January's late usage costs comes with February's bill; January's draft stays."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    (january,) = bill(roof, FEBRUARY).drafts
    roof.post("/events", {"event": a_push("2", 50)})

    (february,) = bill(roof, MARCH).drafts

    assert january.amount_cents == 5_100
    assert late_cents(february) == [50]
    assert february.amount_cents == 5_050
    late = next(line for line in february.lines if line.kind == LineKind.LATE_USAGE)
    assert late.description == "Tokens: 150 (January 2026, late usage)"
    assert late.quantity == "50.000000000000"


def test_a_difference_is_billed_once(roof: Roof) -> None:
    """Neither another run nor another month bills the same late usage again."""
    open_account(roof)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("2", 50)})
    bill(roof, MARCH)

    assert bill(roof, MARCH + HOUR).drafts == ()
    (april,) = bill(roof, APRIL).drafts
    assert late_cents(april) == []


def test_later_differences_start_from_what_was_billed(roof: Roof) -> None:
    """Each correction bills its own difference, back to nothing when all is void."""
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("2", 50)})
    (march,) = bill(roof, MARCH).drafts
    void(roof, "1")
    void(roof, "2")
    (april,) = bill(roof, APRIL).drafts

    assert (late_cents(march), late_cents(april)) == ([50], [-150])


def test_a_period_billed_empty_gets_its_line_late(roof: Roof) -> None:
    """Usage of a charge that had none when its period was billed is billed, and corrected, too."""
    open_account(roof)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("1", 80)})
    (march,) = bill(roof, MARCH).drafts
    void(roof, "1")
    (april,) = bill(roof, APRIL).drafts

    assert (late_cents(march), late_cents(april)) == ([80], [-80])


def test_a_service_may_have_differences_in_drafts_of_their_own(roof: Roof) -> None:
    """By policy the difference is a draft at the next run, negative where too much was billed."""
    use_own_drafts(roof)
    open_account(roof)
    roof.post("/events", {"event": a_push("1", 100)})
    bill(roof, FEBRUARY)
    void(roof, "1")

    (credit,) = bill(roof, FEBRUARY + HOUR).drafts

    assert (credit.amount_cents, credit.usage_until) == (-100, None)
    assert bill(roof, FEBRUARY + 2 * HOUR).drafts == ()
    (february,) = bill(roof, MARCH).drafts
    assert february.amount_cents == 5_000


def test_an_ended_subscription_gets_a_draft_of_its_own(roof: Roof) -> None:
    """No next invoice comes after the end, so the difference does not wait for one."""
    open_account(roof)
    roof.clock.advance(datetime(2026, 1, 28, 4, 0, tzinfo=UTC))
    roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("1", 70)})

    (late,) = bill(roof, FEBRUARY + HOUR).drafts

    assert (late.amount_cents, late_cents(late)) == (70, [70])
    assert bill(roof, FEBRUARY + 2 * HOUR).drafts == ()


def test_a_run_that_makes_nothing_leaves_nothing(roof: Roof) -> None:
    """Looking every hour at what ended long ago adds no run to the books."""
    open_account(roof)
    roof.clock.advance(datetime(2026, 1, 28, 4, 0, tzinfo=UTC))
    roof.client.delete("/api/v1/subscriptions/acme-team", headers=roof.headers)
    for hour in range(4):
        bill(roof, FEBRUARY + hour * HOUR)

    with roof.house.state.read() as connection:
        runs = connection.scalar(sa.select(sa.func.count()).select_from(billing_run))
    assert runs == 1


def test_a_dry_run_shows_the_difference_and_keeps_nothing(roof: Roof) -> None:
    """Differences can be seen first."""
    use_own_drafts(roof)
    open_account(roof)
    bill(roof, FEBRUARY)
    roof.post("/events", {"event": a_push("1", 100)})
    roof.clock.advance(FEBRUARY + HOUR)
    (shown,) = bill_services(roof.house, at=FEBRUARY + HOUR, dry_run=True)
    (kept,) = bill_services(roof.house, at=FEBRUARY + HOUR)

    assert [draft.amount_cents for draft in shown.drafts] == [100]
    assert shown.drafts == kept.drafts


@settings(max_examples=max(3, settings().max_examples // 500), deadline=None)
@given(
    pushes=st.lists(
        st.tuples(st.integers(1, 400), st.integers(0, 2), st.booleans()), min_size=1, max_size=8
    )
)
def test_late_equals_on_time(
    pushes: list[tuple[int, int, bool]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """However late pushes and voids come, all drafts together cost what they cost on time."""
    totals = []
    for is_late in (True, False):
        with fresh_roof(tmp_path_factory.mktemp("house")) as roof:
            open_account(roof, amount="0.013")
            for run in range(3):
                for number, (tokens, month, is_void) in enumerate(pushes):
                    if run == (month if is_late else 0):
                        at = JANUARY_25 - 86_400 * number
                        roof.post("/events", {"event": a_push(str(number), tokens, timestamp=at)})
                        if is_void:
                            void(roof, str(number))
                bill(roof, (FEBRUARY, MARCH, APRIL)[run])
            lines = roof.house.lake.scan(RATED_LINE).collect()
            totals.append(
                {
                    "usage": int(lines.filter(lines["kind"] != "plan_fee")["amount_cents"].sum()),
                    "fees": int(lines.filter(lines["kind"] == "plan_fee")["amount_cents"].sum()),
                }
            )

    assert totals[0] == totals[1]
