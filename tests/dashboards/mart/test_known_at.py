"""The figures as they were known at a time: what did not change since is not computed again."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from dashboards.costs.cost_store import append_costs
from dashboards.costs.estimates import CostPrice
from dashboards.costs.price_store import add_price
from dashboards.mart.cube import Cube
from dashboards.mart.month_parts import month_parts
from dashboards.mart.reading import cube_known_at
from storage.lake import Lake
from storage.lake_tables import RATED_LINE
from storage.state import State
from tests.dashboards.costs.charge_rows import a_batch, a_charge
from tests.dashboards.seed import MONTHS, NOW, open_seeded, rated_frame

LATE = NOW - timedelta(hours=4)
BEFORE, AFTER = LATE - timedelta(hours=1), LATE + timedelta(hours=1)
COST_MONTH, LINE_MONTH = MONTHS[-3], MONTHS[-1]


@pytest.fixture
def seeded(tmp_path: Path) -> Iterator[tuple[Lake, State]]:
    """Give the seeded house, where a cost of one month and a line of another came late."""
    lake, state = open_seeded(tmp_path)
    line = rated_frame().filter(pl.col("id") == "line-1-0-5-use").with_columns(
        id=pl.lit("late"), rated_at=pl.lit(LATE, RATED_LINE.polars_schema["rated_at"])
    )  # fmt: skip
    lake.append_unless(RATED_LINE, line, column="id", value="late")
    cost = a_charge(Decimal("7.25"), day=COST_MONTH, service="nexadesk", account_id="acct-01")
    append_costs(lake, a_batch(cost, at=LATE), at=LATE)
    yield lake, state
    lake.close()
    state.close()


def as_known(
    seeded: tuple[Lake, State], at: datetime, monkeypatch: pytest.MonkeyPatch
) -> tuple[Cube, list[date]]:
    """Return the figures of a time, and the months that were computed for them."""
    computed: list[date] = []

    def counted(lake: Lake, state: State, month: date, *rest: object, **more: object) -> object:
        if more.get("known_at") is not None:
            computed.append(month)
        return month_parts(lake, state, month, *rest, **more)  # type: ignore[arg-type] # as it came

    with monkeypatch.context() as patched:
        patched.setattr("dashboards.mart.reading.month_parts", counted)
        return cube_known_at(*seeded, at), computed


def from_nothing(seeded: tuple[Lake, State], at: datetime, monkeypatch: pytest.MonkeyPatch) -> Cube:
    """Return the figures of a time, every month computed for it."""
    with monkeypatch.context() as patched:
        patched.setattr("dashboards.mart.reading._unchanged_since", lambda *_: set())
        patched.setattr(Cube, "other_state", lambda _, name, cube: cube())
        return cube_known_at(*seeded, at)


def assert_same(one: Cube, other: Cube) -> None:
    """Hold two states of the figures against each other, row by row."""
    order = ["month", "service", "account_id", "metric_code", "plan_code", "provider"]
    for found, expected in ((one.parts, other.parts), (one.foreign, other.foreign)):
        keys = [name for name in order if name in found.columns]
        assert_frame_equal(found.sort(keys), expected.sort(keys), check_row_order=False)
    assert one.costs_to == other.costs_to


@pytest.mark.parametrize(
    ("at", "changed"), [(AFTER, []), (LATE, []), (BEFORE, [COST_MONTH, LINE_MONTH])]
)
def test_only_what_changed_since_is_computed(
    seeded: tuple[Lake, State],
    monkeypatch: pytest.MonkeyPatch,
    at: datetime,
    changed: list[date],
) -> None:
    """A month of which all was known by then is as it is now, and all months are as they were."""
    found, computed = as_known(seeded, at, monkeypatch)

    assert computed == changed
    assert_same(found, from_nothing(seeded, at, monkeypatch))


def test_an_estimate_asks_for_earlier_costs(
    seeded: tuple[Lake, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a price list, a cost that came late may change its month and every later one."""
    lake, state = seeded
    price = CostPrice("p", "Cloud", None, "nexadesk", "chats", Decimal(1), "CAD", MONTHS[0])
    with state.write() as connection:
        add_price(connection, price, BEFORE - timedelta(hours=1))
    found, computed = as_known((lake, state), BEFORE, monkeypatch)

    assert computed == list(MONTHS[MONTHS.index(COST_MONTH) :])
    assert_same(found, from_nothing((lake, state), BEFORE, monkeypatch))


def test_a_later_price_changes_every_month(
    seeded: tuple[Lake, State], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was known before a rule, a price or a rate came is computed without it."""
    lake, state = seeded
    price = CostPrice("p", "Cloud", None, "nexadesk", "chats", Decimal(1), "CAD", MONTHS[0])
    with state.write() as connection:
        add_price(connection, price, AFTER + timedelta(minutes=1))
    found, computed = as_known((lake, state), AFTER, monkeypatch)

    assert computed == list(MONTHS)
    assert_same(found, from_nothing((lake, state), AFTER, monkeypatch))
