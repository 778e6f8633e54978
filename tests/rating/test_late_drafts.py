"""Where late lines go: into the next draft of their subscription, else into one of their own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from catalog.charge_terms import StandardTerms
from catalog.subscriptions import Subscription
from rating.closing import Closing
from rating.invoice_draft import DraftStatus, draft_id, invoice_draft
from rating.late.drafts import PricedDraft, with_late_usage
from rating.late.late_usage import BilledLine, LateClosing, late_lines
from rating.rated_line import LineKind, RatedLine
from tests.rating.makers import (
    TORONTO,
    a_charge,
    a_charge_line,
    a_period,
    a_plan,
    a_scope,
    a_subscription,
    used,
)

FEBRUARY = datetime(2026, 2, 1, 5, tzinfo=UTC)
RATED_AT = datetime(2026, 3, 1, 6, tzinfo=UTC)
TICK = timedelta(microseconds=1)
CHARGE = a_charge(StandardTerms(Decimal("0.5")))
OTHER = a_subscription(id="subscription-2", external_id="sub-2")


def a_line(units: int, currency: str = "CAD", draft: str = "draft-1") -> RatedLine:
    """Return the line of some units at half a unit of a currency."""
    scope = a_scope(draft_id=draft, plan=a_plan(amount_currency=currency))
    return a_charge_line(used(units), CHARGE, scope)


def late(
    before: int, now: int, currency: str = "CAD", subscription: Subscription | None = None
) -> LateClosing:
    """Return a closing of which usage changed from one number of units to another."""
    billed = a_line(before, currency)
    found = {billed.id: BilledLine(billed)}
    return LateClosing(
        subscription or a_subscription(), TORONTO.key, found, [a_line(now, currency)]
    )


def a_draft(subscription: Subscription | None = None) -> PricedDraft:
    """Return the draft that bills February's first ten units."""
    period = a_period(FEBRUARY)
    closing = Closing(subscription or a_subscription(), FEBRUARY, TORONTO.key, usage=period)
    lines = [a_line(10, draft=draft_id(closing.subscription.id, FEBRUARY))]
    return invoice_draft(closing, "CAD", lines, RATED_AT), lines


def run(
    priced: Sequence[PricedDraft], closings: Sequence[LateClosing], *, is_live: bool = True
) -> list[PricedDraft]:
    """Return the drafts of a run with what is late."""
    return with_late_usage(priced, closings, rated_at=RATED_AT, is_live=is_live)


@pytest.mark.parametrize("is_live", [True, False])
def test_late_usage_is_billed_by_the_next_draft(*, is_live: bool) -> None:
    """The draft keeps its identity and periods, and grows by the difference's line and cents."""
    draft, lines = a_draft()
    change = late(4, 10)

    ((extended, billed),) = run([(draft, lines)], [change], is_live=is_live)

    (added,) = late_lines(change.lines, change.now, draft.id, RATED_AT)
    assert billed == [*lines, added]
    assert extended.lines == (*draft.lines, replace(extended.lines[-1], rated_line_id=added.id))
    assert extended.lines[-1].corrects_draft_id == "draft-1"
    assert extended == replace(
        draft,
        amount_cents=5_00 + 3_00,
        lines=extended.lines,
        status=DraftStatus.DRAFT if is_live else DraftStatus.SHADOW,
    )


def test_a_draft_without_differences_stays_as_it_is() -> None:
    """Usage that costs what was billed, or of another subscription, adds nothing to a draft."""
    draft = a_draft()

    assert run([draft], []) == run([draft], [late(4, 4)]) == [draft]
    kept, own = run([draft], [late(4, 10, subscription=OTHER)])
    assert kept == draft
    assert own[0].subscription_id == "subscription-2"


def test_a_subscription_that_is_not_billed_gets_a_draft_of_its_own() -> None:
    """It closes when it was rated, bills no period, and holds the late line alone."""
    ((draft, lines),) = run([], [late(4, 10)])

    assert (draft.closing_at, draft.rated_at) == (RATED_AT, RATED_AT)
    assert draft.id == draft_id("subscription-1", RATED_AT) == lines[0].draft_id
    assert (draft.usage_until, draft.fee_until) == (None, None)
    assert (draft.currency, draft.amount_cents, draft.status) == ("CAD", 3_00, DraftStatus.DRAFT)
    assert [line.kind for line in lines] == [LineKind.LATE_USAGE]
    ((shadow, _),) = run([], [late(4, 10)], is_live=False)
    assert shadow.status is DraftStatus.SHADOW


def test_each_currency_has_a_draft_of_its_own() -> None:
    """Two currencies at once are two drafts, a tick apart, so that neither takes the other's id."""
    drafts = run([], [late(4, 10), late(4, 10, "EUR"), late(4, 10, "USD")])

    assert [draft.currency for draft, _ in drafts] == ["CAD", "EUR", "USD"]
    assert [draft.closing_at for draft, _ in drafts] == [RATED_AT + TICK * n for n in range(3)]
    assert [draft.id for draft, _ in drafts] == [lines[0].draft_id for _, lines in drafts]
    assert len({draft.id for draft, _ in drafts}) == 3


def test_a_draft_takes_its_own_currency_only() -> None:
    """A difference in dollars joins the draft in dollars; one in euros is billed beside it."""
    draft = a_draft()

    extended, own = run([draft], [late(4, 10, "EUR"), late(4, 10)])

    assert (extended[0].currency, extended[0].amount_cents) == ("CAD", 8_00)
    assert (own[0].currency, own[0].amount_cents) == ("EUR", 3_00)


def test_nothing_different_makes_no_draft() -> None:
    """A subscription whose usage costs what was billed has no draft of its own."""
    nothing = LateClosing(a_subscription(), TORONTO.key, {}, [])

    assert run([], [late(4, 4), nothing]) == []
    ((draft, _),) = run([], [late(4, 4, "AUD"), late(4, 10)])
    assert draft.currency == "CAD"
