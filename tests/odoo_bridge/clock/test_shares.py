"""What Odoo's clock bills and what is left to us add up to the draft, whatever it bills."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.plans import Plan, PlanInterval
from catalog.subscriptions import BillingTime, Subscription, SubscriptionStatus
from odoo_bridge.clock.first_day import first_clock_day
from odoo_bridge.clock.order_clock import BilledFee, OrderClock
from odoo_bridge.clock.share import ClockShare, ShareStatus, decided_share, own_part
from odoo_bridge.clock.share_store import as_invoiced, intend_share, keep_share, shares_of
from odoo_bridge.clock.verifying import PATIENCE, fee_fault
from rating.invoice_draft import InvoiceDraft
from tests.odoo_bridge.makers import NOW, Books, a_draft, a_line, an_account

TORONTO = ZoneInfo("America/Toronto")
DAY = date(2026, 12, 1)
CENTS = st.integers(-100_000, 100_000)


def a_mixed_draft(fees: list[int], usage: list[int]) -> InvoiceDraft:
    """Return a draft of fees and usage."""
    lines = [a_line(cents, number, charge_code=None) for number, cents in enumerate(fees)]
    lines += [a_line(cents, number) for number, cents in enumerate(usage, 100)]
    return a_draft(an_account(), lines=lines)


@given(st.lists(CENTS, max_size=3), st.lists(CENTS, max_size=3), CENTS)
def test_clock_and_invoice_add_up_to_the_draft(
    fees: list[int], usage: list[int], fee_cents: int
) -> None:
    """No cent of a fee is billed twice or never, and a draft's lines add up to its amount."""
    draft = a_mixed_draft(fees, usage)
    own = own_part(draft, fee_cents, DAY)

    assert own.amount_cents + fee_cents == draft.amount_cents
    assert sum(line.amount_cents for line in own.lines) == own.amount_cents
    assert [line for line in own.lines if line.kind != "plan_fee"] == [
        line for line in draft.lines if line.kind != "plan_fee"
    ]


def test_a_fee_that_the_clock_bills_has_no_line() -> None:
    """What the clock bills in full leaves usage alone; a part of it is taken off in a line."""
    draft = a_mixed_draft([4_900], [1_234])

    assert [line.amount_cents for line in own_part(draft, 4_900, DAY).lines] == [1_234]
    assert [line.amount_cents for line in own_part(draft, 4_000, DAY).lines] == [
        *(4_900, 1_234, -4_000),
    ]
    assert own_part(draft, 0, DAY) is draft


def test_a_draft_of_nothing_but_the_clocks_fee_is_left() -> None:
    """With no line of ours there is no invoice of ours, in either style."""
    draft = a_mixed_draft([4_900], [])
    share = decided_share(draft, 7, DAY, 4_900, is_left=False)

    assert (share.status, share.own_cents, share.own_lines_count) == (ShareStatus.LEFT, 0, 0)


def test_a_decision_stays(tmp_path: Path) -> None:
    """Whoever decides first is right; another draft of the same order and day has no share."""
    books = Books(tmp_path)
    account = an_account()
    draft = books.add(account, a_mixed_draft([4_900], [1_234]))
    later = books.add(account, a_draft(account, closing_at=NOW))
    share = decided_share(draft, 7, DAY, 4_900, is_left=False)
    with books.state.write() as connection:
        first = intend_share(connection, "books", share, NOW)
        again = intend_share(connection, "books", replace(share, fee_cents=0), NOW)
        other = intend_share(connection, "books", replace(share, draft_id=later.id), NOW)
        kept = shares_of(connection, "books", [draft.id, later.id])
        invoiced = as_invoiced(connection, "books", draft)
        keep_share(connection, "books", replace(share, status=ShareStatus.BILLED), NOW)
        billed = as_invoiced(connection, "books", draft)
    books.state.close()

    assert (first, again, other) == (share, share, None)
    assert kept == {draft.id: share}
    assert (invoiced.amount_cents, billed) == (1_234, draft)


@pytest.mark.parametrize(
    ("started_at", "in_advance", "trial_days", "day"),
    [
        ("2026-11-01T05:00", False, 0, "2026-12-01"),
        ("2026-11-01T21:00", False, 0, "2026-12-01"),
        ("2026-11-22T12:00", False, 0, "2027-01-01"),
        ("2026-11-01T05:00", True, 0, "2026-12-01"),
        ("2026-11-22T12:00", True, 0, "2026-12-01"),
        ("2026-11-01T05:00", False, 14, "2027-01-01"),
        ("2026-11-22T12:00", True, 14, "2027-01-01"),
    ],
)
def test_the_clock_begins_with_a_whole_period(
    started_at: str, day: str, trial_days: int, *, in_advance: bool
) -> None:
    """A part of a period, and a trial, are ours: the clock's first day bills a whole fee."""
    at = datetime.fromisoformat(started_at).replace(tzinfo=UTC)
    plan = a_plan(in_advance=in_advance, trial_days=trial_days)

    assert clock_day(a_subscription(at), plan, at) == day


def test_the_clock_bills_nothing_that_is_over() -> None:
    """An order that is made late begins after the day on which it is made."""
    began = datetime(2026, 1, 1, 5, tzinfo=UTC)
    made = datetime(2026, 11, 22, 12, tzinfo=UTC)
    subscription = a_subscription(began)

    assert clock_day(subscription, a_plan(), began) == "2026-02-01"
    assert clock_day(subscription, a_plan(), began, made) == "2026-12-01"


def clock_day(
    subscription: Subscription, plan: Plan, at: datetime, after: datetime | None = None
) -> str:
    """Return the clock's first day as text."""
    return first_clock_day(
        subscription, plan, TORONTO, first_started_at=at, after=after
    ).isoformat()


def a_plan(*, in_advance: bool = False, trial_days: int = 0) -> Plan:
    """Return a monthly plan."""
    made = Plan("p", "nexadesk", "pro", "Pro", PlanInterval.MONTHLY, 4_900, "CAD", NOW, NOW)
    return replace(made, is_pay_in_advance=in_advance, trial_period_days=trial_days)  # type: ignore[arg-type] # an int is exact


def a_subscription(started_at: datetime) -> Subscription:
    """Return one of calendar months."""
    return Subscription(
        id="s",
        service_code="nexadesk",
        external_id="sub",
        account_id="a",
        account_external_id="acct",
        plan_id="p",
        plan_code="pro",
        status=SubscriptionStatus.ACTIVE,
        billing_time=BillingTime.CALENDAR,
        subscription_at=started_at,
        created_at=started_at,
        started_at=started_at,
    )


SHARE = ClockShare("d", "nexadesk", 7, DAY, ShareStatus.OURS, 4_900, 1_234, 1)
SOON = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("clock", "at", "words"),
    [
        (OrderClock("S1", BilledFee(4_900, 3), is_due=False, due_cents=0), SOON, None),
        (OrderClock("S1", BilledFee(4_000, 3), is_due=False, due_cents=0), SOON, "billed 40.00"),
        (OrderClock("S1", BilledFee(), is_due=False, due_cents=0), SOON, "went past"),
        (OrderClock("S1", BilledFee(), is_due=True, due_cents=4_900), SOON, None),
        (
            OrderClock("S1", BilledFee(), is_due=True, due_cents=4_900),
            SOON + PATIENCE + timedelta(days=1),
            "have not run",
        ),
        (
            OrderClock("S1", BilledFee(), is_due=True, due_cents=4_900, problem="it is paused"),
            SOON + PATIENCE + timedelta(days=1),
            "it is paused",
        ),
    ],
)
def test_a_fee_left_to_the_clock_is_looked_for(
    clock: OrderClock, at: datetime, words: str | None
) -> None:
    """Billed as expected it is well; otherwise it is said what happened, with the amount."""
    told = fee_fault(SHARE, a_mixed_draft([4_900], []), clock, at)

    assert (told is None) == (words is None)
    assert words is None or (words in str(told) and "49.00 CAD" in str(told))
