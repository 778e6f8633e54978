"""Between rated and invoiced revenue every cent has one bar."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.margin.invoiced import known_lines
from dashboards.margin.revenue_bridge import REVENUE_BARS, RevenueBridge, revenue_bridge
from tests.dashboards.invoicing import Posted, invoice_frame

HERE, ELSEWHERE = date(2026, 11, 3), date(2026, 12, 1)
RATED_SCHEMA = {"id": pl.String(), "draft_id": pl.String(), "amount_cents": pl.Int64(),
                "currency": pl.String(), "is_invoiceable": pl.Boolean()}  # fmt: skip
Rated = tuple[str, str | None, int, str, bool | None]
cents = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(["CAD", "USD"])
drafts = st.sampled_from([None, "d1", "d2", "d3"])
rated_drawn = st.lists(
    st.tuples(
        st.sampled_from([f"r{number}" for number in range(6)]), drafts, cents, currencies,
        st.sampled_from([None, True, False]),
    ),
    max_size=6, unique_by=lambda row: row[0],
)  # fmt: skip
lines_drawn = st.lists(
    st.builds(
        Posted,
        service=st.just("a"),
        account=st.just("x"),
        move_id=st.integers(1, 4),
        day=st.sampled_from([HERE, ELSEWHERE]),
        cents=cents,
        rated_line_id=st.sampled_from([None, "gone", *(f"r{number}" for number in range(8))]),
        draft_id=drafts,
        move_type=st.sampled_from(["out_invoice", "out_refund"]),
        currency=currencies,
    ),
    max_size=10,
)
standings_drawn = st.dictionaries(
    st.sampled_from(["d1", "d2", "d3"]),
    st.sampled_from(["waiting", "parked", "shadow", "unposted", "cancelled", "posted"]),
)


def bridge(
    rated: list[Rated], lines: list[Posted], standings: dict[str, str] | None = None
) -> RevenueBridge:
    """Return the bridge of November; "r7" is a rated line of another month."""
    frame = pl.DataFrame(rated, schema=RATED_SCHEMA, orient="row")
    known = pl.DataFrame(
        {"id": [*frame["id"], "r7"], "service": "a", "plan_code": "pro", "metric_code": "tokens"}
    )
    found = known_lines(invoice_frame(lines).lazy(), known.lazy()).collect()
    places = pl.DataFrame(
        list((standings or {}).items()),
        schema={"draft_id": pl.String(), "standing": pl.String()},
        orient="row",
    )
    return revenue_bridge(frame, found.with_columns(is_here=pl.col("invoice_date") == HERE), places)


@given(rated_drawn, lines_drawn, standings_drawn)
def test_the_bars_add_up(
    rated: list[Rated], lines: list[Posted], standings: dict[str, str]
) -> None:
    """Rated revenue and the bars are invoiced revenue to the cent, whatever people did in Odoo."""
    found = bridge(rated, lines, standings)

    assert tuple(found.bars) == REVENUE_BARS
    assert found.rated_cents == sum(row[2] for row in rated if row[3] == "CAD")
    assert found.invoiced_cents == sum(
        line.cents for line in lines if (line.day, line.currency) == (HERE, "CAD")
    )
    assert found.rated_cents + sum(found.bars.values()) == found.invoiced_cents


def billed(amount: int, rated_line_id: str | None = "r1", **more: object) -> Posted:
    return Posted(
        **{"service": "a", "account": "x", "move_id": 1, "day": HERE, "cents": amount,
           "rated_line_id": rated_line_id, "draft_id": "d1", **more}  # type: ignore[arg-type]
    )  # fmt: skip


OF_1000: Rated = ("r1", "d1", 1000, "CAD", True)


@pytest.mark.parametrize(
    ("name", "rated", "lines", "standing", "moved"),
    [
        ("invoiced_elsewhere", OF_1000, [billed(1000, day=ELSEWHERE)], "posted", -1000),
        ("waiting", OF_1000, [], "waiting", -1000),
        ("waiting", ("r1", None, 1000, "CAD", None), [], "parked", -1000),
        ("parked", OF_1000, [], "parked", -1000),
        ("shadow", OF_1000, [], "shadow", -1000),
        ("not_invoiceable", ("r1", "d1", 1000, "CAD", False), [], "posted", -1000),
        ("unposted", OF_1000, [], "unposted", -1000),
        ("cancelled", OF_1000, [], "cancelled", -1000),
        ("on_the_way", OF_1000, [], "posted", -1000),
        ("edited", OF_1000, [billed(700)], "posted", -300),
        ("rounding", OF_1000, [billed(999)], "posted", -1),
        ("currency", OF_1000, [billed(1000, currency="USD")], "posted", -1000),
        ("currency", ("r1", "d1", 1000, "USD", True), [billed(1300)], "posted", 1300),
        ("rated_elsewhere", OF_1000, [billed(1000), billed(50, "r7")], "posted", 50),
        ("credit_notes", OF_1000,
         [billed(1000), billed(-40, None, move_type="out_refund", draft_id=None)], "posted", -40),
        ("odoo_alone", OF_1000, [billed(1000), billed(90, None, draft_id=None)], "posted", 90),
        ("added", OF_1000, [billed(1000), billed(60, None)], "posted", 60),
    ],
)  # fmt: skip
def test_each_bar_by_hand(
    name: str, rated: Rated, lines: list[Posted], standing: str, moved: int
) -> None:
    """What lies between alone moves its own bar alone, by the amount a hand finds."""
    found = bridge([rated], lines, {"d1": standing})

    assert {bar: amount for bar, amount in found.bars.items() if amount} == {name: moved}


def test_a_line_taken_off_is_told_from_one_not_read_yet() -> None:
    """Of a posted invoice whose other lines are here, a line that is missing was taken off."""
    other: Rated = ("r2", "d1", 500, "CAD", True)

    found = bridge([OF_1000, other], [billed(500, "r2")], {"d1": "posted"})

    assert {bar: amount for bar, amount in found.bars.items() if amount} == {"removed": -1000}


def test_a_line_billed_in_two_months_is_split() -> None:
    """What other months' invoices took of a rated line is theirs, the rest was changed by hand."""
    found = bridge([OF_1000], [billed(600), billed(300, move_id=2, day=ELSEWHERE)])

    moved = {bar: amount for bar, amount in found.bars.items() if amount}
    assert moved == {"invoiced_elsewhere": -300, "edited": -100}
