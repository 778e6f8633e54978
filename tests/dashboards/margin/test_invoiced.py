"""Invoiced revenue is every posted line in CAD, once, under the plan and metric it is of."""

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from dashboards.margin import margin_total
from dashboards.margin.daily import DAILY_KEYS, MEASURES, monthly_parts
from dashboards.margin.invoiced import (
    OTHER_INVOICED,
    invoiced_daily,
    known_lines,
    with_other_revenue,
)
from storage.lake_tables import MARGIN_DAILY
from tests.dashboards.invoicing import Posted, invoice_frame
from tests.dashboards.margin.frames import parts_of

DAY = date(2026, 11, 3)
RATED = pl.DataFrame(
    {
        "id": ["fee", "use"],
        "service": ["a", "a"],
        "plan_code": ["pro", "pro"],
        "metric_code": [None, "tokens"],
    }
)
drawn = st.lists(
    st.builds(
        Posted,
        service=st.sampled_from(["a", "b"]),
        account=st.sampled_from(["x", "y"]),
        move_id=st.integers(1, 3),
        day=st.dates(date(2026, 10, 1), date(2026, 12, 31)),
        cents=st.integers(-(10**12), 10**12),
        rated_line_id=st.sampled_from([None, "fee", "use", "gone"]),
        metric=st.sampled_from([None, "tokens", "nobody_knows"]),
        move_type=st.sampled_from(["out_invoice", "out_refund"]),
        reversed_id=st.sampled_from([None, 1, 2]),
        currency=st.sampled_from(["CAD", "USD"]),
        plan=st.sampled_from([None, "pro", "basic"]),
    ),
    max_size=12,
)


def known(lines: list[Posted]) -> pl.DataFrame:
    return known_lines(invoice_frame(lines).lazy(), RATED.lazy()).collect()


def owner_of(line: Posted, *others: Posted) -> tuple[str | None, str | None]:
    found = known([line, *others]).sort("line_id").row(0, named=True)
    return found["plan_code"], found["metric_code"]


@given(drawn)
def test_no_line_is_dropped_or_doubled(lines: list[Posted]) -> None:
    """Every posted line is there once; by day and month its CAD cents are all there."""
    cents = sum(line.cents for line in lines if line.currency == "CAD")

    found = known(lines)
    daily = invoiced_daily(found.lazy()).collect()

    assert found.height == len(lines)
    assert daily["revenue_cents"].sum() == cents
    assert monthly_parts(daily.lazy()).collect()["revenue_cents"].sum() == cents
    for service in ("a", "b"):
        own = sum(one.cents for one in lines if (one.service, one.currency) == (service, "CAD"))
        assert daily.filter(pl.col("service") == service)["revenue_cents"].sum() == own


@given(drawn, st.lists(st.tuples(st.integers(0, 10**9), st.decimals(0, 10**6, places=12))))
def test_another_revenue_changes_revenue_alone(
    lines: list[Posted], costs: list[tuple[int, object]]
) -> None:
    """On another basis revenue is the other one exactly; costs and units are what they were."""
    rows = [("a", "x", "tokens", cents, str(cost), "7") for cents, cost in costs]
    parts = parts_of(date(2026, 11, 1), rows)
    revenue = monthly_parts(invoiced_daily(known(lines).lazy())).collect()

    found = with_other_revenue(parts, revenue)

    assert margin_total(found).revenue_cents == revenue["revenue_cents"].sum()
    for name in ("cogs_cad", "quantity", "costs_count"):
        assert found[name].sum() == parts[name].sum()
    assert found["lines_count"].sum() == revenue["lines_count"].sum()


def test_a_line_of_ours_has_the_owner_it_was_rated_for() -> None:
    """A line that names a rated line has that line's plan and metric, whatever Odoo says of it."""
    line = Posted("a", "x", 1, DAY, 5, "use", "typed by hand", plan="changed since")

    assert owner_of(line) == ("pro", "tokens")
    assert owner_of(Posted("a", "x", 1, DAY, 5, "fee", "typed by hand", plan=None)) == ("pro", None)


def test_any_other_line_has_a_row_of_its_own() -> None:
    """A line without a rated line keeps a metric that is priced, else it is other invoiced."""
    assert owner_of(Posted("a", "x", 1, DAY, 5, None, "tokens")) == ("pro", "tokens")
    assert owner_of(Posted("a", "x", 1, DAY, 5, None, "nobody_knows")) == ("pro", OTHER_INVOICED)
    assert owner_of(Posted("a", "x", 1, DAY, 5)) == ("pro", OTHER_INVOICED)
    assert owner_of(Posted("a", "x", 1, DAY, 5, "gone", "tokens", plan=None)) == (None, "tokens")


def test_a_credit_note_has_the_plan_it_reverses() -> None:
    """A credit note made in Odoo is of the plan of its invoice, where that has one alone."""
    note = Posted(
        "a", "x", 7, DAY, -5, move_type="out_refund", reversed_id=1, plan=None
    )  # fmt: skip
    invoice = Posted("a", "x", 1, DAY, 50, "use", "tokens", plan="basic")

    assert owner_of(note, invoice) == ("basic", OTHER_INVOICED)
    assert owner_of(note) == (None, OTHER_INVOICED)


def test_a_move_that_is_posted_no_more_is_no_revenue() -> None:
    """The row that says a move is posted no more has no line and adds nothing."""
    gone = invoice_frame([Posted("a", "x", 1, DAY, 0)], state="cancel").with_columns(
        line_id=pl.lit(None, pl.Int64)
    )

    assert known_lines(gone.lazy(), RATED.lazy()).collect().is_empty()


def test_the_parts_are_those_of_the_mart() -> None:
    """Invoiced parts have the mart's columns and types, so that both kinds can be added."""
    daily = invoiced_daily(known([Posted("a", "x", 1, DAY, 5)]).lazy()).collect()

    assert dict(daily.schema) == {
        name: MARGIN_DAILY.polars_schema[name] for name in (*DAILY_KEYS, *MEASURES)
    }
