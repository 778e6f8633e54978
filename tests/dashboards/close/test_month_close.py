"""What may be decided about a month, and what a checklist says of what was read."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.close.checklist import Facts, Item, Status, checklist, failures
from dashboards.close.month_close import (
    STATE_AFTER,
    CloseRefused,
    CloseState,
    MonthClose,
    Signed,
    Step,
    effective,
    month_after,
    next_open_month,
    refuse_step,
)
from tests.dashboards.close.made import JUNE, a_close, latest, months

JULY, AUGUST = months(3)[1:]
ANN = Signed("Ann", "quarter end")
steps = st.lists(st.tuples(st.sampled_from(Step), st.sampled_from(months(4))), max_size=20)


def refused(step: Step, month: date, known: list[MonthClose], signed: Signed = ANN) -> str:
    with pytest.raises(CloseRefused) as fault:
        refuse_step(step, month, latest(known), signed, is_over=True)
    return str(fault.value)


@given(steps)
def test_closed_months_are_a_run(wanted: list[tuple[Step, date]]) -> None:
    """Whatever is tried, closed months have no gap, and all but the last are final."""
    known: dict[date, MonthClose] = {}
    for step, month in wanted:
        try:
            refuse_step(step, month, known, ANN, is_over=True)
        except CloseRefused:
            continue
        known[month] = a_close(month, STATE_AFTER[step])

        closes = effective(known)
        for one, other in pairwise(closes):
            assert other.month == month_after(one.month)
            assert one.state is CloseState.CLOSED
        after = next_open_month(closes)
        assert after is None or not known.get(after, a_close(after, CloseState.OPEN)).keeps_figures


@pytest.mark.parametrize(
    ("step", "month", "known", "words"),
    [
        (Step.FINAL, JUNE, [a_close(JUNE)], "reopen it first"),
        (Step.SOFT, JUNE, [a_close(JUNE, CloseState.SOFT)], "soft closed since"),
        (Step.FINAL, AUGUST, [a_close(JUNE)], "close 2026-07 now"),
        (Step.FINAL, JUNE, [a_close(JULY)], "2026-07 is closed already"),
        (Step.FINAL, JULY, [a_close(JUNE, CloseState.SOFT)], "close it finally first"),
        (Step.REOPEN, JUNE, [a_close(JUNE), a_close(JULY)], "2026-07 is closed after it"),
        (Step.REOPEN, JUNE, [], "nothing to reopen"),
        (Step.REOPEN, JUNE, [a_close(JUNE, CloseState.REOPENED)], "nothing to reopen"),
    ],
)
def test_a_refusal_says_what_to_do(
    step: Step, month: date, known: list[MonthClose], words: str
) -> None:
    """A step that would break the run of closed months is refused with the cure."""
    assert words in refused(step, month, known)


@pytest.mark.parametrize("known", [[], [a_close(JUNE, CloseState.SOFT)],
                                   [a_close(JUNE, CloseState.REOPENED)]])  # fmt: skip
def test_a_month_can_be_closed_for_good(known: list[MonthClose]) -> None:
    """An open, a soft closed and a reopened month can be closed finally."""
    refuse_step(Step.FINAL, JUNE, latest(known), Signed("Ann"), is_over=True)


def test_a_decision_is_signed() -> None:
    """Nobody decides without a name, nor reopens or forces without a reason."""
    assert "--author" in refused(Step.FINAL, JUNE, [], Signed(" "))
    assert "--reason" in refused(Step.REOPEN, JUNE, [a_close(JUNE)], Signed("Ann"))
    assert "--reason" in refused(Step.FINAL, JUNE, [], Signed("Ann", " ", is_forced=True))


def test_a_month_that_is_not_over_is_not_closed() -> None:
    """Not even by force is a month closed before it ended where the service is."""
    forced = Signed("Ann", "hurry", is_forced=True)

    with pytest.raises(CloseRefused, match="not over"):
        refuse_step(Step.FINAL, JUNE, {}, forced, is_over=False)


FAULTS = {
    "usage": (Facts(usage_waits=True), Status.FAIL),
    "corrections": (Facts(unfinished_corrections=["c1"]), Status.FAIL),
    "quarantine": (Facts(quarantined_count=3), Status.WARN),
    "billing": (Facts(unbilled=["sub-1"]), Status.FAIL),
    "blocked": (Facts(blocked=["sub-1"]), Status.FAIL),
    "lines": (Facts(lines_waiting_count=2), Status.FAIL),
    "costs": (Facts(providers_missing=["OpenAI"]), Status.FAIL),
    "costs_whole": (Facts(providers_short=[("OpenAI", JUNE)]), Status.WARN),
    "estimates": (Facts(estimated_cad=Decimal("0.5")), Status.WARN),
    "rates": (Facts(rates_missing=[("USD", JUNE)]), Status.FAIL),
    "unattributed": (
        Facts(house_cad=Decimal(100), unallocated_cad=Decimal("1.01")), Status.WARN
    ),
    "currency": (Facts(foreign_lines=[("USD", 2)]), Status.WARN),
    "drafts": (Facts(drafts={"sent": 4, "parked": 1}), Status.WARN),
}  # fmt: skip


@pytest.mark.parametrize(("key", "facts", "status"), [(key, *each) for key, each in FAULTS.items()])
def test_each_fault_is_one_item(key: str, facts: Facts, status: Status) -> None:
    """What is wrong makes its own item WARN or FAIL, with what to do; all others are OK."""
    items = {item.key: item for item in checklist(facts)}

    assert [key] == [each.key for each in items.values() if each.status is not Status.OK]
    assert items[key].status is status
    assert items[key].cure
    assert "{" not in items[key].found.format(**items[key].figures)


def test_nothing_wrong_is_all_ok() -> None:
    """Every fault has its item, and without one every item is OK."""
    items = checklist(Facts())

    assert [item.key for item in items] == list(FAULTS)
    assert {item.status for item in items} == {Status.OK}
    assert failures(items) == []


def test_no_cost_at_all_is_a_warning() -> None:
    """A month without any provider's cost is told, for its margin says nothing."""
    (item,) = [item for item in checklist(Facts(has_costs=False)) if item.key == "costs"]

    assert item.status is Status.WARN


def test_long_lists_are_shortened() -> None:
    """Of many names five are told, and how many there are."""
    facts = Facts(unbilled=[f"sub-{place}" for place in range(8)])
    (item,) = failures(checklist(facts))

    assert item.found.format(**item.figures).endswith("sub-4 +3.")
    assert item.figures["count"] == "8"


def test_one_of_a_thing_is_told_in_the_singular() -> None:
    """A finding about one of a thing says so, on the command line as on the page."""
    found = "{count} corrections are unfinished: {names}."
    one, two = (
        Item("corrections", Status.FAIL, found, {"count": count, "names": "c-1"})
        for count in ("1", "2")
    )

    assert one.told == "1 correction is unfinished: c-1."
    assert two.told == "2 corrections are unfinished: c-1."
