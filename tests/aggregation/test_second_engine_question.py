"""How the second engine is asked: bounds, watermarks, digits, and what it refuses."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from unittest.mock import Mock

import pytest
from msgspec import structs

from aggregation import second_engine
from aggregation.second_engine import second_quantities
from aggregation.second_engine_question import method_of, second_question
from aggregation.second_engine_sql import second_engine_steps
from catalog.billable_metrics import AggregationType
from ingest.watermark import Watermark
from storage.lake import Lake
from storage.lake_query import lake_answer
from storage.lake_tables import REVISION, USAGE
from tests.aggregation.makers import (
    START,
    a_revision,
    an_event,
    frame,
    revisions,
)
from tests.aggregation.sql_world import EVERYTHING_SEEN, by_sql, counted, levels, of_kind, relation

KINDS = list(AggregationType)


def test_a_watermark_bounds_each_shard() -> None:
    """Rows count up to their own shard's mark; a shard without a mark is not seen."""
    rows = [an_event(n, n, 10**n, shard=n % 3, inbox_id=n) for n in range(6)]

    quantity = counted(rows, of_kind(AggregationType.SUM), seen=Watermark(((0, 9), (1, 2))))

    assert quantity.units == 1011


def test_named_amounts_add_up() -> None:
    """What events name themselves is summed to the last digit, as written."""
    rows = [
        an_event(1, 0, 1, precise_total_amount_cents="12.000000000001"),
        an_event(2, 0, 1, precise_total_amount_cents="99999999999999999999999999"),
        an_event(3, 0, 1),
    ]

    quantity = counted(rows, of_kind(AggregationType.SUM))

    assert quantity.precise_total_amount_cents == Decimal(
        "100000000000000000000000011.000000000001"
    )


@pytest.mark.parametrize("kind", [AggregationType.SUM, AggregationType.WEIGHTED_SUM])
def test_38_digits_stay_exact(kind: AggregationType) -> None:
    """The largest values and the smallest step are weighed without losing a digit."""
    most, less = (Decimal("9" * 26 + "." + "9" * 11 + last) for last in "98")
    rows = [
        an_event(n, 0, value)
        for n, value in enumerate([most, Decimal("-0.000000000001"), Decimal(f"-{most}")])
    ]
    for is_prorated in (False, kind is AggregationType.SUM):
        window = of_kind(kind, recurring=True, is_prorated=is_prorated)

        quantity = counted(rows[:2], window)

        # A prorated sum is rounded up at five decimals.
        assert quantity.units == (10**26 if is_prorated else less)
        assert quantity.units_before_proration == less
        assert counted(rows, window).units == (0 if is_prorated else Decimal("-1E-12"))


def test_nothing_is_a_float() -> None:
    """Neither a column of the answer, nor a step of the plan, is a DOUBLE or FLOAT."""
    windows = [
        structs.replace(
            of_kind(kind), key=str(number), is_prorated=is_prorated, group_keys=group_keys
        )
        for number, (kind, is_prorated, group_keys) in enumerate(
            product(KINDS, (False, True), ((), ("model",)))
        )
        if not is_prorated or kind in (AggregationType.SUM, AggregationType.UNIQUE_COUNT)
    ]
    counted(levels(1, 2), windows[0])
    asked = second_question(windows, EVERYTHING_SEEN)

    steps = second_engine_steps({method_of(window) for window in windows}, reads_properties=True)
    columns = {str(kind) for kind in relation(asked).types}
    for step in ("fact", "plain_event", "with_members", "readable", "counted", "changes", "spans"):
        sql = f"{steps} SELECT * FROM {step}"  # noqa: S608 - names of our own
        used = {name: value for name, value in asked.parameters.items() if f"${name}" in sql}
        found = relation(replace(asked, sql=sql, parameters=used))
        columns |= {str(kind) for kind in found.types}
    plan = "".join(str(row) for row in relation(asked, "EXPLAIN (FORMAT json) ").fetchall())

    assert "HUGEINT" in plan
    assert not [kind for kind in columns if "DOUBLE" in kind or "FLOAT" in kind]
    assert "DOUBLE" not in plan
    assert "FLOAT" not in plan


@pytest.mark.parametrize(("together", "statements"), [(2 * len(KINDS), 1), (11, len(KINDS))])
def test_a_lake_is_asked_at_its_watermark(
    together: int, statements: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lake, asked in one statement or one a method, counts as a plain database, no later rows."""
    asked = Mock(wraps=lake_answer)
    monkeypatch.setattr(second_engine, "ASKED_TOGETHER_MAX", together)
    monkeypatch.setattr(second_engine, "lake_answer", asked)
    lake = Lake(tmp_path)
    events, facts = (
        levels(1, 10, 100),
        [a_revision(4, 2, 0, Decimal(20)), a_revision(9, 1, 0, Decimal(7))],
    )
    frames = {USAGE: frame(events).collect(), REVISION: revisions(facts).collect()}
    lake.append_once("usage_0", 0, 9, frames)
    windows = [
        structs.replace(
            of_kind(kind), key=f"{kind} {later}", start=START + later * timedelta(days=1)
        )
        for later, kind in product((0, 1), KINDS)
    ]
    seen = Watermark(((0, 8),))

    found = second_quantities(lake, windows, seen)

    assert found == by_sql(events, windows, facts, seen)
    assert found["sum_agg 0"].units == 121
    assert found["sum_agg 1"].units == 100
    assert asked.call_count == statements
    assert second_quantities(lake, [], seen) == {}
    lake.close()


@pytest.mark.parametrize("kind", [AggregationType.MAX, AggregationType.WEIGHTED_SUM])
def test_what_makes_no_sense_is_refused(kind: AggregationType) -> None:
    """A level can't be prorated, and a share needs the days it is a share of."""
    with pytest.raises(ValueError, match="can't be prorated"):
        counted([], of_kind(kind, is_prorated=True))
    with pytest.raises(ValueError, match="days of the whole period"):
        counted([], of_kind(AggregationType.WEIGHTED_SUM, period_days=0))


def test_bounds_are_half_open_to_the_microsecond() -> None:
    """An event at the start counts, one a microsecond before the end counts, one at it does not."""
    window = of_kind(AggregationType.SUM)
    instants = [START - timedelta(microseconds=1), START, window.end - timedelta(microseconds=1)]
    rows = [
        an_event(n, 0, 10**n, occurred_at=instant)
        for n, instant in enumerate([*instants, window.end])
    ]

    # A longer window beside it reads further, and changes nothing.
    longer = structs.replace(window, key="longer", end=window.end + timedelta(days=1))

    assert counted(rows, window).units == 110
    assert by_sql(rows, [window, longer])["window"].units == 110
