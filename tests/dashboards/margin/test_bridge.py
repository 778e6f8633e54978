"""A bridge's bars add up to the change, whatever the figures."""

from datetime import date
from decimal import Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.money import MONEY_CONTEXT
from dashboards.margin import BARS, Bridge, bridge_between, margin_total
from tests.dashboards.margin.frames import parts_of

OCTOBER, NOVEMBER = date(2026, 10, 1), date(2026, 11, 1)
amounts = st.decimals(0, 10**9, places=12)
rows_drawn = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.sampled_from(["x", "y", "z", None]),
        st.sampled_from(["tokens", "minutes", None]),
        st.integers(-(10**9), 10**12),
        amounts,
        st.one_of(st.just(Decimal(0)), amounts),
    ),
    max_size=10,
)


def bar(earlier: pl.DataFrame, later: pl.DataFrame, name: str, fx: str = "1") -> Decimal:
    bridge = bridge_between(earlier, later, {"Example Cloud": Decimal(fx)})
    others = {each: amount for each, amount in bridge.bars.items() if each != name and amount}
    assert not others, others
    return bridge.bars[name]


@given(rows_drawn, rows_drawn, st.decimals("0.5", "2", places=6))
def test_the_bars_add_up(
    earlier: list[tuple[str | None, str | None, str | None, int, Decimal, Decimal]],
    later: list[tuple[str | None, str | None, str | None, int, Decimal, Decimal]],
    fx: Decimal,
) -> None:
    """The bars add up to exactly what gross profit moved, and both ends are exact totals."""
    before, after = parts_of(OCTOBER, earlier), parts_of(NOVEMBER, later)

    bridge = bridge_between(before, after, {"Example Cloud": fx})

    assert tuple(bridge.bars) == BARS
    assert bridge.before == margin_total(before).gross_profit
    assert bridge.after == margin_total(after).gross_profit
    with localcontext(MONEY_CONTEXT):
        assert sum(bridge.bars.values()) == bridge.after - bridge.before


@given(rows_drawn)
def test_nothing_moved_nothing(
    rows: list[tuple[str | None, str | None, str | None, int, Decimal, Decimal]],
) -> None:
    """Between equal months every bar is 0."""
    bridge = bridge_between(parts_of(OCTOBER, rows), parts_of(NOVEMBER, rows), {})

    assert set(bridge.bars.values()) == {0}


@pytest.mark.parametrize(
    ("name", "then", "now", "moved"),
    [
        ("new", [], [("a", "x", "tokens", 1000, "4", "10")], "6"),
        ("churn", [("a", "x", "tokens", 1000, "4", "10")], [], "-6"),
        ("price", [("a", "x", "tokens", 1000, "4", "10")],
         [("a", "x", "tokens", 1500, "4", "10")], "5"),
        ("volume", [("a", "x", "tokens", 1000, "4", "10")],
         [("a", "x", "tokens", 2000, "8", "20")], "6"),
        ("provider_price", [("a", "x", "tokens", 1000, "4", "10")],
         [("a", "x", "tokens", 1000, "7", "10")], "-3"),
        ("allocation", [("a", None, None, 0, "4", "0")], [("a", None, None, 0, "1", "0")], "3"),
        ("price", [("a", "x", None, 1000, "0", "0")], [("a", "x", None, 1200, "0", "0")], "2"),
    ],
)  # fmt: skip
def test_each_bar_by_hand(
    name: str,
    then: list[tuple[str, str, str, int, str, str]],
    now: list[tuple[str, str, str, int, str, str]],
    moved: str,
) -> None:
    """What changed alone moves its own bar alone, by the amount a hand finds."""
    assert bar(parts_of(OCTOBER, then), parts_of(NOVEMBER, now), name) == Decimal(moved)


def test_a_dearer_dollar_is_fx() -> None:
    """The same cost in dollars at a rate ten per cent higher is a currency bar and nothing else."""
    then = parts_of(OCTOBER, [("a", "x", "tokens", 1000, "4.0", "10")])
    now = parts_of(NOVEMBER, [("a", "x", "tokens", 1000, "4.4", "10")])

    assert bar(then, now, "fx", "1.1") == Decimal("-0.4")


def test_a_shift_to_the_better_customer_is_mix() -> None:
    """Equal units in all, moved to the customer that pays more, are mix."""
    then = parts_of(
        OCTOBER, [("a", "x", "tokens", 1000, "0", "10"), ("a", "y", "tokens", 2000, "0", "10")]
    )
    now = parts_of(
        NOVEMBER, [("a", "x", "tokens", 500, "0", "5"), ("a", "y", "tokens", 3000, "0", "15")]
    )

    assert bar(then, now, "mix") == Decimal(5)


def test_a_bridge_is_a_value() -> None:
    """Two bridges of the same parts are equal."""
    parts = parts_of(OCTOBER, [("a", "x", "tokens", 1000, "4", "10")])

    assert bridge_between(parts, parts, {}) == Bridge(
        Decimal(6), Decimal(6), dict.fromkeys(BARS, Decimal(0))
    )
