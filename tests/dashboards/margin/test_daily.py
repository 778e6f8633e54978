"""Days add up to months, and months to what went in, to the last digit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.margin import daily_parts, margin_total, monthly_parts, unit_economics
from dashboards.margin.figures import Margin
from storage.lake_tables import QUANTITY, RATED_LINE
from tests.dashboards.margin.frames import imported_costs
from tests.dashboards.seed import MONTHS, cost_frame, rated_frame

NOVEMBER = date(2026, 11, 1)
ATTRIBUTED = {
    "day": pl.Date(), "provider": pl.String(), "provider_service": pl.String(),
    "service": pl.String(), "account_id": pl.String(), "metric_code": pl.String(),
    "cogs_cad": QUANTITY, "is_estimate": pl.Boolean(), "rule_id": pl.String(),
}  # fmt: skip
NO_COSTS = pl.LazyFrame(schema=ATTRIBUTED)
instants = st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 31)).map(  # noqa: DTZ001 - made aware below
    lambda moment: moment.replace(tzinfo=UTC)
)


def a_line(cents: int, quantity: Decimal, start: datetime, end: datetime) -> pl.LazyFrame:
    frame = rated_frame().filter(pl.col("id") == "line-0-0-5-use")
    return frame.lazy().with_columns(
        amount_cents=pl.lit(cents, pl.Int64),
        quantity=pl.lit(quantity, QUANTITY),
        period_start=pl.lit(start, RATED_LINE.polars_schema["period_start"]),
        period_end=pl.lit(end, RATED_LINE.polars_schema["period_end"]),
    )


@given(
    st.integers(-(10**12), 10**12), st.decimals(0, 10**20, places=12), instants, st.integers(0, 90)
)
def test_a_line_is_spread_to_the_cent(
    cents: int, quantity: Decimal, start: datetime, days: int
) -> None:
    """However long its period, a line's days add up to its cents and its units, in its month."""
    end = start + timedelta(days=days, minutes=1)
    daily = daily_parts(a_line(cents, quantity, start, end), NO_COSTS, {}).collect()

    assert daily["revenue_cents"].sum() == cents
    assert daily["quantity"].sum() == quantity
    assert daily["lines_count"].sum() == 1
    assert set(daily["day"].dt.truncate("1mo")) == {NOVEMBER}


def test_a_whole_month_is_spread_evenly() -> None:
    """Thirty days of a line of 30.00 bring 1.00 each."""
    start, end = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 12, 1, 5, tzinfo=UTC)
    daily = daily_parts(a_line(3000, Decimal(30), start, end), NO_COSTS, {}).collect()

    assert daily.height == 30
    assert set(daily["revenue_cents"]) == {100}
    assert set(daily["quantity"]) == {Decimal(1)}


@pytest.mark.parametrize(("used", "covered"), [(30, 30), (100, 100), (130, 100), (0, 0)])
def test_a_quota_covers_no_more_than_was_used(used: int, covered: int) -> None:
    """Of a hundred included units so many count as covered, never more than there were."""
    start, end = datetime(2026, 11, 1, 5, tzinfo=UTC), datetime(2026, 12, 1, 5, tzinfo=UTC)
    quota = pl.lit(Decimal(100), QUANTITY)
    line = a_line(0, Decimal(used), start, end).with_columns(quantity_included=quota)

    assert daily_parts(line, NO_COSTS, {}).collect()["quantity_included"].sum() == covered


def test_months_foot_to_the_lines_and_costs() -> None:
    """The seed's daily and monthly parts are its lines in CAD and its costs, exactly."""
    rated, costs = rated_frame(), cost_frame()
    daily = daily_parts(rated.lazy(), imported_costs(costs.lazy()), {})
    monthly = monthly_parts(daily).collect()

    cents = sum(rated.filter(pl.col("currency") == "CAD")["amount_cents"].to_list())
    expected = Margin(cents, sum(costs["cogs_cad"].to_list(), Decimal(0)))
    assert margin_total(daily.collect()) == margin_total(monthly) == expected
    assert sorted(monthly["month"].unique()) == list(MONTHS)
    assert monthly["lines_count"].sum() == rated.filter(pl.col("currency") == "CAD").height


def test_a_cost_has_the_metric_and_plan_of_its_account() -> None:
    """Where a service prices one metric and an account has one plan, its costs are of them."""
    daily = daily_parts(rated_frame().lazy(), imported_costs(cost_frame().lazy()), {}).collect()
    own = daily.filter((pl.col("account_id") == "acct-01") & (pl.col("cogs_cad") > 0))
    shared = daily.filter(pl.col("account_id").is_null())

    assert set(own["metric_code"]) == {"tokens", "ai_replies", "minutes"}
    assert set(own["plan_code"]) == {"pro"}
    assert shared["metric_code"].null_count() == shared.height


@pytest.mark.parametrize(
    ("quantity", "included", "price", "break_even"),
    [("100", "0", "0.10", "0.04"), ("100", "50", "0.10", "0.08"), ("100", "100", "0.10", None)],
)
def test_unit_economics_by_hand(
    quantity: str, included: str, price: str, break_even: str | None
) -> None:
    """Ten dollars and four of cost over a hundred units, some of them included."""
    found = unit_economics(Margin(1000, Decimal(4)), Decimal(quantity), Decimal(included))

    assert (found.price, found.cost, found.profit) == (
        Decimal(price), Decimal("0.04"), Decimal("0.06"),
    )  # fmt: skip
    assert found.break_even_price == (None if break_even is None else Decimal(break_even))


def test_without_units_there_is_no_unit_price() -> None:
    """No units is n/a with its reason, never 0."""
    found = unit_economics(Margin(1000, Decimal(4)), Decimal(0))

    assert (found.price, found.cost, found.reason) == (None, None, "no units")
