"""Recurring revenue: opening and movements are the closing, and a customer moves once a month."""

from datetime import UTC, date, datetime
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.money import MONEY_CONTEXT, ZERO
from catalog.plans import Plan, PlanInterval
from dashboards.margin.mrr import (
    MOVEMENTS,
    FeeSpan,
    Movement,
    chained_movement,
    monthly_fee,
    mrr_movements,
    summed_movement,
)

MONTHS = [date(2026, month, 1) for month in range(1, 7)]
ENDS = [(month, datetime(2026, month.month + 1, 1, tzinfo=UTC)) for month in MONTHS]
BOTH = {"a": ENDS, "b": ENDS}
instants = st.datetimes(
    datetime(2025, 12, 1), datetime(2026, 8, 1), timezones=st.just(UTC)  # noqa: DTZ001 - drawn in UTC
)  # fmt: skip
spans_drawn = st.lists(
    st.builds(
        FeeSpan,
        service=st.sampled_from(["a", "b"]),
        account_id=st.sampled_from(["x", "y", "z"]),
        after=instants,
        until=st.one_of(st.none(), instants),
        amount=st.decimals("0.01", 10**6, places=12),
    ),
    max_size=8,
)


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


def span(after: datetime, until: datetime | None, amount: str, account: str = "x") -> FeeSpan:
    return FeeSpan("a", account, after, until, Decimal(amount))


def moved(movement: Movement) -> dict[str, Decimal]:
    return {name: amount for name, amount in movement.moves.items() if amount}


@given(spans_drawn)
def test_opening_and_movements_are_the_closing(spans: list[FeeSpan]) -> None:
    """Of every service and month: opening + movements = closing, exactly; months follow on."""
    found = mrr_movements(spans, BOTH)

    with localcontext(MONEY_CONTEXT):
        for service, ends in BOTH.items():
            before = ZERO
            for month, instant in ends:
                movement = found[service, month]
                held = [one.amount for one in spans
                        if one.service == service and one.holds_at(instant)]  # fmt: skip
                assert movement.opening == before
                assert movement.opening + sum(movement.moves.values()) == movement.closing
                assert movement.closing == sum(held, ZERO)
                before = movement.closing


@given(spans_drawn)
def test_services_and_months_add_up(spans: list[FeeSpan]) -> None:
    """Several services are the sum of each, several months one movement from first to last."""
    found = mrr_movements(spans, BOTH)
    together = [summed_movement([found[service, month] for service in BOTH]) for month in MONTHS]

    whole = chained_movement(together)

    with localcontext(MONEY_CONTEXT):
        assert whole.opening == together[0].opening
        assert whole.closing == together[-1].closing
        assert whole.opening + sum(whole.moves.values()) == whole.closing
        for name in MOVEMENTS:
            every = sum((found[key].moves[name] for key in found), ZERO)
            assert whole.moves[name] == every


@pytest.mark.parametrize(
    ("name", "spans", "month", "amount"),
    [
        ("new", [span(at(2, 3), None, "50")], 2, "50"),
        ("churn", [span(at(1, 3), at(2, 20), "50")], 2, "-50"),
        ("expansion", [span(at(1, 3), at(2, 9), "50"), span(at(2, 9), None, "80")], 2, "30"),
        ("contraction", [span(at(1, 3), at(2, 9), "50"), span(at(2, 9), None, "20")], 2, "-30"),
        ("reactivation", [span(at(1, 3), at(2, 9), "50"), span(at(4, 9), None, "50")], 4, "50"),
    ],
)
def test_each_movement_by_hand(name: str, spans: list[FeeSpan], month: int, amount: str) -> None:
    """What one customer did in a month is one movement of that amount, and nothing else."""
    movement = mrr_movements(spans, {"a": ENDS})["a", date(2026, month, 1)]

    assert moved(movement) == {name: Decimal(amount)}


def test_who_only_changed_place_did_not_move() -> None:
    """A plan that takes over at the same price at the same instant moves nothing."""
    spans = [span(at(1, 3), at(3), "50"), span(at(3), None, "50")]

    found = mrr_movements(spans, {"a": ENDS})

    assert [moved(found["a", month]) for month in MONTHS[1:]] == [{}] * 5
    assert [found["a", month].customers_count for month in MONTHS] == [1] * 6


@pytest.mark.parametrize(
    ("interval", "fee"),
    [
        (PlanInterval.MONTHLY, "100"),
        (PlanInterval.YEARLY, "8.333333333333"),
        (PlanInterval.QUARTERLY, "33.333333333333"),
        (PlanInterval.SEMIANNUAL, "16.666666666667"),
        (PlanInterval.WEEKLY, "433.333333333333"),
    ],
)
def test_a_fee_is_brought_to_a_month(interval: PlanInterval, fee: str) -> None:
    """A year's fee counts by twelfths and a week's at 52 a year, half-up at 12 decimals."""
    plan = Plan("id", "a", "pro", "Pro", interval, 10_000, "CAD", at(1), at(1))

    assert monthly_fee(plan) == Decimal(fee)
