"""Whatever two engines count differently is found, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from msgspec import structs

from aggregation import second_engine_question
from aggregation.aggregator import quantities
from aggregation.quantity import GroupQuantity, Quantity, UsageWindow
from aggregation.second_engine_sql import second_engine_sql
from catalog.billable_metrics import AggregationType, CounterSemantics
from rating.second_opinion import disagreements
from tests.aggregation.makers import (
    EVERYTHING,
    Row,
    a_metric,
    a_push,
    a_revision,
    a_window,
    an_event,
    frame,
    revisions,
)
from tests.aggregation.sql_world import by_sql

DAY = 86_400
ONE = Quantity(
    units=Decimal("1.5"),
    events_count=2,
    full_units=Decimal(3),
    total_aggregated_units=Decimal(4),
    precise_total_amount_cents=Decimal(5),
)
GROUPED = structs.replace(
    ONE, groups=(GroupQuantity((None, "a"), ONE), GroupQuantity(("b", "a"), structs.replace(ONE)))
)
WINDOW = a_window(a_metric())


def found(first: Quantity, second: Quantity) -> list[tuple[object, ...]]:
    """Return number, both values and group of each disagreement."""
    told = disagreements([WINDOW], {"window": first}, {"window": second})
    return [(each.number, each.first, each.second, each.group) for each in told]


def test_the_same_numbers_are_no_disagreement() -> None:
    """Equal numbers agree however written, said or not; events' values and digests say nothing."""
    written = structs.replace(
        ONE, units=Decimal("1.500"), inputs_digest="x", event_values=(Decimal(1),)
    )
    plain = Quantity(Decimal(2), 2)
    said = structs.replace(
        plain,
        full_units=Decimal(2),
        total_aggregated_units=Decimal(2),
        precise_total_amount_cents=Decimal(0),
    )

    assert found(ONE, written) == []
    assert found(plain, said) == []
    assert found(GROUPED, structs.replace(GROUPED, groups=GROUPED.groups[::-1])) == []


@pytest.mark.parametrize(
    ("field", "number"),
    [
        ("units", "units"),
        ("events_count", "events"),
        ("full_units", "full units"),
        ("total_aggregated_units", "total units"),
        ("precise_total_amount_cents", "named cents"),
    ],
)
def test_each_number_is_compared(field: str, number: str) -> None:
    """The smallest step in one number, of the whole or of one group, is told with both values."""
    value = getattr(ONE, field)
    step = 1 if field == "events_count" else Decimal("1E-20")
    changes: dict[str, Any] = {field: value + step}
    group = GroupQuantity(("b", "a"), structs.replace(ONE, **changes))

    assert found(ONE, structs.replace(ONE, **changes)) == [(number, value, value + step, ())]
    assert found(GROUPED, structs.replace(GROUPED, groups=(GROUPED.groups[0], group))) == [
        (number, value, value + step, ("b", "a"))
    ]


def test_what_one_engine_did_not_find_is_told() -> None:
    """A group or a window that only one engine answers has no number on the other side."""
    told = found(GROUPED, structs.replace(GROUPED, groups=GROUPED.groups[:1]))
    missing = disagreements([WINDOW], {"window": ONE}, {})

    assert {(first is None, second is None, group) for _, first, second, group in told} == {
        (False, True, ("b", "a"))
    }
    assert {each.window.key for each in missing} == {WINDOW.key}
    assert "units is 1.5 by the first engine, None by the second" in str(missing[-1])
    assert "subscription sub-1, metric tokens, 2026-11-01" in str(missing[0])


def usage() -> tuple[list[Row], list[Row]]:
    """Return usage in which each rule decides something."""
    events = [
        an_event(
            number,
            seconds,
            Decimal(value),
            value_text=text,
            operation_type=operation,
            properties=properties,
        )
        for number, (seconds, value, text, operation, properties) in enumerate(
            [
                (-DAY, 3, "a", "add", '{"model":"m"}'),
                (0, 2, "a", "remove", '{"model":1.0}'),
                (60, 7, "a", "add", '{"model":"1.0"}'),
                (15 * DAY, -1, "b", "add", '{"model":null}'),
                (16 * DAY, 1, "c", "add", "{}"),
                (16 * DAY, 5, "c", "remove", "{}"),
                (30 * DAY, 50, "d", "add", '{"model":"m"}'),
            ]
        )
    ]
    facts = [
        a_revision(20, 4, 16 * DAY, Decimal(9), value_text="c"),
        a_revision(21, 4, 14 * DAY, Decimal(4), value_text="c", properties='{"model":null}'),
        a_revision(22, 3, 15 * DAY, Decimal(0), is_void=True),
        a_push(30, None, -60, Decimal(5)),
        a_push(31, None, 60, Decimal(8)),
        a_push(32, None, 120, Decimal(2)),
    ]
    return events, facts


def windows() -> list[UsageWindow]:
    """Return windows of every kind, grouped and not, carried and not, prorated where it may be."""
    asked = []
    for kind in AggregationType:
        may_recur = kind in (
            AggregationType.SUM, AggregationType.UNIQUE_COUNT, AggregationType.WEIGHTED_SUM
        )  # fmt: skip
        is_fed = kind in (AggregationType.COUNT, AggregationType.SUM)
        semantics = CounterSemantics.CUMULATIVE if is_fed else None
        metric = a_metric(kind, counter_semantics=semantics)
        plain = structs.replace(a_window(metric), period_days=30)
        asked += [plain, structs.replace(plain, group_keys=("model",))]
        if may_recur:
            asked.append(structs.replace(plain, metric=replace(metric, recurring=True)))
        if may_recur and kind is not AggregationType.WEIGHTED_SUM:
            asked.append(structs.replace(asked[-1], is_prorated=True))
    asked.append(structs.replace(asked[0], end=asked[0].end + timedelta(days=1)))
    return [structs.replace(window, key=str(number)) for number, window in enumerate(asked)]


def disputes(events: list[Row], facts: list[Row]) -> int:
    """Return how many windows are disputed when the first engine is given these rows."""
    asked = windows()
    first = quantities(frame(events), asked, EVERYTHING, revisions(facts))
    real_events, real_facts = usage()
    second = by_sql(real_events, asked, real_facts)
    return len({each.window.key for each in disagreements(asked, first, second)})


def test_engines_without_a_fault_agree() -> None:
    """Of usage in which every rule decides something, both engines count the same."""
    assert disputes(*usage()) == 0


@pytest.mark.parametrize("number", range(7))
def test_a_row_lost_by_the_first_engine_is_seen(number: int) -> None:
    """Each event that is read by one engine alone is disputed, unless it never counted."""
    events, facts = usage()
    is_replaced = number in (3, 4)

    assert (disputes([*events[:number], *events[number + 1 :]], facts) == 0) is is_replaced


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_a_correction_lost_by_the_first_engine_is_seen(number: int) -> None:
    """Each newest correction, and each reading, that is read by one engine alone is disputed."""
    events, facts = usage()

    assert disputes(events, [*facts[:number], *facts[number + 1 :]]) > 0


def test_a_fault_of_the_first_engine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polars engine that takes the oldest row of a fact for the newest is disputed."""

    def oldest_facts(revision: pl.LazyFrame) -> pl.LazyFrame:
        return revision.sort("inbox_id").unique(["fact_id"], keep="first", maintain_order=True)

    monkeypatch.setattr("aggregation.counted_rows.newest_facts", oldest_facts)

    assert disputes(*usage()) > 0


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("countable.occurred_at < asked.end_at", "countable.occurred_at <= asked.end_at"),
        ("OR countable.occurred_at >= asked", "OR countable.occurred_at > asked"),
        ("inbox_id DESC, sequence DESC", "inbox_id, sequence"),
        ("WHERE NOT is_void", "WHERE true"),
        ("'e:' || usage", "'x:' || usage"),
        ("AND countable.value >= countable.reading_before", ""),
        ("nullif(text, 'null')", "text"),
        ("lead(epoch_us(since), 1, until_us)", "lead(epoch_us(since), 1, until_us - 1)"),
        ("- is_day_counted::INTEGER", ""),
        ("ELSE window_days END", "ELSE window_days - 1 END"),
        ("(operation = 'add')", "(operation = 'remove')"),
        ("max(amount)::VARCHAR, count(*)", "max(amount)::VARCHAR, count(*) + 1"),
        ("row(occurred_at, inbox_id, sequence))::VARCHAR", "row(inbox_id, occurred_at))::VARCHAR"),
    ],
)
def test_a_fault_of_the_second_engine_is_seen(
    monkeypatch: pytest.MonkeyPatch, right: str, wrong: str
) -> None:
    """A wrong bound, order, default or weight in the SQL is disputed."""

    def faulty(methods: set[str], *, reads_properties: bool) -> str:
        sql = second_engine_sql(methods, reads_properties=reads_properties)
        assert right in sql
        return sql.replace(right, wrong)

    monkeypatch.setattr(second_engine_question, "second_engine_sql", faulty)

    assert disputes(*usage()) > 0
