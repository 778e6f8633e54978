"""Costs with their owners, as the pages read them, now and as they were known then."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from dashboards.costs.attributed import attributed_costs, estimate_against_actual
from dashboards.costs.attribution import ATTRIBUTED_SCHEMA
from dashboards.costs.cost_store import append_costs
from dashboards.costs.estimates import CostPrice
from dashboards.costs.fx import AGE_MAX, DatedRate, FxRates
from dashboards.costs.fx_store import add_rates, read_rates
from dashboards.costs.price_store import add_price, end_price
from dashboards.costs.rate_sources import rates_of_file
from dashboards.costs.rule_store import add_rule, cost_rules, end_rule
from dashboards.costs.rules import CostRule, RuleKind, Target
from storage.lake import Lake
from storage.lake_tables import USAGE_DAILY
from storage.state import State, open_state
from tests.dashboards.costs.charge_rows import AT, DAY, a_batch, a_charge
from tests.dashboards.seed import seed_state

LATER = AT + timedelta(days=3)
FIRST, LAST = DAY, DAY + timedelta(days=1)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    opened = open_state("", tmp_path)
    seed_state(opened)
    yield opened
    opened.close()


def use(lake: Lake, day: date, *quantities: tuple[str, str]) -> None:
    rows = [
        {
            "month": day.replace(day=1), "service": "nexacloud", "metric_code": "tokens",
            "subscription_id": f"sub-{account}", "day": day, "value_sum": Decimal(quantity),
        }
        for account, quantity in quantities
    ]  # fmt: skip
    frame = pl.DataFrame(rows, schema=USAGE_DAILY.polars_schema)
    mark = lake.mark("seeded")
    lake.append_once("seeded", mark, mark + 1, {USAGE_DAILY: frame})


def shown(lake: Lake, state: State, as_of: datetime | None = None) -> list[tuple[object, ...]]:
    found = attributed_costs(lake, state, first=FIRST, last=LAST, as_of=as_of).collect()
    assert dict(found.schema) == ATTRIBUTED_SCHEMA
    return found.select("day", "account_id", "cogs_cad", "is_estimate", "rule_id").rows()


def by_tokens() -> CostRule:
    match = {"provider": "Example Cloud"}
    return CostRule("rule-1", RuleKind.PROPORTIONAL, DAY, match, metric_code="tokens")


def test_a_rule_for_the_past_leaves_the_old_answer_readable(lake: Lake, state: State) -> None:
    """A rule added and ended later changes today's answer; as of then, the old one stands."""
    append_costs(lake, a_batch(a_charge("9")), at=AT)
    use(lake, DAY, ("acct-01", "1"), ("acct-02", "2"))
    with state.write() as connection:
        add_rule(connection, by_tokens(), LATER)
        end_rule(connection, "rule-1", DAY, LATER + timedelta(days=1))
    unallocated = [(DAY, None, Decimal(9), False, None)]

    assert shown(lake, state, AT) == unallocated
    assert shown(lake, state, LATER) == [
        (DAY, "acct-01", Decimal(3), False, "rule-1"),
        (DAY, "acct-02", Decimal(6), False, "rule-1"),
    ]
    assert shown(lake, state) == unallocated


def test_an_estimate_stands_in_until_the_bill_comes(lake: Lake, state: State) -> None:
    """A provider's day without a bill shows quantity × price × rate; with one, the bill."""
    for day in (DAY, LAST):
        use(lake, day, ("acct-01", "1000"))
    price = CostPrice(
        "p1", "Example Cloud", None, "nexacloud", "tokens", Decimal("0.002"), "USD", DAY
    )
    with state.write() as connection:
        add_rates(connection, [DatedRate("USD", DAY, Decimal("1.4"), "odoo")], AT)
        add_price(connection, price, AT)
    estimate = Decimal("2.8")
    assert [row[1:4] for row in shown(lake, state)] == [("acct-01", estimate, True)] * 2

    append_costs(lake, a_batch(a_charge("3")), at=AT)

    assert [row[1:4] for row in shown(lake, state)] == [
        (None, 3, False), ("acct-01", estimate, True),
    ]  # fmt: skip
    days, missing = estimate_against_actual(lake, state, first=FIRST, last=LAST, as_of=None)
    assert missing == ()
    assert days.select("estimate_cad", "actual_cad", "difference_cad").rows() == [
        (estimate, 3, Decimal("0.2")), (estimate, None, None),
    ]  # fmt: skip
    with state.write() as connection:
        end_price(connection, "p1", LAST, LATER)
    assert [row[3] for row in shown(lake, state)] == [False]


def test_an_override_wins_over_a_later_price(lake: Lake, state: State) -> None:
    """Of several prices that hold, an override counts; without a rate none does, and it is told."""
    use(lake, LAST, ("acct-01", "10"))
    parts = ("Example Cloud", None, "nexacloud", "tokens")
    with state.write() as connection:
        add_price(connection, CostPrice("a", *parts, Decimal(1), "CAD", LAST), AT)
        older = CostPrice("b", *parts, Decimal(2), "CAD", DAY, is_override=True)
        add_price(connection, older, AT)
    assert [row[2] for row in shown(lake, state)] == [20]

    with state.write() as connection:
        euros = CostPrice("c", *parts, Decimal(3), "EUR", LAST, is_override=True)
        add_price(connection, euros, AT)
    assert shown(lake, state) == []
    _, missing = estimate_against_actual(lake, state, first=FIRST, last=LAST, as_of=None)
    assert missing == (("EUR", LAST),)


def test_the_rate_of_a_day(state: State) -> None:
    """The newest rate of the day or before holds, until it is forgotten; none is never 1."""
    rates = [DatedRate("USD", DAY, Decimal("1.3"), "odoo")]
    changed = [DatedRate("USD", DAY, Decimal("1.5"), "odoo")]
    with state.write() as connection:
        assert add_rates(connection, rates, AT) == 1
        assert add_rates(connection, rates, AT) == 0
        assert add_rates(connection, changed, LATER) == 1
        found, before = read_rates(connection), read_rates(connection, AT)

    on = [found.on("USD", day) for day in (DAY - timedelta(days=1), DAY, DAY + AGE_MAX)]
    assert [rate.rate if rate else None for rate in on] == [None, Decimal("1.5"), Decimal("1.5")]
    assert found.on("USD", DAY + AGE_MAX + timedelta(days=1)) is None
    assert found.on("EUR", DAY) is None
    then = before.on("USD", DAY)
    assert then is not None
    assert (then.rate, then.day, then.source) == (Decimal("1.3"), DAY, "odoo")
    given = FxRates({"USD": Decimal(2)}, found.dated).on("USD", DAY)
    assert given is not None
    assert (given.rate, given.day, given.source) == (Decimal(2), None, "given")


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"currency,date\nUSD,2026-01-01\n", "first line"),
        (b"currency,date,rate\nUSD,2026-01-01,1.3\nUSD,2026-13-01,1.3\n", "line 3"),
        (b"currency,date,rate\nUSD,2026-01-01,0\n", "line 2"),
        (b"currency,date,rate\nUSD,2026-01-01,=1\n", "line 2"),
        (b"currency,date,rate\nCAD,2026-01-01,2\n", "line 2"),
        (b"currency,date,rate\nUSD,2026-01-01,1\nUSD,2026-01-01,2\n", "two rates"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_faulty_rates(content: bytes, word: str) -> None:
    """A rates file with one faulty line is refused whole, and the line is named."""
    with pytest.raises(ValueError, match=word):
        rates_of_file(content, "rates.csv")


def test_rules_are_kept_as_they_were_written(state: State) -> None:
    """A rule read again is the rule that was added, in the order of positions."""
    targets = (Target("nexadesk", "a", Decimal("0.25")), Target("nexacloud", None, Decimal("0.5")))
    match = {"provider": "AWS", "tag:team": "desk"}
    last = CostRule("z", RuleKind.FIXED, DAY, match, targets, valid_until=LAST)
    first = CostRule("y", RuleKind.DIRECT, DAY, match, targets[:1], "tokens", position=1)
    with state.write() as connection:
        for rule in (last, first):
            add_rule(connection, rule, AT)
        assert cost_rules(connection) == [first, last]
        assert cost_rules(connection, AT - timedelta(days=1)) == []
