"""Margins add up exactly, and say n/a where they mean nothing."""

from datetime import date
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dashboards.margin import (
    KEYS,
    NEGATIVE_REVENUE,
    NO_REVENUE,
    Margin,
    foreign_lines,
    margin_parts,
    margin_rows,
    margin_total,
    months_without_cost,
    negative_accounts,
    regrouped,
)
from dashboards.margin_page import GROUPINGS
from storage.lake_tables import QUANTITY
from tests.dashboards.seed import FX_RATE, MONTHS, cost_frame, rated_frame

OCTOBER = date(2026, 10, 1)
Key = tuple[str | None, str | None]
WIDEST = Decimal("99999999999999.999999999999")
keys = st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", None]))
costs_drawn = st.lists(
    st.tuples(keys, st.decimals(-WIDEST, WIDEST, places=12, allow_nan=False)), max_size=12
)
lines_drawn = st.lists(st.tuples(keys, st.integers(-(10**15), 10**15)), max_size=12)


def lines(*rows: tuple[Key, int], currency: str = "CAD") -> pl.LazyFrame:
    schema = {"service": pl.String(), "account_id": pl.String(), "month": pl.Date(),
              "amount_cents": pl.Int64(), "currency": pl.String()}  # fmt: skip
    found = [(*key, OCTOBER, cents, currency) for key, cents in rows]
    return pl.LazyFrame(found, schema=schema, orient="row")


def costs(*rows: tuple[Key, str | Decimal]) -> pl.LazyFrame:
    schema = {"service": pl.String(), "account_id": pl.String(), "month": pl.Date(),
              "cogs_cad": QUANTITY}  # fmt: skip
    found = [(*key, OCTOBER, Decimal(cogs)) for key, cogs in rows]
    return pl.LazyFrame(found, schema=schema, orient="row")


def test_gross_profit_and_margin_by_hand() -> None:
    """100.00 of revenue with 30.005 of COGS is 69.995 of gross profit, a margin of 0.69995."""
    row = margin_rows(lines((("a", "x"), 10_000)), costs((("a", "x"), "30.005"))).row(0, named=True)

    assert row["gross_profit"] == Decimal("69.995")
    assert row["gross_margin"] == Decimal("0.69995")


def test_without_revenue_there_is_no_margin() -> None:
    """Cost without revenue is listed with its loss, and its margin is n/a for a named reason."""
    row = margin_rows(lines(), costs((("a", "x"), "5"))).row(0, named=True)

    assert (row["revenue_cents"], row["gross_profit"]) == (0, Decimal(-5))
    assert (row["gross_margin"], row["gross_margin_reason"]) == (None, NO_REVENUE)


def test_negative_revenue_has_no_margin() -> None:
    """A loss on negative revenue is never shown as a high margin."""
    margin = Margin(-10_000, Decimal(100))

    assert (margin.gross_profit, margin.gross_margin) == (Decimal(-200), None)
    assert margin.gross_margin_reason == NEGATIVE_REVENUE


def test_a_negative_margin_is_negative() -> None:
    """More COGS than revenue is a margin below zero."""
    assert Margin(10_000, Decimal(150)).gross_margin == Decimal("-0.5")


def test_the_margin_is_half_up_at_twelve_decimals() -> None:
    """The ratio is rounded half-up at its twelfth decimal and nowhere else."""
    assert Margin(300, Decimal(1)).gross_margin == Decimal("0.666666666667")


def test_shared_and_unallocated_are_rows() -> None:
    """Cost that names no account or no service has rows of its own."""
    rows = margin_rows(lines((("a", "x"), 100)), costs((("a", None), "1"), ((None, None), "2")))

    assert rows.select("service", "account_id", "cogs_cad").rows() == [
        ("a", "x", Decimal(0)), ("a", None, Decimal(1)), (None, None, Decimal(2)),
    ]  # fmt: skip


def test_equal_ids_in_two_services_are_two_accounts() -> None:
    """Grouped by account, two services' equal ids stay apart."""
    parts = margin_parts(lines((("a", "x"), 100), (("b", "x"), 200)), costs())

    assert regrouped(parts, GROUPINGS["account"])["revenue_cents"].to_list() == [100, 200]


def test_other_currencies_are_counted_and_never_added() -> None:
    """Lines in another currency appear as a count and in no total."""
    rated = pl.concat([lines((("a", "x"), 100)), lines((("a", "x"), 999), currency="USD")])

    assert margin_total(margin_parts(rated, costs())).revenue_cents == 100
    assert foreign_lines(rated) == {"USD": 1}


def test_negative_accounts_are_accounts() -> None:
    """Shared and unallocated cost make no account negative, an account's own cost does."""
    parts = margin_parts(
        lines((("a", "x"), 100)), costs((("a", "y"), "1"), (("a", None), "9"), ((None, None), "9"))
    )

    assert negative_accounts(parts) == 1


def test_months_without_cost_are_named() -> None:
    """A month with revenue whose costs have not arrived is told, since it looks too good."""
    assert months_without_cost(margin_parts(lines((("a", "x"), 100)), costs())) == [OCTOBER]
    assert months_without_cost(margin_parts(lines(), costs((("a", "x"), "1")))) == []


@given(lines_drawn, costs_drawn)
def test_every_grouping_foots(
    revenue: list[tuple[Key, int]], cogs: list[tuple[Key, Decimal]]
) -> None:
    """However the parts are grouped, they add up to exactly what went in."""
    parts = margin_parts(lines(*revenue), costs(*cogs))
    whole = Margin(sum(cents for _, cents in revenue), sum((cost for _, cost in cogs), Decimal(0)))

    assert margin_total(parts) == whole
    for by in GROUPINGS.values():
        assert margin_total(regrouped(parts, by)) == whole


@given(lines_drawn, costs_drawn)
def test_gross_profits_foot(
    revenue: list[tuple[Key, int]], cogs: list[tuple[Key, Decimal]]
) -> None:
    """The gross profits of the rows add up to the gross profit of the whole."""
    rows = margin_rows(lines(*revenue), costs(*cogs))

    assert sum(rows["gross_profit"].to_list()) == margin_total(rows).gross_profit


def test_the_seed_foots() -> None:
    """Six months of three services add up to what an independent addition finds."""
    rated, cost = rated_frame(), cost_frame()
    rows = margin_rows(rated.lazy(), cost.lazy())

    cents = [line["amount_cents"] for line in rated.to_dicts() if line["currency"] == "CAD"]
    cogs = [
        row["effective_cost"] * FX_RATE
        for row in cost.to_dicts()
        if row["charge_category"] != "Tax"
    ]
    assert sum(rows["revenue_cents"].to_list()) == sum(cents)
    assert abs(sum(rows["cogs_cad"].to_list()) - sum(cogs)) < Decimal("1e-9")
    assert rows.select(KEYS).is_duplicated().sum() == 0
    assert set(rows["month"].to_list()) == set(MONTHS)
